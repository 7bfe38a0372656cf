//! The report in words: for the chat, and what the forms share.

use super::{chat::when, time};
use crate::inspection::checks;
use crate::inspection::finding::{Finding, FindingState, RemedyKind, Severity};
use crate::report::{Gap, Offer, Report, Tree};
use crate::schedule::Missed;
use crate::snapshot::{Resource, Why};
use chrono::{DateTime, Utc};
use contract::{Block, Body, Reading, Span};

/// As many roots as a chat message shows; the rest is counted.
pub const SHOWN: usize = 8;

/// `list secrets`.
pub(crate) fn list_of(resource: Resource) -> String {
    format!("list {resource}")
}

/// Why a list is missing.
pub(crate) fn why_unread(why: &Why) -> String {
    match why {
        Why::Forbidden => "forbidden".to_owned(),
        Why::NotServed => "the cluster does not have it".to_owned(),
        Why::SwitchedOff => "switched off".to_owned(),
        Why::NotConfigured => "not configured".to_owned(),
        Why::TimedOut => "not answered in time".to_owned(),
        Why::Failed(reason) => reason.clone(),
    }
}

/// The report as a chat message: first cluster, time, the worst, and what could not be read; then the worst roots; what
/// is resolved. `notices` come after the first line: that it is late, that an earlier one was missed.
pub fn chat(report: &Report, notice: Option<&str>) -> Body {
    told(report, notice, SHOWN)
}

/// The whole report: every root, and what was not checked.
pub fn whole(report: &Report) -> Body {
    let mut body = told(report, None, usize::MAX);
    for gap in &report.gaps {
        let checks: Vec<&str> = gap.checks.iter().map(crate::inspection::finding::CheckId::as_str).collect();
        let line = format!("Could not {}: {}. Not checked: {}.", gap.what, gap.why, checks.join(", "));
        body = body.with(Block::Paragraph(vec![Span::Muted(line)]));
    }
    body
}

fn told(report: &Report, notice: Option<&str>, most: usize) -> Body {
    let trees = report.trees();
    let shown: Vec<&Tree<'_>> = trees.iter().filter(|tree| tree.severity > Severity::Info).collect();
    let mut first =
        vec![Span::Strong(report.cluster.clone()), Span::Plain(format!(", {}: ", time::moment(report.taken_at)))];
    first.push(Span::Plain(verdict(report, &shown)));
    if let Some(unread) = unread(&report.gaps) {
        first.push(Span::Plain(format!(" {unread}")));
    }
    let mut body = Body::new([Block::Paragraph(first)]);
    if let Some(notice) = notice {
        body = body.with(Block::Paragraph(vec![Span::Muted(notice.to_owned())]));
    }
    if !shown.is_empty() {
        body = body.with(Block::paragraph(summary(report, &shown)));
        let items = shown.iter().take(most).enumerate().map(|(place, tree)| item(report, place, tree));
        body = body.with(Block::List(items.collect()));
        if let Some(rest) = shown.get(most..).filter(|rest| !rest.is_empty()) {
            body = body.with(Block::paragraph(format!("And {} more: {}.", rest.len(), counts(rest))));
        }
    }
    body.blocks.extend(gone(report));
    body
}

