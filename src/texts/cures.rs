//! Remedies in words, and why one is better than another.

pub(crate) fn advice(advice: &str) -> String {
    if advice.is_empty() { "Look closer.".to_owned() } else { advice.to_owned() }
}

pub(crate) fn why_look() -> String {
    "it only looks".to_owned()
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
