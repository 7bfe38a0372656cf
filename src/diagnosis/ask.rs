//! A question in a person's words, without a model: which object is meant, and what is wrong with it.

use super::graph::Graph;
use super::object::{Entity, Object};
use super::why::{Chain, explain, kind_of};
use crate::finding::{Finding, Target};
use crate::report::Report;
use crate::snapshot::Snapshot;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The chain that answers the question best: of the object whose name, kind and namespace it mentions; of the worst root
/// if it asks in general what is wrong. None if it mentions nothing that the cluster has.
pub fn best_match(question: &str, snapshot: &Snapshot, report: &Report) -> Option<Chain> {
    let graph = Graph::new(snapshot);
    let words: Vec<String> = question
        .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.' || c == '_'))
        .map(|word| word.trim_matches(['.', '-', '_']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    let troubled: HashMap<Target, &Finding> = troubled(report);
    // A kind of which the cluster has nothing is a word like any other.
    let held: HashSet<&str> = Entity::all(snapshot).map(Entity::kind).collect();
    let kind = |word: &String| kind_of(word).filter(|kind| held.contains(kind));
    let kinds: HashSet<&str> = words.iter().filter(|word| word.len() > 1 && *word != "no").filter_map(kind).collect();
    let spaces: HashSet<&str> = snapshot
        .pods
        .iter()
        .map(|pod| pod.meta.namespace.as_str())
        .chain(snapshot.namespaces.iter().map(|space| space.meta.name.as_str()))
        .filter(|space| words.iter().any(|word| word == space))
        .collect();
    let mut named: Vec<&String> = words.iter().filter(|word| is_name(word) && kind(word).is_none()).collect();
    // A word that names a namespace says where, if another one can say what.
    if named.iter().any(|word| !spaces.contains(word.as_str())) {
        named.retain(|word| !spaces.contains(word.as_str()));
    }
    let score = |object: &Object<'_>, target: &Target| {
        let name = object.name.to_lowercase();
        let best = named.iter().map(|word| likeness(word, &name)).max().unwrap_or(0);
        if best == 0 {
            return None;
        }
        let kind = if kinds.contains(object.kind) { 30 } else { 0 };
        let space = if spaces.contains(object.namespace) { 20 } else { 0 };
        let trouble = troubled.get(target).map_or(0, |finding| 10 + 4 * (finding.severity as i32));
        // People mean the workload; a pod's name holds its workload's too. A namespace named like its content is not it.
        let common = match object.kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" => 8,
            "Service" | "Ingress" | "Job" | "Node" => 6,
            "Namespace" => -60,
            _ => 0,
        };
        Some(best + kind + space + trouble + common)
    };
    let scored = graph.objects().filter(|(_, object)| object.entity.is_some()).filter_map(|(id, object)| {
        let target = object.target();
        Some((score(&object, &target)?, Reverse(target), id))
    });
    let best = scored.max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1))).map(|(score, _, id)| (score, id));
    if let Some((_, id)) = best.filter(|(score, _)| *score >= 40) {
        return Some(chain_of(&graph, report, graph.object(id).target()));
    }
    let in_general = words.iter().any(|word| GENERAL.contains(&word.as_str()));
    let asked = in_general || !kinds.is_empty() || !spaces.is_empty();
    // The report has the worst first.
    let fitting = report.findings.iter().filter(|_| asked).find(|finding| {
        let kind = kinds.is_empty() || kinds.contains(finding.target.kind.as_str());
        let space = finding.target.namespace.as_deref().is_some_and(|space| spaces.contains(space));
        kind && (spaces.is_empty() || space)
    });
    fitting.map(|finding| chain_of(&graph, report, finding.target.clone()))
}

/// Words that ask in general what is wrong.
const GENERAL: &[&str] = &[
    "wrong",
    "broken",
    "problem",
    "problems",
    "issue",
    "issues",
    "failing",
    "fails",
    "failed",
    "down",
    "bad",
    "worst",
    "happening",
    "status",
    "cluster",
    "error",
    "errors",
    "everything",
    "help",
    "outage",
    "unhealthy",
    "kaputt",
];

