//! What somebody asked not to be told, and until when.

use super::pattern::{Pattern, any};
use crate::inspection::finding::{Finding, Fingerprint, Note, ObjectRef, Severity, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// Something that stays out of the reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Short, for people to type.
    pub id: String,
    /// What.
    pub what: What,
    /// Who asked for it.
    pub by: String,
    /// Why, in their words.
    #[serde(default)]
    pub why: Option<String>,
    /// When they asked.
    pub at: DateTime<Utc>,
    /// Until when; None: until it is taken back, or the finding is solved.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// What stays out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// One finding, with all that it explains.
    Finding {
        /// Which.
        fingerprint: Fingerprint,
        /// What it is about.
        target: Target,
        /// Its title then.
        title: String,
        /// How bad it was then.
        level: Level,
    },
    /// Every finding that a rule covers, each by itself: what it explains is covered too, or comes out alone.
    Rule(Rule),
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

/// Which findings are meant. What is empty leaves out nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Ids of checks, such as `pod/restart-*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Pattern>,
    /// Namespaces; what has none is only meant where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Pattern>,
    /// Names of what the finding is about: the workload, not the pod.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Pattern>,
    /// Labels that it carries, or that every object carries that shows the finding.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Pattern>,
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

impl Silence {
    /// The way in which it keeps something out.
    pub fn kind(&self) -> Kind {
        match (&self.what, self.until) {
            (What::Finding { .. }, None) => Kind::Acknowledged,
            (What::Finding { .. }, Some(_)) => Kind::Snoozed,
            (What::Rule(_), _) => Kind::Muted,
        }
    }

    /// Whether both are about one and the same finding.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Finding { fingerprint, .. }, What::Finding { fingerprint: other, .. }) => fingerprint == other,
            (What::Finding { .. } | What::Rule(_), _) => false,
        }
    }

    /// Whether a root of a report stays out by it from the next one on. A report does not tell labels: a rule that
    /// asks for some is not known to.
    pub fn keeps_out(&self, root: &Finding) -> bool {
        let outgrown = |note: &Note| matches!(note, Note::Worse { silence, .. } if *silence == self.id);
        let covers = match &self.what {
            What::Finding { fingerprint, .. } => *fingerprint == root.fingerprint,
            What::Rule(rule) => rule.covers(root, |_| None),
        };
        covers && !root.notes.iter().any(outgrown)
    }

    /// Whether it counts at that time.
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Rule {
    /// Whether it would keep out everything.
    pub fn is_everything(&self) -> bool {
        let all = |patterns: &[Pattern]| patterns.iter().all(Pattern::is_any);
        all(&self.checks) && all(&self.namespaces) && all(&self.names) && self.labels.is_empty()
    }

    /// Whether the finding is meant; `label` tells the value of a label of it.
    pub fn covers<'a>(&self, finding: &Finding, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        any(&self.checks, finding.id.as_str())
            && any(&self.names, &finding.target.name)
            && is_in(&self.namespaces, finding.target.namespace.as_deref())
            && self.labels.iter().all(|(key, value)| label(key).is_some_and(|found| value.matches(found)))
    }
}

/// Whether one of the namespaces is meant; what has no namespace only where none is named.
pub(super) fn is_in(namespaces: &[Pattern], namespace: Option<&str>) -> bool {
    namespaces.is_empty() || namespace.is_some_and(|namespace| any(namespaces, namespace))
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
    use super::{Level, Rule};
    use crate::inspection::finding::Severity::{self, Critical, High, Low};

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

    #[test]
    fn a_rule_that_leaves_nothing_out_is_everything() {
        assert!(Rule::default().is_everything());
        assert!(Rule { checks: vec!["*".into()], namespaces: vec!["*".into()], ..Rule::default() }.is_everything());
        assert!(!Rule { namespaces: vec!["lab-*".into()], ..Rule::default() }.is_everything());
        assert!(!Rule { labels: [("tier".to_owned(), "*".into())].into(), ..Rule::default() }.is_everything());
    }
}
