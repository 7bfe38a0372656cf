//! Takes out of the findings what somebody asked not to be told, unless it has grown worse since.

use super::Settings;
use super::ignore;
use super::silence::{Silence, What};
use crate::diagnosis::Graph;
use crate::finding::kept_out::Kind;
use crate::finding::{Because, Finding, Fingerprint, KeptOut, Level, Note};
use crate::inspection::History;
use std::collections::{HashMap, HashSet};

/// What the silences make of one finding.
enum Verdict {
    Told,
    /// Silenced, but worse than it was then.
    Worse(Because),
    Out(Because),
}

/// Parts the findings into those that are told and those that stay out. What is told and had its cause among those that
/// stay out gets the next cause that is told, or becomes a root.
pub fn keep_out(
    graph: &Graph<'_>,
    findings: Vec<Finding>,
    history: &History,
    settings: &Settings,
) -> (Vec<Finding>, Vec<KeptOut>) {
    let now = graph.snapshot().taken_at;
    let silences: Vec<&Silence> = settings.silences.iter().filter(|silence| silence.holds(now)).collect();
    let tree = Tree::of(&findings);
    let whole: Vec<(Vec<usize>, Verdict)> =
        silences.iter().filter_map(|silence| tree.silenced_as_a_whole(silence)).collect();
    let mut verdicts: Vec<Verdict> =
        findings.iter().map(|finding| alone(graph, finding, history, settings, &silences)).collect();
    for (places, verdict) in whole {
        for place in places {
            if let Some(known) = verdicts.get_mut(place) {
                *known = stronger(std::mem::replace(known, Verdict::Told), &verdict);
            }
        }
    }
    let out: HashSet<usize> = verdicts
        .iter()
        .enumerate()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Out(_)))
        .map(|(at, _)| at)
        .collect();
    let causes: Vec<Option<Fingerprint>> = (0..findings.len()).map(|place| tree.told_cause(place, &out)).collect();
    let (mut told, mut kept_out) = (Vec::new(), Vec::new());
    for ((mut finding, verdict), cause) in findings.into_iter().zip(verdicts).zip(causes) {
        match verdict {
            Verdict::Out(because) => kept_out.push(KeptOut { finding, because }),
            Verdict::Told => {
                finding.caused_by = cause;
                finding.notes.extend(snooze_over(history, &finding, &silences));
                told.push(finding);
            }
            Verdict::Worse(Because { kind, silence, by, level, .. }) => {
                finding.caused_by = cause;
                finding.notes.push(Note::Worse { kind, silence, by, was: level });
                told.push(finding);
            }
        }
    }
    (told, kept_out)
}

/// What annotations and rules make of a finding by itself.
fn alone(
    graph: &Graph<'_>,
    finding: &Finding,
    history: &History,
    settings: &Settings,
    silences: &[&Silence],
) -> Verdict {
    let level = Level::of(finding);
    if let Some(object) = ignore::by(graph, finding).filter(|_| !settings.tells_ignored) {
        let silence = object.to_string();
        return Verdict::Out(Because { kind: Kind::Ignored, silence, by: None, until: None, level });
    }
    let mut verdict = Verdict::Told;
    for silence in silences {
        let What::Rule(rule) = &silence.what else { continue };
        if !rule.covers(finding, |key| ignore::label(graph, finding, key)) {
            continue;
        }
        let was = history.level_when_silenced(&finding.fingerprint, &silence.id).unwrap_or(level);
        verdict = stronger(verdict, &judge(silence, level, was));
    }
    verdict
}

fn judge(silence: &Silence, now: Level, was: Level) -> Verdict {
    let because = Because {
        kind: silence.kind(),
        silence: silence.id.clone(),
        by: Some(silence.by.clone()),
        until: silence.until,
        level: was,
    };
    if now.is_worse_than(was) { Verdict::Worse(because) } else { Verdict::Out(because) }
}

/// One silence that holds is enough, whatever has outgrown another.
fn stronger(known: Verdict, other: &Verdict) -> Verdict {
    match (&known, other) {
        (Verdict::Out(_), _) | (Verdict::Worse(_), Verdict::Worse(_)) | (_, Verdict::Told) => known,
        (Verdict::Told, Verdict::Worse(because)) => Verdict::Worse(because.clone()),
        (Verdict::Told | Verdict::Worse(_), Verdict::Out(because)) => Verdict::Out(because.clone()),
    }
}

/// The note of a finding that was snoozed at the last inspection, and the time is over.
fn snooze_over(history: &History, finding: &Finding, silences: &[&Silence]) -> Option<Note> {
    let last = history.kept_out(&finding.fingerprint)?;
    let is_over = last.kind == Kind::Snoozed && silences.iter().all(|silence| silence.id != last.silence);
    is_over.then(|| Note::SnoozeOver { by: last.by.clone() })
}

/// The findings by what explains them.
struct Tree<'a> {
    findings: &'a [Finding],
    places: HashMap<&'a Fingerprint, usize>,
    children: HashMap<usize, Vec<usize>>,
}

impl<'a> Tree<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        let places: HashMap<_, _> =
            findings.iter().enumerate().map(|(place, finding)| (&finding.fingerprint, place)).collect();
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, finding) in findings.iter().enumerate() {
            if let Some(cause) = finding.caused_by.as_ref().and_then(|cause| places.get(cause)) {
                children.entry(*cause).or_default().push(place);
            }
        }
        Self { findings, places, children }
    }

    /// A finding that was silenced by itself, and everything that it explains, judged together.
    fn silenced_as_a_whole(&self, silence: &Silence) -> Option<(Vec<usize>, Verdict)> {
        let What::Finding { fingerprint, level, .. } = &silence.what else { return None };
        let root = *self.places.get(fingerprint)?;
        let mut places = vec![root];
        let mut next = 0;
        while let Some(place) = places.get(next) {
            let children = self.children.get(place).into_iter().flatten();
            // A ring can only come from a file, and ends here.
            let fresh: Vec<usize> = children.copied().filter(|child| !places.contains(child)).collect();
            places.extend(fresh);
            next += 1;
        }
        let explained = places.iter().skip(1).filter_map(|place| self.findings.get(*place));
        let now = Level::with_all(self.findings.get(root)?, explained);
        let verdict = judge(silence, now, *level);
        // What has grown worse is said at the finding that was silenced; what it explains is told as always.
        let places = if matches!(verdict, Verdict::Out(_)) { places } else { vec![root] };
        Some((places, verdict))
    }

    /// The nearest cause that is told.
    fn told_cause(&self, place: usize, out: &HashSet<usize>) -> Option<Fingerprint> {
        let mut at = self.findings.get(place)?.caused_by.as_ref()?;
        for _ in 0..self.findings.len() {
            match self.places.get(at) {
                Some(cause) if out.contains(cause) => at = self.findings.get(*cause)?.caused_by.as_ref()?,
                Some(_) | None => break,
            }
        }
        Some(at.clone())
    }
}
