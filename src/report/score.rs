//! One number for a tired reader: how bad the worst things are, and how far they reach.

use crate::finding::{Finding, Fingerprint, ObjectRef, Severity};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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

/// 0 to 100. Every root counts once, as bad as the worst that follows from it, and more the more objects it reaches:
/// four weigh 1.5 times as much as one, sixteen twice. What a severity can take away in all is bounded ([`most`]), so
/// that many small things never look like an outage, and decays, so that the first one counts most: one outage of one
/// object is a C, one high root a B, one medium or low one still an A. The size of the cluster does not matter: an
/// outage is not half as bad where twice as much runs beside it, and days compare.
pub fn score(findings: &[Finding]) -> u8 {
    let (burden, _) = weigh(findings);
    burden.score()
}

/// What a root costs.
#[derive(Debug, Clone)]
pub struct Loss<'a> {
    /// What nothing else explains.
    pub root: &'a Finding,
    /// The worst that follows from it.
    pub severity: Severity,
    /// How many objects it and what it explains touch.
    pub objects: usize,
    /// Its share of what is missing to 100. The shares add up.
    pub points: u8,
    /// The score if it alone were mended.
    pub without: u8,
}

/// Where the points went, the most expensive root first. What costs nothing is left out.
pub fn losses(findings: &[Finding]) -> Vec<Loss<'_>> {
    let (burden, roots) = weigh(findings);
    let score = burden.score();
    let lost = f64::from(100 - score);
    let all: f64 = SCORED.iter().map(|severity| burden.decay(*severity)).sum();
    let share = |root: &Weighed<'_>| {
        let weight = root.weight / burden.of(root.severity);
        if all > 0.0 { lost * burden.decay(root.severity) / all * weight } else { 0.0 }
    };
    let mut losses: Vec<(f64, Loss<'_>)> = roots
        .into_iter()
        .filter(|root| root.weight > 0.0)
        .map(|root| {
            let share = share(&root);
            let without = burden.clone().less(root.severity, root.weight).score();
            let Weighed { root, severity, objects, .. } = root;
            (share, Loss { root, severity, objects, points: share.floor() as u8, without })
        })
        .collect();
    // Whole points that add up: the largest remainders are rounded up.
    let whole: usize = losses.iter().map(|(_, loss)| usize::from(loss.points)).sum();
    let missing = usize::from(100 - score).saturating_sub(whole);
    losses.sort_by(|(one, _), (other, _)| other.fract().total_cmp(&one.fract()));
    losses.iter_mut().take(missing).for_each(|(_, loss)| loss.points += 1);
    losses.sort_by(|(one, first), (other, second)| {
        other.total_cmp(one).then_with(|| second.severity.cmp(&first.severity))
    });
    losses.into_iter().map(|(_, loss)| loss).collect()
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

/// The points that all roots of a severity together can take away.
pub fn most(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 100,
        Severity::High => 60,
        Severity::Medium => 25,
        Severity::Low => 10,
        Severity::Info => 0,
    }
}

/// What one root of one object weighs.
fn unit(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 0.5,
        Severity::High => 0.35,
        Severity::Medium => 0.27,
        Severity::Low => 0.2,
        Severity::Info => 0.0,
    }
}

/// The severities that cost something.
const SCORED: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// The weight of all roots by severity.
#[derive(Debug, Clone, Default)]
struct Burden(BTreeMap<Severity, f64>);

impl Burden {
    fn of(&self, severity: Severity) -> f64 {
        self.0.get(&severity).copied().unwrap_or_default()
    }

    fn less(mut self, severity: Severity, weight: f64) -> Self {
        let rest = self.0.entry(severity).or_default();
        *rest = (*rest - weight).max(0.0);
        self
    }

    /// What a severity does to the score, as a power of e, so that severities add up.
    fn decay(&self, severity: Severity) -> f64 {
        let most = f64::from(most(severity)) / 100.0;
        -(1.0 - most * (1.0 - (-self.of(severity)).exp())).ln()
    }

