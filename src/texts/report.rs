//! The report in words: for the chat, and what the forms share.

use super::{chat::when, time};
use crate::{
    inspection::finding::{Finding, FindingState, RemedyKind, Severity},
    report::{Gap, Report},
    snapshot::{Resource, Why},
};
use chrono::{DateTime, Utc};
use contract::{Block, Body, Reading, Span};

/// Findings that a chat report shows; the rest is counted, and behind a button.
pub const SHOWN: usize = 8;
/// Resolved ones that it names.
const RESOLVED_SHOWN: usize = 5;
/// Objects that the details of a finding list.
const OBJECTS_SHOWN: usize = 10;

/// `list secrets`.
pub(crate) fn list_of(resource: Resource) -> String {
    format!("list {resource}")
}

/// Why a list is missing.
pub(crate) fn why_unread(why: &Why) -> String {
    match why {
        Why::Forbidden => "forbidden".to_owned(),
        Why::NotServed => "the cluster does not have it".to_owned(),
        Why::SwitchedOff => "switched off in the configuration".to_owned(),
        Why::TimedOut => "not answered in time".to_owned(),
        Why::Failed(reason) => reason.clone(),
    }
}

/// The report as a chat message: what is wrong, what is new, what is solved.
pub fn chat(report: &Report, notice: Option<&str>) -> Body {
    let mut body = Body::new([Block::Paragraph(headline(report))]);
    if let Some(notice) = notice {
        body = body.with(Block::Paragraph(vec![Span::Muted(notice.to_owned())]));
    }
    let roots: Vec<&Finding> = report.roots().collect();
    if !roots.is_empty() {
        body = body.with(Block::paragraph(counts(report)));
        let mut items: Vec<Vec<Span>> =
            roots.iter().take(SHOWN).enumerate().map(|(place, root)| item(report, place, root)).collect();
        if roots.len() > SHOWN {
            items.push(vec![Span::Muted(format!("and {} more", roots.len() - SHOWN))]);
        }
        body = body.with(Block::List(items));
    }
    body.blocks.extend(resolved(report));
    body
}

/// The whole report: every root.
pub fn whole(report: &Report) -> Body {
    let mut body = Body::new([Block::Paragraph(headline(report))]);
    let items: Vec<Vec<Span>> = report.roots().enumerate().map(|(place, root)| item(report, place, root)).collect();
    if !items.is_empty() {
        body = body.with(Block::paragraph(counts(report))).with(Block::List(items));
    }
    body.blocks.extend(resolved(report));
    for gap in &report.gaps {
        body = body.with(Block::paragraph(gap_line(gap)));
    }
    body
}

/// Cluster, time, worst finding, and what could not be read.
pub fn headline(report: &Report) -> Vec<Span> {
    let mut spans =
        vec![Span::Strong(report.cluster.clone()), Span::Plain(format!(", {}: ", time::moment(report.taken_at)))];
    match report.roots().next() {
        Some(worst) => {
            spans.push(Span::Strong(worst.severity.name().to_owned()));
            spans.push(Span::Plain(format!(", {} {}", worst.target, worst.title)));
        }
        None => spans.push(Span::Plain(format!(
            "healthy, nothing found wrong among {} objects; grade {}",
            report.reads.objects,
            report.grade.letter()
        ))),
    }
    if !report.gaps.is_empty() {
        let what: Vec<String> =
            report.gaps.iter().map(|gap| format!("{} ({})", gap.what.trim_start_matches("list "), gap.why)).collect();
        spans.push(Span::Muted(format!("; not read: {}", what.join(", "))));
    }
    spans
}

