//! A finding that stays out of the report: in which way, for whom, and from which level on it comes back.

use super::{Finding, ObjectRef, Severity, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A finding that stays out of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOut {
    /// The finding, with the cause that it had.
    pub finding: Finding,
    /// Why.
    pub because: Because,
}

/// Why a finding stays out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// In which way.
    pub kind: Kind,
    /// The id of the silence, or the object that carries the annotation.
    pub silence: String,
    /// Who asked for it; nobody where an annotation says so.
    #[serde(default)]
    pub by: Option<String>,
    /// Until when.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// How bad it was when it was first kept out.
    pub level: Level,
}

/// The ways in which something stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody sees to it: one finding, until it is solved.
    Acknowledged,
    /// Not now: one finding, for a while.
    Snoozed,
    /// Not this sort: a rule.
    Muted,
    /// The object itself says so, by its annotation.
    Ignored,
}

impl Kind {
    /// Whether somebody waits for it to be solved, and wants to hear of it.
    pub fn is_awaited(self) -> bool {
        match self {
            Self::Acknowledged | Self::Snoozed => true,
            Self::Muted | Self::Ignored => false,
        }
    }
}

/// How bad something is: what "worse" is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The worst severity.
    pub severity: Severity,
    /// How many objects show it.
    pub objects: usize,
    /// How many show it or what follows from it.
    pub reach: usize,
}

impl Level {
    /// The level of one finding by itself.
    pub fn of(finding: &Finding) -> Self {
        Self::with_all(finding, [])
    }

    /// The level of a finding with all that it explains.
    pub fn with_all<'a>(finding: &'a Finding, explains: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut objects: HashSet<Target> = finding.objects.iter().map(ObjectRef::target).collect();
        let mut level = Self { severity: finding.severity, objects: objects.len().max(1), reach: 0 };
        for explained in explains {
            level.severity = level.severity.max(explained.severity);
            objects.extend(explained.objects.iter().map(ObjectRef::target));
        }
        level.reach = objects.len().max(1);
        level
    }

    /// Whether it is worse than it was: a higher severity, or half as many objects again.
    pub fn is_worse_than(self, before: Self) -> bool {
        let grew = |now: usize, before: usize| 2 * now >= 3 * before.max(1);
        self.severity > before.severity || grew(self.objects, before.objects) || grew(self.reach, before.reach)
    }
}

#[cfg(test)]
mod tests {
    use super::Level;
    use crate::finding::Severity::{self, Critical, High, Low};

    #[test]
    fn worse_is_a_higher_severity_or_half_as_many_again() {
        let level = |severity: Severity, objects| Level { severity, objects, reach: objects };
        for (before, now, worse) in [
            (level(High, 4), level(High, 4), false),
            (level(High, 4), level(High, 5), false),
            (level(High, 4), level(High, 6), true),
            (level(High, 1), level(High, 2), true),
            (level(High, 4), level(Critical, 1), true),
            (level(High, 4), level(Low, 5), false),
        ] {
            assert_eq!(now.is_worse_than(before), worse, "{before:?} {now:?}");
        }
        assert!(Level { reach: 15, ..level(High, 1) }.is_worse_than(Level { reach: 10, ..level(High, 1) }));
    }
}
