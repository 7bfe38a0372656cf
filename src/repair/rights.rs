//! What the requests of the catalogue need to be allowed.

use super::{
    action::{ActionKind, Kind},
    request::Verb,
};
use std::collections::BTreeSet;

/// The verb, group and resource of every request that this action can be.
pub fn writes(action: ActionKind) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let kinds = Kind::ALL.into_iter().filter(move |kind| action.fits(*kind));
    kinds.map(move |kind| (Verb::of(action).name(), kind.group(), kind.plural()))
}

/// The group and resource of the lists that planning these actions reads: where earlier templates are kept.
pub fn reads(actions: &BTreeSet<ActionKind>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let undo = actions.contains(&ActionKind::UndoRollout);
    let kinds = Kind::ALL.into_iter().filter(move |kind| undo && ActionKind::UndoRollout.fits(*kind));
    let lists: BTreeSet<(&str, &str)> = kinds.filter_map(|kind| Some((kind.group(), kind.revisions()?))).collect();
    lists.into_iter()
}
