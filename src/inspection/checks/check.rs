//! One check: its row in the table, and what it reads.

use super::scene::{Draft, Scene};
use crate::finding::{CheckId, Severity};
use crate::report::CheckSet;
use crate::snapshot::Resource;

/// One row of the table.
#[derive(Debug)]
pub struct Check {
    /// `kind/slug`.
    pub id: CheckId,
    /// The kind that it looks at, by the catalogue.
    pub kind: &'static str,
    /// The usual severity; a finding can be above or below it.
    pub severity: Severity,
    /// When it runs.
    pub set: Set,
    /// The lists that it reads, and what for.
    pub data: &'static [(Resource, Role)],
    /// The age or number from which on it reports, for people; None where the condition has none.
    pub gate: Option<&'static str>,
    /// What it means for whom.
    pub means: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// Finds it.
    pub find: fn(&Scene<'_>) -> Vec<Draft>,
}

/// What a check reads a list for, which decides what an incomplete list does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It looks at each object: it reports what has arrived, and calls nothing resolved.
    Walked,
    /// It concludes from what is not in the list: without the whole list it does not run.
    Complete,
    /// It concludes from what is not in the list, for a part of its work: without the whole list, that part is left out.
    Part,
    /// Names and causes: it says less without them.
    Detail,
}

/// The catalogue's sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// What can hurt users soon: for every day.
    Daily,
    /// Order and prevention: weekly, or on request.
    Hygiene,
    /// For every day, where a source beside the API server's lists is configured or found.
    Extra,
}

impl Set {
    /// Whether a check of this set runs when that one is asked for.
    pub fn is_in(self, asked: CheckSet) -> bool {
        match self {
            Self::Daily | Self::Extra => asked != CheckSet::Hygiene,
            Self::Hygiene => asked != CheckSet::Daily,
        }
    }
}

/// What every row is written with.
pub(super) mod row {
    pub(in crate::inspection::checks) use super::{
        Check,
        Role::{Complete, Detail, Part, Walked},
        Set,
    };
    pub(in crate::inspection::checks) use crate::finding::CheckId;
}