/// All about one finding.
pub fn details(report: &Report, finding: &Finding) -> Body {
    const OBJECTS: usize = 20;
    let now = report.taken_at;
    let alone = Tree { root: finding, severity: finding.severity, explains: Vec::new() };
    let mut head = vec![
        Span::Strong(format!("{} {}", finding.severity, finding.target)),
        Span::Plain(format!(": {}", finding.title)),
        Span::Muted(format!("\n{}, {}, {}", report.cluster, finding.id, state(report, &alone))),
    ];
    if let Some(cause) = finding.caused_by.as_ref().and_then(|cause| report.find(cause)) {
        head.push(Span::Plain(format!("\nCaused by {}: {}", cause.target, cause.title)));
    }
    let mut body = Body::new([Block::Paragraph(head)]);
    if let Some(check) = checks::find(&finding.id) {
        body = body.with(Block::paragraph(check.means));
    }
    let reading = |fact: &crate::inspection::finding::Evidence| Reading {
        field: fact.field.clone(),
        value: match fact.since {
            Some(since) => format!("{}, {}", fact.value, time::since(since, now)),
            None => fact.value.clone(),
        },
    };
    if !finding.evidence.is_empty() {
        body = body.with(Block::Evidence(finding.evidence.iter().map(reading).collect()));
    }
    let objects = finding.objects.iter().take(OBJECTS).map(|object| {
        let container =
            object.container.as_ref().map(|container| format!(", container {container}")).unwrap_or_default();
        vec![Span::Plain(format!("{}{container}", object.target()))]
    });
    let mut objects: Vec<Vec<Span>> = objects.collect();
    if finding.objects.len() > OBJECTS {
        objects.push(vec![Span::Muted(format!("and {} more", finding.objects.len() - OBJECTS))]);
    }
    if !objects.is_empty() {
        body = body.with(Block::List(objects));
    }
    let remedies: Vec<Vec<Span>> =
        finding.remedies.iter().map(|remedy| remedy_line(&remedy.title, &remedy.what)).collect();
    if !remedies.is_empty() {
        body = body.with(Block::paragraph("What to do:")).with(Block::List(remedies));
    }
    body
}

/// What a button says.
pub fn label(offer: &Offer) -> &'static str {
    match offer {
        Offer::Details => "Details",
        Offer::Explain => "Explain",
        Offer::Fix(_) => "Fix…",
    }
}

/// The first sentence: the worst, or that all is well.
pub(crate) fn verdict(report: &Report, shown: &[&Tree<'_>]) -> String {
    match shown.first() {
        Some(tree) => format!("{} in {}: {}.", tree.severity, tree.root.target, tree.root.title),
        None if report.reads.objects == 0 && !report.gaps.is_empty() => "nothing could be inspected.".to_owned(),
        None => format!("all is well (score {}, {}).", report.score, report.grade),
    }
}

/// `Not read: secrets (forbidden).`
pub(crate) fn unread(gaps: &[Gap]) -> Option<String> {
    let lists: Vec<String> =
        gaps.iter().map(|gap| format!("{} ({})", gap.what.trim_start_matches("list "), gap.why)).collect();
    (!lists.is_empty()).then(|| format!("Not read: {}.", lists.join(", ")))
}

/// `Score 61 (C): 1 critical, 2 high; 1 new, 2 known, 1 resolved.`
pub(crate) fn summary(report: &Report, shown: &[&Tree<'_>]) -> String {
    let changes = &report.changes;
    let mut parts = Vec::new();
    if changes.new > 0 {
        parts.push(format!("{} new", changes.new));
    }
    if changes.ongoing > 0 {
        parts.push(format!("{} known", changes.ongoing));
    }
    if !changes.resolved.is_empty() {
        parts.push(format!("{} resolved", changes.resolved.len()));
    }
    let changes = if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) };
    format!("Score {} ({}): {}{changes}.", report.score, report.grade, counts(shown))
}

