//! One number for a tired reader: how bad the worst things are, and how far they reach.

use crate::inspection::finding::{Finding, Fingerprint, ObjectRef, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// The score as a letter: A from 90, B 75, C 60, D 40, else F.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// From 90.
    A,
    /// From 75.
    B,
    /// From 60.
    C,
    /// From 40.
    D,
    /// Below 40.
    F,
}

impl Grade {
    /// The letter of a score.
    pub fn of(score: u8) -> Self {
        match score {
            90.. => Self::A,
            75..90 => Self::B,
            60..75 => Self::C,
            40..60 => Self::D,
            0..40 => Self::F,
        }
    }

    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter())
    }
}

/// 0 to 100. Every root weighs by the worst severity of it and of what it explains, more the more objects they touch
/// (four objects weigh 1.5 times as much as one, sixteen twice). The sum decays exponentially, so that the first outage
/// counts most and many small things never look like none: one outage of one object is a C, one high root a B, one
/// medium still an A.
pub fn score(findings: &[Finding]) -> u8 {
    let reach = reach(findings);
    let severities = severities(findings);
    let burden: f64 = severities
        .iter()
        .map(|(root, severity)| {
            let objects = reach.get(root).map_or(1, HashSet::len).max(1);
            weight(*severity) * (1.0 + (objects as f64).log2() / 4.0)
        })
        .sum();
    (100.0 * (-burden / 50.0).exp()).round() as u8
}

/// How bad each root is: as bad as the worst that follows from it.
pub fn severities(findings: &[Finding]) -> BTreeMap<Fingerprint, Severity> {
    let roots = roots(findings);
    let mut severities: BTreeMap<Fingerprint, Severity> = BTreeMap::new();
    for finding in findings {
        let root = roots.get(&finding.fingerprint).copied().unwrap_or(&finding.fingerprint);
        let worst = severities.entry(root.clone()).or_insert(finding.severity);
        *worst = finding.severity.max(*worst);
    }
    severities
}

fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 25.0,
        Severity::High => 10.0,
        Severity::Medium => 3.0,
        Severity::Low => 1.0,
        Severity::Info => 0.0,
    }
}

/// The distinct objects of each root and of everything that it explains. A finding that names no object stands for
/// its target.
fn reach(findings: &[Finding]) -> HashMap<&Fingerprint, HashSet<ObjectRef>> {
    let roots = roots(findings);
    let mut reach: HashMap<&Fingerprint, HashSet<ObjectRef>> = HashMap::new();
    for finding in findings {
        let root = roots.get(&finding.fingerprint).copied().unwrap_or(&finding.fingerprint);
        let objects = reach.entry(root).or_default();
        objects.extend(finding.objects.iter().cloned());
        if finding.objects.is_empty() {
            objects.insert(finding.target.clone().into());
        }
    }
    reach
}

/// The root of each finding. A cause that is not in the list (a report can come from a file) ends the way.
pub(super) fn roots(findings: &[Finding]) -> HashMap<&Fingerprint, &Fingerprint> {
    let known: HashSet<&Fingerprint> = findings.iter().map(|finding| &finding.fingerprint).collect();
    let causes: HashMap<&Fingerprint, &Fingerprint> = findings
        .iter()
        .filter_map(|finding| Some((&finding.fingerprint, finding.caused_by.as_ref()?)))
        .filter(|(_, cause)| known.contains(cause))
        .collect();
    let mut roots = HashMap::new();
    for finding in findings {
        let mut at = &finding.fingerprint;
        // Also a ring, which only a report from a file can hold, comes to an end.
        for _ in 0..findings.len() {
            match causes.get(at) {
                Some(cause) => at = cause,
                None => break,
            }
        }
        roots.insert(&finding.fingerprint, at);
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::{Grade, score};
    use crate::inspection::finding::{CheckId, Finding, FindingState, Fingerprint, Severity, Target};
    use chrono::{DateTime, Utc};

    fn root(name: &str, severity: Severity, objects: usize) -> Finding {
        let target = Target::namespaced("Deployment", "shop", name);
        let id = CheckId::new("pod/crash-loop");
        Finding {
            fingerprint: Fingerprint::of(&id, "prod", &target, None),
            id,
            severity,
            state: FindingState::New,
            first_seen: DateTime::<Utc>::UNIX_EPOCH,
            objects: (0..objects)
                .map(|pod| Target::namespaced("Pod", "shop", format!("{name}-{pod}")).into())
                .collect(),
            target,
            title: String::new(),
            evidence: Vec::new(),
            caused_by: None,
            remedies: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_worst_decides_and_small_things_add_up() {
        assert_eq!(score(&[]), 100);
        assert_eq!(score(&[root("a", Severity::Info, 9)]), 100);
        let grade = |findings: &[Finding]| Grade::of(score(findings));
        assert_eq!(grade(&[root("a", Severity::Medium, 1)]), Grade::A);
        assert_eq!(grade(&[root("a", Severity::High, 1)]), Grade::B);
        assert_eq!(grade(&[root("a", Severity::Critical, 1)]), Grade::C);
        assert_eq!(grade(&[root("a", Severity::Critical, 1), root("b", Severity::Critical, 1)]), Grade::F);
    }

    #[test]
    fn what_reaches_further_weighs_more() {
        assert!(score(&[root("a", Severity::High, 16)]) < score(&[root("a", Severity::High, 1)]));
    }

    #[test]
    fn a_child_adds_reach_to_its_root_and_makes_it_as_bad_as_itself() {
        let cause = root("a", Severity::High, 1);
        let mut child = root("b", Severity::Critical, 3);
        child.caused_by = Some(cause.fingerprint.clone());
        assert_eq!(score(&[cause, child]), score(&[root("a", Severity::Critical, 4)]));
    }
}