/// `5 problems: 1 critical, 4 high. 2 new, 3 ongoing, 1 resolved. Grade D, 52 of 100.`
pub fn counts(report: &Report) -> String {
    let total = report.roots().count();
    let by: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .filter_map(|severity| Some((severity, report.count(severity))).filter(|(_, count)| *count > 0))
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let changes = &report.changes;
    let mut text = format!("{total} problem{}: {}. ", if total == 1 { "" } else { "s" }, by.join(", "));
    text.push_str(&format!("{} new, {} ongoing", changes.new, changes.ongoing));
    if !changes.resolved.is_empty() {
        text.push_str(&format!(", {} resolved", changes.resolved.len()));
    }
    if !changes.not_rechecked.is_empty() {
        text.push_str(&format!(", {} not checked again", changes.not_rechecked.len()));
    }
    text.push_str(&format!(". Grade {}, {} of 100.", report.grade.letter(), report.score));
    text
}

fn item(report: &Report, place: usize, root: &Finding) -> Vec<Span> {
    let mut spans = vec![
        Span::Plain(format!("{}. {} ", place + 1, mark(root.severity))),
        Span::Strong(root.target.to_string()),
        Span::Plain(format!(" {}", root.title)),
        Span::Muted(format!(" ({})", age(root, report.taken_at))),
    ];
    let symptoms = symptoms(report, root);
    if symptoms > 0 {
        let plural = if symptoms == 1 { "" } else { "s" };
        spans.push(Span::Muted(format!(", explains {symptoms} other finding{plural}")));
    }
    if let Some(remedy) = root.remedies.first() {
        spans.push(Span::Plain(format!(". {}", remedy.title)));
        if let RemedyKind::Command(command) = &remedy.what {
            spans.push(Span::Plain(": ".to_owned()));
            spans.push(Span::Code(command.clone()));
        }
    }
    spans
}

/// `new, for 25m`, or `since 3 days ago`.
fn age(finding: &Finding, now: DateTime<Utc>) -> String {
    let since = finding.since().map(|since| time::since(since, now));
    match (finding.state, since) {
        (FindingState::New, Some(since)) => format!("new, {since}"),
        (FindingState::New, None) => "new".to_owned(),
        (FindingState::Ongoing, Some(since)) => since,
        (FindingState::Ongoing, None) => format!("first seen {} ago", time::span(now - finding.first_seen)),
    }
}

/// How many findings lie below this root.
pub(crate) fn symptoms(report: &Report, root: &Finding) -> usize {
    let below = |finding: &&Finding| !finding.is_root() && report.root_of(finding).fingerprint == root.fingerprint;
    report.findings.iter().filter(below).count()
}

/// What can be seen from across the room.
pub(crate) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴",
        Severity::High => "🟠",
        Severity::Medium => "🟡",
        Severity::Low | Severity::Info => "⚪",
    }
}

fn resolved(report: &Report) -> Option<Block> {
    let list = &report.changes.resolved;
    if list.is_empty() {
        return None;
    }
    let mut items: Vec<Vec<Span>> = list
        .iter()
        .take(RESOLVED_SHOWN)
        .map(|one| {
            let lasted = time::span(report.taken_at - one.first_seen);
            vec![
                Span::Plain("✅ resolved: ".to_owned()),
                Span::Strong(one.target.to_string()),
                Span::Plain(format!(" {}", one.title)),
                Span::Muted(format!(" (first seen {lasted} ago)")),
            ]
        })
        .collect();
    if list.len() > RESOLVED_SHOWN {
        items.push(vec![Span::Muted(format!("and {} more resolved", list.len() - RESOLVED_SHOWN))]);
    }
    Some(Block::List(items))
}

pub(crate) fn gap_line(gap: &Gap) -> String {
    let checks: Vec<&str> = gap.checks.iter().map(crate::inspection::finding::CheckId::as_str).collect();
    format!("Could not {}: {}. Not checked: {}.", gap.what, gap.why, checks.join(", "))
}

