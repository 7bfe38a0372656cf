//! Titles about Jobs and CronJobs.

use super::brief;
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) use crate::texts::time::span;

pub(crate) fn never() -> String {
    "never".to_owned()
}

/// The time that came and went.
pub(crate) fn was_due() -> String {
    "was due".to_owned()
}

/// The name of the fact how long runs take.
pub(crate) fn usual() -> String {
    "usual duration".to_owned()
}

fn pods(failed: i32) -> String {
    if failed == 1 { "1 pod of it has failed".to_owned() } else { format!("{failed} pods of it have failed") }
}

pub(crate) fn retrying(failed: i32, limit: Option<i32>) -> String {
    match limit {
        Some(limit) => format!("{}, it tries again (at most {limit} times)", pods(failed)),
        None => format!("{}, it tries again", pods(failed)),
    }
}

pub(crate) fn suspended(age: TimeDelta) -> String {
    format!("it is suspended for {}", time::span(age))
}

pub(crate) fn long_running(age: TimeDelta, usual: Option<TimeDelta>, overdue: bool) -> String {
    let runs = format!("it runs for {}", time::span(age));
    match (overdue, usual) {
        (true, _) => format!("{runs}, past its own deadline"),
        (false, Some(usual)) => format!("{runs}; usually it takes {}", time::span(usual)),
        (false, None) => runs,
    }
}

pub(crate) fn finished_pile_up(count: usize) -> String {
    format!("{count} finished Jobs are kept that nobody deletes")
}

pub(crate) fn cron_suspended(last: Option<TimeDelta>) -> String {
    match last {
        Some(last) => format!("it is suspended; its last run was {} ago", time::span(last)),
        None => "it is suspended and has never run".to_owned(),
    }
}

pub(crate) fn never_succeeded(age: TimeDelta) -> String {
    format!("it has not succeeded once since it was made {} ago", time::span(age))
}

pub(crate) fn missed_schedule(last: Option<TimeDelta>, kept_away: bool) -> String {
    let missed = match last {
        Some(last) => format!("it was due again and did not run; its last run began {} ago", time::span(last)),
        None => "it was due and has never run".to_owned(),
    };
    if kept_away { format!("{missed} and has not ended") } else { missed }
}

pub(crate) fn success_stale(age: TimeDelta) -> String {
    format!("it has not succeeded for {}, several runs in a row", time::span(age))
}

pub(crate) fn skipped() -> String {
    "runs are skipped because the one before has not ended".to_owned()
}

pub(crate) fn overlap(active: usize) -> String {
    format!("{active} runs of it are active at once")
}

pub(crate) fn warning_event(message: &str) -> String {
    brief(message)
}
