//! What the written forms of a report say around it: headings, notes, the help of the figures.

use super::{attention, checks::of_set, gaps, report, time};
use crate::finding::{Evidence, Finding, ObjectRef};
use crate::report::{Report, Resolved, Tree};

pub(crate) const FINDINGS: &str = "Findings";
pub(crate) const WHAT_TO_DO: &str = "What to do";
pub(crate) const EVIDENCE: &str = "Evidence";
pub(crate) const OBJECTS: &str = "Where it shows";
pub(crate) const FOLLOWS: &str = "What follows from it";
pub(crate) const RESOLVED: &str = "Resolved since the last inspection";
pub(crate) const SCORE: &str = "Score";
pub(crate) const POINTS: &str = "Where the points went";
pub(crate) const NOT_CHECKED: &str = "Not checked";
pub(crate) const BY_SEVERITY: &str = "By severity";
pub(crate) const BY_NAMESPACE: &str = "By namespace";
pub(crate) const TREND: &str = "The last days";
pub(crate) const CLUSTER_WIDE: &str = "whole cluster";

/// `prod, 2026-11-23 09:00 UTC`.
pub(crate) fn title(report: &Report) -> String {
    format!("{}{}, {}", report.cluster, of_set(report.set), time::moment(report.taken_at))
}

/// The first sentence with a capital, what could not be read, and what is kept out.
pub(crate) fn verdict(report: &Report) -> String {
    let verdict = report::verdict(report);
    let mut letters = verdict.chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    let unread = gaps::unread(&report.gaps).map(|unread| format!(" {unread}")).unwrap_or_default();
    let kept_out = attention::kept_out(report).map(|kept_out| format!(" {kept_out}")).unwrap_or_default();
    format!("{first}{}{unread}{kept_out}", letters.as_str())
}

/// `new, for 3h, pod/image-pull`.
pub(crate) fn label(report: &Report, tree: &Tree<'_>) -> String {
    format!("{}, {}", report::state(report, tree), tree.root.id)
}

/// `, for 3h` or `, 3h ago`, where the fact says since when.
pub(crate) fn since(report: &Report, fact: &Evidence) -> String {
    fact.since.map(|since| format!(", {}", time::of_field(&fact.field, since, report.taken_at))).unwrap_or_default()
}

/// Where a finding shows, unless that is said already: at what it is about, and nowhere else.
pub(crate) fn objects(finding: &Finding) -> Vec<String> {
    match finding.objects.as_slice() {
        [only] if only.container.is_none() && only.target() == finding.target => Vec::new(),
        objects => objects.iter().map(object).collect(),
    }
}

/// `Pod shop/api-x, container api`.
fn object(object: &ObjectRef) -> String {
    match &object.container {
        Some(container) => format!("{}, container {container}", object.target()),
        None => object.target().to_string(),
    }
}

/// `known for 3d`.
pub(crate) fn known(report: &Report, resolved: &Resolved) -> String {
    format!("known {}", time::since(resolved.first_seen, report.taken_at))
}

/// What stands for the rest of a long list.
pub(crate) fn more(count: usize) -> String {
    format!("and {count} more; the JSON form has all")
}

/// What it cost.
pub(crate) fn cost(report: &Report) -> String {
    let reads = report.reads;
    format!(
        "Read {} objects in {} requests, {} bytes; {} checks ran; {} ms.",
        reads.objects,
        reads.requests,
        reads.bytes,
        report.ran.len(),
        report.duration_ms
    )
}

/// The score in a chart, for those who cannot see it.
pub(crate) fn scale(report: &Report) -> String {
    format!("Score {} of 100, grade {}", report.score, report.grade)
}