    fn score(&self) -> u8 {
        let decay: f64 = SCORED.iter().map(|severity| self.decay(*severity)).sum();
        (100.0 * (-decay).exp()).round() as u8
    }
}

struct Weighed<'a> {
    root: &'a Finding,
    severity: Severity,
    objects: usize,
    weight: f64,
}

/// Every root with its weight, and their sum.
fn weigh(findings: &[Finding]) -> (Burden, Vec<Weighed<'_>>) {
    let (reach, severities) = (reach(findings), severities(findings));
    let mut burden = Burden::default();
    let mut weighed = Vec::new();
    // By fingerprint and not by `is_root`: a report can come from a file, with a cause that is not in it.
    for root in findings {
        let Some(severity) = severities.get(&root.fingerprint).copied() else { continue };
        let objects = reach.get(&root.fingerprint).map_or(1, HashSet::len).max(1);
        let weight = unit(severity) * (1.0 + (objects as f64).log2() / 4.0);
        *burden.0.entry(severity).or_default() += weight;
        weighed.push(Weighed { root, severity, objects, weight });
    }
    (burden, weighed)
}

/// The distinct objects of each root and of everything that it explains. A finding that names no object stands for
/// its target.
fn reach(findings: &[Finding]) -> HashMap<&Fingerprint, HashSet<Cow<'_, ObjectRef>>> {
    let roots = roots(findings);
    let mut reach: HashMap<&Fingerprint, HashSet<Cow<'_, ObjectRef>>> = HashMap::new();
    for finding in findings {
        let root = roots.get(&finding.fingerprint).copied().unwrap_or(&finding.fingerprint);
        let objects = reach.entry(root).or_default();
        objects.extend(finding.objects.iter().map(Cow::Borrowed));
        if finding.objects.is_empty() {
            objects.insert(Cow::Owned(finding.target.clone().into()));
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
    use super::{Grade, losses, score};
    use crate::finding::{CheckId, Finding, FindingState, Fingerprint, Severity, Target};
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
    fn small_things_never_look_like_an_outage_however_many() {
        for (severity, at_least) in [(Severity::Low, 90), (Severity::Medium, 75), (Severity::High, 40)] {
            let many: Vec<Finding> = (0..500).map(|number| root(&format!("a{number}"), severity, 30)).collect();
            assert_eq!(score(&many), at_least, "{severity}");
            assert!(score(&many[..1]) < 100);
        }
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

    #[test]
    fn the_losses_add_up_and_say_what_mending_brings() {
        let mut findings = vec![
            root("low", Severity::Low, 1),
            root("outage", Severity::Critical, 6),
            root("high", Severity::High, 1),
            root("note", Severity::Info, 3),
        ];
        findings.extend((0..7).map(|number| root(&format!("medium{number}"), Severity::Medium, 1)));
        let losses = losses(&findings);
        assert_eq!(losses.iter().map(|loss| loss.points).sum::<u8>(), 100 - score(&findings));
        assert_eq!(losses.len(), 10, "what costs nothing is left out");
        assert_eq!((losses[0].root.target.name.as_str(), losses[0].objects), ("outage", 6));
        for loss in &losses {
            let rest: Vec<Finding> =
                findings.iter().filter(|finding| finding.fingerprint != loss.root.fingerprint).cloned().collect();
            assert_eq!(loss.without, score(&rest), "{}", loss.root.target);
        }
        assert!(super::losses(&findings[3..4]).is_empty());
    }

    #[test]
    fn a_cause_that_is_not_in_the_report_ends_the_way() {
        let mut orphan = root("a", Severity::High, 1);
        orphan.caused_by = Some("0000000000000000".into());
        let losses = losses(std::slice::from_ref(&orphan));
        assert_eq!((losses.len(), score(std::slice::from_ref(&orphan))), (1, 82));
    }
}
