//! The days of a cluster in figures: small enough to keep for a year, and all that a picture of the trend needs.

use super::memory::Memory;
use super::series::{bytes, millis};
use crate::finding::Severity;
use crate::report::Report;
use crate::snapshot::{Pod, Snapshot};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The figures of a cluster, the oldest day first. Days without an inspection are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// The cluster's name.
    pub cluster: String,
    /// Its days.
    pub days: Vec<Day>,
}

/// One day: as its last inspection left it, and what happened until then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// In UTC.
    pub date: NaiveDate,
    /// How often the cluster was inspected.
    pub inspections: u32,
    /// The score of the last inspection.
    pub score: u8,
    /// The lowest score of the day.
    pub lowest_score: u8,
    /// Roots by severity, at the last inspection.
    pub roots: BTreeMap<Severity, usize>,
    /// Roots that the last inspection kept out: acknowledged, snoozed, muted, ignored.
    pub kept_out: usize,
    /// Roots that were new that day.
    pub new: usize,
    /// Roots that were resolved that day.
    pub resolved: usize,
    /// Restarts of containers that were counted that day, from one inspection to the next.
    pub restarts: u64,
    /// How large the cluster was, at the last inspection.
    pub capacity: Capacity,
}

/// What a cluster has, and what is asked of it. Millicores and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capacity {
    /// Nodes.
    pub nodes: u64,
    /// Pods that run or are to run.
    pub pods: u64,
    /// CPU that pods can have.
    pub cpu: u64,
    /// CPU that pods have requested.
    pub cpu_requested: u64,
    /// Memory that pods can have.
    pub memory: u64,
    /// Memory that pods have requested.
    pub memory_requested: u64,
}

impl Day {
    /// The figures of one report.
    pub fn of(report: &Report) -> Self {
        let mut roots: BTreeMap<Severity, usize> = BTreeMap::new();
        for tree in report.trees() {
            *roots.entry(tree.severity).or_default() += 1;
        }
        Self {
            date: report.taken_at.date_naive(),
            inspections: 1,
            score: report.score,
            lowest_score: report.score,
            roots,
            kept_out: report.kept_out_counts().values().sum(),
            new: report.changes.new,
            resolved: report.changes.resolved.len(),
            restarts: 0,
            capacity: Capacity::default(),
        }
    }

    /// With what the cluster showed: its size, and the restarts since what was remembered until then.
    #[must_use]
    pub fn measured(self, snapshot: &Snapshot, before: Option<&Memory>, now: &Memory) -> Self {
        let counted = before.and_then(|before| before.restarts.as_ref()).zip(now.restarts.as_ref());
        let restarts = counted.map_or(0, |(before, now)| now.since(before));
        Self { restarts, capacity: Capacity::of(snapshot), ..self }
    }

    /// The same day after one more inspection.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            inspections: self.inspections + later.inspections,
            lowest_score: self.lowest_score.min(later.lowest_score),
            new: self.new + later.new,
            resolved: self.resolved + later.resolved,
            restarts: self.restarts + later.restarts,
            ..later
        }
    }
}

impl Capacity {
    /// What a snapshot shows.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut capacity = Self { nodes: snapshot.nodes.len() as u64, ..Self::default() };
        for node in &snapshot.nodes {
            capacity.cpu += millis(&node.status.allocatable);
            capacity.memory += bytes(&node.status.allocatable);
        }
        for pod in snapshot.pods.iter().filter(|pod| is_to_run(pod)) {
            capacity.pods += 1;
            for container in &pod.spec.containers {
                capacity.cpu_requested += millis(&container.resources.requests);
                capacity.memory_requested += bytes(&container.resources.requests);
            }
        }
        capacity
    }

    /// Percent of the CPU that is requested; None where no node was seen.
    pub fn cpu_share(&self) -> Option<u64> {
        (self.cpu_requested * 100).checked_div(self.cpu)
    }

    /// Percent of the memory that is requested.
    pub fn memory_share(&self) -> Option<u64> {
        // Percent of bytes: more than an exabyte is no cluster.
        self.memory_requested.saturating_mul(100).checked_div(self.memory)
    }
}

fn is_to_run(pod: &Pod) -> bool {
    pod.status.phase != "Succeeded" && pod.status.phase != "Failed"
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Day};
    use crate::finding::Severity;
    use crate::snapshot::{Container, Node, Pod, Snapshot};
    use serde_json::json;

    #[test]
    fn a_day_adds_what_happened_and_keeps_how_it_ended() {
        let morning = Day {
            inspections: 1,
            score: 40,
            lowest_score: 40,
            roots: [(Severity::Critical, 2)].into(),
            new: 2,
            restarts: 5,
            ..Day::default()
        };
        let evening = Day { inspections: 1, score: 90, lowest_score: 90, resolved: 2, restarts: 1, ..Day::default() };
        let whole = Day { inspections: 2, lowest_score: 40, new: 2, restarts: 6, ..evening.clone() };
        assert_eq!(morning.and(evening), whole);
    }

    #[test]
    fn a_day_is_small_and_reads_back() -> serde_json::Result<()> {
        let day = Day { roots: [(Severity::High, 3), (Severity::Low, 40)].into(), ..Day::default() };
        let text = serde_json::to_string(&day)?;
        assert!(text.len() < 400 && text.contains(r#""roots":{"low":40,"high":3}"#), "{text}");
        assert_eq!(serde_json::from_str::<Day>(&text)?, day);
        Ok(())
    }

    #[test]
    fn capacity_counts_what_runs() -> serde_json::Result<()> {
        let node: Node = serde_json::from_value(json!({"status": {"allocatable": {"cpu": "3500m", "memory": "8Gi"}}}))?;
        let container: Container =
            serde_json::from_value(json!({"resources": {"requests": {"cpu": "250m", "memory": "1Gi"}}}))?;
        let mut pod = Pod::default();
        pod.spec.containers = vec![container.clone(), container];
        let mut done = pod.clone();
        done.status.phase = "Succeeded".into();
        let snapshot = Snapshot { nodes: vec![node.clone(), node], pods: vec![pod, done], ..Snapshot::default() };
        let gib = 1 << 30;
        let expected =
            Capacity { nodes: 2, pods: 1, cpu: 7000, cpu_requested: 500, memory: 16 * gib, memory_requested: 2 * gib };
        assert_eq!(Capacity::of(&snapshot), expected);
        Ok(())
    }
}
