//! How often each container had restarted: a spike is a difference, not a total.

use crate::snapshot::{Snapshot, Uid};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often each container had restarted, for the next inspection to compare with. What never restarted is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RestartCounts(BTreeMap<String, i32>);

/// How often a container restarted since the last inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restarted {
    /// Its count then.
    pub before: i32,
    /// What was added.
    pub more: i32,
    /// In which time, where that is known.
    pub within: Option<TimeDelta>,
}

impl Restarted {
    /// Whether it is so often: `least` times between two inspections, or, if the last one is long ago, as often within
    /// the window.
    pub fn reaches(&self, least: i32, window: TimeDelta) -> bool {
        let windows = |within: TimeDelta| within.num_seconds() as f64 / window.num_seconds().max(1) as f64;
        let times = self.within.map_or(1.0, windows).max(1.0);
        f64::from(self.more) >= f64::from(least) * times
    }
}

impl RestartCounts {
    /// The counts of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut counts = BTreeMap::new();
        for pod in &snapshot.pods {
            for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
                if status.restart_count > 0 {
                    counts.insert(key(&pod.meta.uid, &status.name), status.restart_count);
                }
            }
        }
        Self(counts)
    }

    /// How many restarts lie between an earlier count and this one, all containers together.
    pub fn since(&self, before: &Self) -> u64 {
        let more = |(key, count): (&String, &i32)| count - before.0.get(key).copied().unwrap_or_default();
        self.0.iter().map(more).map(|more| u64::try_from(more).unwrap_or_default()).sum()
    }

    pub(super) fn get(&self, pod: &Uid, container: &str) -> i32 {
        self.0.get(&key(pod, container)).copied().unwrap_or_default()
    }
}

fn key(pod: &Uid, container: &str) -> String {
    format!("{pod}/{container}")
}

#[cfg(test)]
mod tests {
    use super::{RestartCounts, Restarted};
    use chrono::TimeDelta;

    fn counts(counts: &[(&str, i32)]) -> RestartCounts {
        RestartCounts(counts.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect())
    }

    #[test]
    fn only_what_was_added_since_then_counts() {
        let before = counts(&[("a/app", 40), ("gone/app", 7), ("reset/app", 9)]);
        let now = counts(&[("a/app", 42), ("new/app", 3), ("reset/app", 1)]);
        assert_eq!(now.since(&before), 5);
        assert_eq!(now.since(&now), 0);
    }

    #[test]
    fn after_a_long_pause_the_rate_counts_and_not_the_sum() {
        let restarted = |more, hours: i64| Restarted { before: 40, more, within: Some(TimeDelta::hours(hours)) };
        let day = TimeDelta::hours(24);
        for (more, hours, often) in [(3, 1, true), (2, 1, false), (3, 24, true), (3, 168, false), (21, 168, true)] {
            assert_eq!(restarted(more, hours).reaches(3, day), often, "{more} in {hours}h");
        }
        assert!(Restarted { within: None, ..restarted(3, 1) }.reaches(3, day));
    }
}
