//! What somebody asked not to be told, and until when.

use super::pattern::{Pattern, any};
use crate::finding::kept_out::Kind;
use crate::finding::{Finding, Fingerprint, Level, Note, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn a_rule_that_leaves_nothing_out_is_everything() {
        assert!(Rule::default().is_everything());
        assert!(Rule { checks: vec!["*".into()], namespaces: vec!["*".into()], ..Rule::default() }.is_everything());
        assert!(!Rule { namespaces: vec!["lab-*".into()], ..Rule::default() }.is_everything());
        assert!(!Rule { labels: [("tier".to_owned(), "*".into())].into(), ..Rule::default() }.is_everything());
    }
}
