//! How often each container had restarted: a spike is a difference, not a total.

use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often each container had restarted, for the next inspection to compare with. What never restarted is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RestartCounts(BTreeMap<String, i32>);

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

    pub(super) fn get(&self, pod_uid: &str, container: &str) -> i32 {
        self.0.get(&key(pod_uid, container)).copied().unwrap_or_default()
    }
}

fn key(pod_uid: &str, container: &str) -> String {
    format!("{pod_uid}/{container}")
}

#[cfg(test)]
mod tests {
    use super::RestartCounts;

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
}
