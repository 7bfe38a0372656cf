//! Remedies in words, and why one is better than another.

use crate::diagnosis::Proposed;
use crate::finding::{ActionHint, Effect, Finding, Remedy, RemedyKind};
use contract::Span;

/// A remedy of a list: what to do, and with which command, or why.
pub(crate) fn remedy(remedy: &Remedy) -> Vec<Span> {
    let title = Span::Plain(remedy.title.clone());
    match (&remedy.what, &remedy.why) {
        (RemedyKind::Command(command), _) => vec![title, Span::Plain(" ".to_owned()), Span::Code(command.clone())],
        (RemedyKind::Action(_), Some(why)) => vec![title, Span::Muted(format!(" ({why})"))],
        (RemedyKind::Action(_), None) => vec![title],
    }
}

/// What the button of a change says, with the finding's number where several are shown.
pub fn button(change: &Proposed<'_>, number: Option<usize>) -> String {
    let number = number.map_or_else(String::new, |number| format!(" {number}"));
    let what = match (change.effect, change.action) {
        (Effect::Cures, _) => return format!("Fix{number}…"),
        (Effect::Relieves, ActionHint::RestartRollout { .. }) => "Restart",
        (Effect::Relieves, ActionHint::UndoRollout { .. }) => "Undo",
        (Effect::Relieves, ActionHint::Scale { .. }) => "Scale",
        (Effect::Relieves, ActionHint::DeletePod { .. }) => "Delete pod",
    };
    format!("{what}{number} anyway…")
}

/// Why it is proposed, for the card: what a chain of causes says for it, or else what is wrong.
pub fn reason(change: &Proposed<'_>, finding: &Finding) -> String {
    format!("{}.", change.why.unwrap_or(&finding.title))
}

pub(crate) fn advice(advice: &str) -> String {
    if advice.is_empty() { "Look closer.".to_owned() } else { advice.to_owned() }
}

pub(crate) fn undo(revision: i64) -> String {
    format!("Undo the rollout: back to revision {revision}")
}

pub(crate) fn why_undo(revision: i64, serves: bool, change: Option<(&str, &str)>) -> String {
    let what = match change {
        Some((old, new)) => format!("the trouble came with image {new}; revision {revision} has {old}"),
        None => format!("the trouble came with the current revision; {revision} is the one before"),
    };
    if serves { format!("{what}, and its pods still serve") } else { what }
}

pub(crate) fn restart() -> String {
    "Restart the rollout: new pods from the same template".to_owned()
}

pub(crate) fn restart_after_oom() -> String {
    "Restart the rollout, which only buys time".to_owned()
}

pub(crate) fn why_restart() -> String {
    "helps only if what it needs was missing when it started and is there now".to_owned()
}

pub(crate) fn why_restart_after_oom() -> String {
    "only buys time: the memory fills again under the same load".to_owned()
}

pub(crate) fn delete_pod(name: &str) -> String {
    format!("Delete pod {name}, so that a new one is made")
}

pub(crate) fn why_delete_pod(others: usize) -> String {
    match others {
        1 => "only this pod is ill, the other one stays untouched".to_owned(),
        others => format!("only this pod is ill, the other {others} stay untouched"),
    }
}

pub(crate) fn scale(name: &str, replicas: i32) -> String {
    format!("Scale {name} to {replicas}")
}

pub(crate) fn why_fewer(asked: i32) -> String {
    format!("it stops asking for {asked} replicas that cannot be; it cures nothing else")
}
