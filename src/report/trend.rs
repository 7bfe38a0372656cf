//! The last days of a cluster as figures: what the trend picture is drawn from.

use super::Report;
use crate::inspection::finding::Severity;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The figures of a cluster, the oldest day first. A day that is missing was not inspected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// The cluster's name.
    pub cluster: String,
    /// Its days.
    pub days: Vec<Day>,
}

/// One day, as its last inspection left it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// In UTC.
    pub date: NaiveDate,
    /// The score of the last inspection.
    pub score: u8,
    /// Roots by severity, at the last inspection.
    pub roots: BTreeMap<Severity, usize>,
    /// Restarts of containers that were counted that day.
    pub restarts: u64,
}

impl Day {
    /// The figures of a report.
    pub fn of(report: &Report) -> Self {
        let mut roots = BTreeMap::new();
        for tree in report.trees() {
            *roots.entry(tree.severity).or_default() += 1;
        }
        Self { date: report.taken_at.date_naive(), score: report.score, roots, restarts: 0 }
    }
}
