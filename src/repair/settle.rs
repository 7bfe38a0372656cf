//! How long a workload has to run after a repair before it counts: longer than it lasted before. Pure.

use super::pods::{End, ends};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// Where nothing ended lately.
const CALM: TimeDelta = TimeDelta::seconds(5);
/// At least, where something did.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);
/// Nobody waits longer.
const LONGEST: TimeDelta = TimeDelta::minutes(10);
/// What ended longer ago says nothing about now: the checks do not call it news either.
const LATELY: TimeDelta = TimeDelta::days(1);

/// The longest of the last runs that ended lately.
pub(super) fn longest_run(pods: &[Value], now: DateTime<Utc>) -> Option<TimeDelta> {
    let lately = |end: &End| now - end.at <= LATELY;
    pods.iter().flat_map(ends).filter(lately).map(|end| end.ran).max()
}

/// So long everything has to run without an end.
pub(super) fn settle(longest_run: Option<TimeDelta>) -> TimeDelta {
    longest_run.map_or(CALM, |run| half_more(run).clamp(SHORTEST, LONGEST))
}

/// Whether nobody waits for as long as it lasted before: it may look well, and prove nothing.
pub(super) fn is_too_long_to_wait_for(longest_run: TimeDelta) -> bool {
    longest_run >= LONGEST
}

fn half_more(run: TimeDelta) -> TimeDelta {
    run.checked_add(&(run / 2)).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{is_too_long_to_wait_for, longest_run, settle};
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn pod(last: &Value) -> Value {
        json!({"status": {"containerStatuses": [{"lastState": {"terminated": last}}]}})
    }

    fn run(started: &str, finished: &str) -> Value {
        json!({"reason": "OOMKilled", "startedAt": started, "finishedAt": finished})
    }

    #[test]
    fn what_ended_has_to_run_longer_than_it_did_before() {
        let seconds = TimeDelta::seconds;
        for (before, wait) in [
            (None, 5),
            (Some(seconds(0)), 60),
            (Some(seconds(3)), 60),
            (Some(seconds(45)), 67),
            (Some(seconds(300)), 450),
            (Some(seconds(3_600)), 600),
            (Some(TimeDelta::MAX), 600),
        ] {
            assert_eq!(settle(before).num_seconds(), wait, "{before:?}");
            assert!(before.is_none_or(|run| is_too_long_to_wait_for(run) || settle(before) > run), "{before:?}");
        }
    }

    #[test]
    fn the_longest_of_the_last_runs_counts_where_it_ended_lately_and_by_itself() {
        let now = at("2026-11-23T09:00:00Z");
        let short = pod(&run("2026-11-23T08:50:00Z", "2026-11-23T08:50:03Z"));
        let long = pod(&run("2026-11-23T08:40:00Z", "2026-11-23T08:40:45Z"));
        let never = pod(&run("1970-01-01T00:00:00Z", "2026-11-23T08:40:45Z"));
        let old = pod(&run("2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z"));
        let mut lost = run("2026-10-23T08:50:00Z", "2026-11-23T08:50:00Z");
        lost["reason"] = json!("Unknown");
        let lost = pod(&lost);
        let fine = json!({"status": {"containerStatuses": [{"state": {"running": {"startedAt": "2026-11-23T08:00:00Z"}}}],
            "initContainerStatuses": [{"state": {"terminated": run("2026-11-23T07:00:00Z", "2026-11-23T07:59:00Z")}}]}});
        for (pods, seconds) in [(vec![short, long], Some(45)), (vec![never], Some(0)), (vec![old, lost, fine], None)] {
            assert_eq!(longest_run(&pods, now).map(|run| run.num_seconds()), seconds, "{pods:?}");
        }
        let over = json!({"status": {"containerStatuses": [
            {"state": {"terminated": run("2026-11-23T08:59:00Z", "2026-11-23T08:59:20Z")}}]}});
        assert_eq!(longest_run(&[over], now), Some(TimeDelta::seconds(20)));
    }
}
