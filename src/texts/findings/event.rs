//! Titles about warnings.

use super::{brief, few};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn unexplained(reason: &str, count: i64, lasts: TimeDelta, message: &str, others: &[&str]) -> String {
    let times = match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    };
    let most = format!("{reason}, {times} in {}: {}", time::span(lasts), brief(message));
    if others.is_empty() { most } else { format!("{most}; also {}", few(others)) }
}