/// Words of questions that are no names, even if something in the cluster is called like them.
const FILLERS: &[&str] = &[
    "a",
    "an",
    "and",
    "any",
    "are",
    "at",
    "be",
    "can",
    "cannot",
    "do",
    "does",
    "for",
    "from",
    "has",
    "have",
    "how",
    "i",
    "in",
    "is",
    "it",
    "its",
    "me",
    "my",
    "not",
    "of",
    "on",
    "or",
    "our",
    "please",
    "so",
    "tell",
    "that",
    "the",
    "there",
    "this",
    "to",
    "up",
    "was",
    "we",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "with",
    "working",
    "work",
    "you",
    "running",
    "run",
    "starting",
    "start",
    "restarting",
    "crashing",
    "slow",
    "pending",
    "ready",
    "show",
    "explain",
];

fn is_name(word: &str) -> bool {
    word.len() > 1 && !FILLERS.contains(&word) && !GENERAL.contains(&word)
}

/// How much a word with a slip of the finger is like the name that is meant.
const SLIP: i32 = 40;

/// How much a word is like a name: 60 the same, less for a part of it or a slip of the finger, 0 not at all.
fn likeness(word: &str, name: &str) -> i32 {
    if word == name {
        return 60;
    }
    let parts: Vec<&str> = name.split(['-', '.']).collect();
    if parts.contains(&word) {
        return 50;
    }
    if word.len() >= 3 && name.starts_with(word) {
        return 45;
    }
    if word.len() >= 4 && (name.contains(word) || parts.iter().any(|part| part.len() >= 4 && word.contains(part))) {
        return 40;
    }
    let allowed = match word.len() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let near = parts.iter().copied().chain([name]).any(|part| is_near(word, part, allowed));
    if allowed > 0 && near { SLIP } else { 0 }
}

/// Whether so many insertions, deletions, replacements and swaps of neighbours turn one word into the other.
fn is_near(a: &str, b: &str, allowed: usize) -> bool {
    a.len().abs_diff(b.len()) <= 4 * allowed && strsim::osa_distance(a, b) <= allowed
}

/// Objects that may be meant by a name that does not exist: the same name elsewhere, then names like it. Of another kind
/// and elsewhere only what has the name or a part of it.
pub(super) fn similar(graph: &Graph<'_>, wanted: &Target) -> Vec<Target> {
    const MOST: usize = 5;
    let name = wanted.name.to_lowercase();
    let scored = graph.objects().filter(|(_, object)| object.entity.is_some()).filter_map(|(_, object)| {
        let likeness = likeness(&name, &object.name.to_lowercase());
        let kind = if object.kind == wanted.kind { 15 } else { 0 };
        let space = if wanted.namespace.as_deref() == Some(object.namespace) { 5 } else { 0 };
        let likely = likeness + kind + space;
        (likeness > 0 && likely > SLIP).then(|| (Reverse(likely), object.target()))
    });
    let mut scored: Vec<(Reverse<i32>, Target)> = scored.collect();
    scored.sort();
    if scored.iter().any(|(_, target)| target.kind == wanted.kind) {
        scored.retain(|(_, target)| target.kind == wanted.kind);
    }
    scored.into_iter().take(MOST).map(|(_, target)| target).collect()
}

fn chain_of(graph: &Graph<'_>, report: &Report, target: Target) -> Chain {
    explain(graph, report, &target.kind, target.namespace.as_deref().unwrap_or_default(), &target.name)
}

/// What has a finding, with its worst.
fn troubled(report: &Report) -> HashMap<Target, &Finding> {
    let mut troubled: HashMap<Target, &Finding> = HashMap::new();
    for finding in &report.findings {
        let objects = finding.objects.iter().map(|object| object.target());
        for target in objects.chain([finding.target.clone()]) {
            let worst = troubled.entry(target).or_insert(finding);
            if finding.severity > worst.severity {
                *worst = finding;
            }
        }
    }
    troubled
}

#[cfg(test)]
mod tests {
    use super::{is_near, likeness};

    #[test]
    fn slips_of_the_finger_are_near() {
        assert!(is_near("chekcout", "checkout", 1));
        assert!(is_near("cart", "cart", 0));
        assert!(!is_near("cart", "checkout", 2));
        assert!(is_near("api", "apo", 1) && !is_near("api", "apo", 0));
    }

    #[test]
    fn whole_names_beat_parts_and_parts_beat_slips() {
        let likenesses =
            ["checkout", "checkout-web", "checkouts", "chekcout-web", "cart"].map(|name| likeness("checkout", name));
        assert_eq!(likenesses, [60, 50, 45, 40, 0]);
        assert_eq!(likeness("in", "ingress"), 0);
    }
}