/// Everything about one finding.
pub fn details(report: &Report, finding: &Finding) -> Body {
    let mut body = Body::new([Block::Paragraph(vec![
        Span::Plain(format!("{} ", mark(finding.severity))),
        Span::Strong(finding.target.to_string()),
        Span::Plain(format!(" {}", finding.title)),
        Span::Muted(format!(
            "\n{}, {}, {}; {} in {}",
            finding.severity,
            finding.id,
            age(finding, report.taken_at),
            time::moment(report.taken_at),
            report.cluster
        )),
    ])]);
    let readings: Vec<Reading> = finding
        .evidence
        .iter()
        .map(|fact| Reading {
            field: fact.field.clone(),
            value: match fact.since {
                Some(since) => format!("{} ({})", fact.value, time::since(since, report.taken_at)),
                None => fact.value.clone(),
            },
        })
        .collect();
    if !readings.is_empty() {
        body = body.with(Block::Evidence(readings));
    }
    let objects: Vec<String> = finding
        .objects
        .iter()
        .take(OBJECTS_SHOWN)
        .map(|object| match &object.container {
            Some(container) => format!("{} (container {container})", object.target()),
            None => object.target().to_string(),
        })
        .collect();
    let more = finding.objects.len().saturating_sub(OBJECTS_SHOWN);
    if finding.objects.len() > 1 || finding.objects.first().is_some_and(|object| object.target() != finding.target) {
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        body = body.with(Block::paragraph(format!("Seen on: {}{tail}.", objects.join(", "))));
    }
    let children: Vec<Vec<Span>> = report
        .children(&finding.fingerprint)
        .map(|child| vec![Span::Strong(child.target.to_string()), Span::Plain(format!(" {}", child.title))])
        .collect();
    if !children.is_empty() {
        body = body.with(Block::paragraph("It explains:")).with(Block::List(children));
    }
    let remedies: Vec<Vec<Span>> = finding
        .remedies
        .iter()
        .map(|remedy| {
            let mut spans = vec![Span::Plain(remedy.title.clone())];
            if let RemedyKind::Command(command) = &remedy.what {
                spans.push(Span::Plain(": ".to_owned()));
                spans.push(Span::Code(command.clone()));
            }
            spans
        })
        .collect();
    if !remedies.is_empty() {
        body = body.with(Block::paragraph("What to do:")).with(Block::List(remedies));
    }
    body
}

/// What *Explain* asks for a person.
pub fn explain_question(finding: &Finding) -> String {
    let target = &finding.target;
    let place = target.namespace.as_ref().map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
    format!("Why {} {}{place} {}? What is the cause, and what can be done?", target.kind, target.name, finding.title)
}

/// Said before a report that is late, or after some that were missed.
pub fn notice(late: Option<DateTime<Utc>>, missed: &[DateTime<Utc>]) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(planned_at) = late {
        parts.push(format!("This report is late: it was due {}.", when(Some(planned_at), None)));
    }
    match missed {
        [] => {}
        [one] => parts.push(format!("The report due {} was missed: I was not running.", when(Some(*one), None))),
        [first, .., last] => parts.push(format!(
            "{} reports were missed, from {} to {}: I was not running.",
            missed.len(),
            when(Some(*first), None),
            when(Some(*last), None)
        )),
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Said before the report that follows a repair.
pub fn after_repair(proposal: &str) -> String {
    format!("Looked again after the repair {proposal}.")
}

/// The inspection could not be made at all.
pub fn not_inspected(cluster: &str, error: &str, notice: Option<&str>) -> Body {
    let mut body = Body::new([Block::Paragraph(vec![
        Span::Strong(cluster.to_owned()),
        Span::Plain(format!(" could not be inspected: {error}")),
    ])]);
    if let Some(notice) = notice {
        body = body.with(Block::Paragraph(vec![Span::Muted(notice.to_owned())]));
    }
    body
}

/// There is no report to show.
pub fn none_yet(cluster: &str) -> Body {
    Body::text(format!("There is no report of {cluster} yet. /inspect {cluster} makes one."))
}