/// `1 critical, 2 high`.
pub(crate) fn counts(trees: &[&Tree<'_>]) -> String {
    let count = |severity: Severity| trees.iter().filter(|tree| tree.severity == severity).count();
    let each = Severity::WORST_FIRST.into_iter().map(|severity| (count(severity), severity));
    each.filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {severity}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `new, for 3h`; `known, for 3d`.
pub(crate) fn state(report: &Report, tree: &Tree<'_>) -> String {
    let since = tree.since().map(|since| format!(", {}", time::since(since, report.taken_at))).unwrap_or_default();
    match tree.root.state {
        FindingState::New => format!("new{since}"),
        FindingState::Ongoing => format!("known{since}"),
    }
}

/// What follows from a root: the worst of it in words if it is worse than the root, the rest by name.
pub(crate) fn consequences(tree: &Tree<'_>) -> Option<String> {
    const NAMED: usize = 4;
    let worst = tree.explains.iter().filter(|finding| finding.severity > tree.root.severity);
    let worst = worst.max_by_key(|finding| finding.severity);
    let mut others: Vec<String> = Vec::new();
    for finding in &tree.explains {
        let name = finding.target.to_string();
        if finding.target != tree.root.target
            && worst.is_none_or(|worst| worst.target != finding.target)
            && !others.contains(&name)
        {
            others.push(name);
        }
    }
    let more = others.len().saturating_sub(NAMED);
    others.truncate(NAMED);
    if more > 0 {
        others.push(format!("{more} more"));
    }
    let worst = worst.map(|worst| {
        if worst.target == tree.root.target {
            worst.title.clone()
        } else {
            format!("{}: {}", worst.target, worst.title)
        }
    });
    let others = (!others.is_empty()).then(|| format!("also hurt: {}", others.join(", ")));
    let parts: Vec<String> = [worst, others].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn item(report: &Report, place: usize, tree: &Tree<'_>) -> Vec<Span> {
    let root = tree.root;
    let mut spans = vec![
        Span::Plain(format!("{}. {} ", place + 1, mark(tree.severity))),
        Span::Strong(format!("{} {}", tree.severity, root.target)),
        Span::Plain(format!(": {}", root.title)),
        Span::Muted(format!(" ({})", state(report, tree))),
    ];
    if let Some(consequences) = consequences(tree) {
        spans.push(Span::Plain(format!("\n{consequences}")));
    }
    if let Some(remedy) = root.remedies.first() {
        spans.push(Span::Plain(format!("\n→ {}", remedy.title)));
    }
    spans
}

/// What became of earlier findings.
fn gone(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    let changes = &report.changes;
    if !changes.resolved.is_empty() {
        let items = changes.resolved.iter().take(SHOWN).map(|resolved| {
            let seen = time::since(resolved.first_seen, report.taken_at);
            vec![
                Span::Strong(resolved.target.to_string()),
                Span::Plain(format!(": {}", resolved.title)),
                Span::Muted(format!(" (known {seen})")),
            ]
        });
        let mut items: Vec<Vec<Span>> = items.collect();
        if changes.resolved.len() > SHOWN {
            items.push(vec![Span::Muted(format!("and {} more", changes.resolved.len() - SHOWN))]);
        }
        blocks.push(Block::paragraph("Resolved since the last inspection:"));
        blocks.push(Block::List(items));
    }
    if !changes.not_rechecked.is_empty() {
        blocks.push(Block::Paragraph(vec![Span::Muted(not_rechecked(changes.not_rechecked.len()))]));
    }
    blocks
}

/// Earlier findings of which nobody knows.
pub(crate) fn not_rechecked(count: usize) -> String {
    match count {
        1 => "1 earlier finding was not looked at again this time.".to_owned(),
        count => format!("{count} earlier findings were not looked at again this time."),
    }
}

fn remedy_line(title: &str, what: &RemedyKind) -> Vec<Span> {
    match what {
        RemedyKind::Command(command) => {
            vec![Span::Plain(format!("{title} ")), Span::Code(command.clone())]
        }
        RemedyKind::Action(_) => vec![Span::Plain(title.to_owned())],
    }
}

/// What can be seen from across the room.
fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴",
        Severity::High => "🟠",
        Severity::Medium => "🟡",
        Severity::Low | Severity::Info => "⚪",
    }
}

/// What *Explain* asks for a person.
pub fn explain_question(finding: &Finding) -> String {
    let target = &finding.target;
    let place = target.namespace.as_ref().map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
    format!("Why {} {}{place} {}? What is the cause, and what can be done?", target.kind, target.name, finding.title)
}

/// Why reports were missed.
const AWAY: &str = "I was not running, or could not post here";

/// Said before a report that is late, or after some that were missed.
pub fn notice(late: Option<DateTime<Utc>>, missed: Option<Missed>) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(planned_at) = late {
        parts.push(format!("This report is late: it was due {}.", when(Some(planned_at), None)));
    }
    match missed {
        None => {}
        Some(Missed { first, count: 1 }) => {
            parts.push(format!("The report due {} was missed: {AWAY}.", when(Some(first), None)));
        }
        Some(Missed { first, count }) => {
            parts.push(format!("{count} reports were missed, the first due {}: {AWAY}.", when(Some(first), None)))
        }
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
