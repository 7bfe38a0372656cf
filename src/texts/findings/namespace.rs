//! Titles about namespaces, and about objects that outlive their deletion or their owner.

use super::{brief, few, verb};
use crate::texts::time;
use chrono::TimeDelta;

/// `said` is the condition that tells why, and its message.
pub(crate) fn terminating_stuck(age: TimeDelta, said: Option<(&str, &str)>) -> String {
    let stays = format!("it was deleted {} ago and stays", time::span(age));
    let Some((condition, message)) = said else { return format!("{stays}, without a word why") };
    let why = match condition {
        "NamespaceDeletionDiscoveryFailure" => "an API that may have objects in it does not answer",
        "NamespaceDeletionGroupVersionParsingFailure" => "an API names its versions in a form that nobody can read",
        "NamespaceDeletionContentFailure" => "something in it cannot be deleted",
        "NamespaceFinalizersRemaining" => "objects in it wait for their finalizers",
        _ => "it is not empty yet",
    };
    format!("{stays}: {why} ({})", brief(message))
}

pub(crate) fn empty(days: i64) -> String {
    format!("nothing runs in it, and nothing was put into it for {days} days")
}

pub(crate) fn no_quota() -> String {
    "nothing limits what is used in it: it has neither a quota nor a limit range".to_owned()
}

pub(crate) fn no_pod_security() -> String {
    "it sets no level of pod security".to_owned()
}

pub(crate) fn finalizer_stuck(age: TimeDelta, finalizers: &[&str]) -> String {
    let noun = verb(finalizers.len(), "finalizer", "finalizers");
    format!("it was deleted {} ago and stays: {noun} {}", time::span(age), few(finalizers))
}

pub(crate) fn owner_missing(count: usize, another: bool) -> String {
    let objects = if count == 1 { "an object".to_owned() } else { format!("{count} objects") };
    let belongs = verb(count, "belongs", "belong");
    if another {
        format!("{objects} {belongs} to one of this name that is gone; there is a new one")
    } else {
        format!("it is gone, and {objects} that {belongs} to it {} still there", verb(count, "is", "are"))
    }
}
