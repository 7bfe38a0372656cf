//! The report in words: for the chat, and what the forms share.

use super::{attention, chat::when, checks::of_set, gaps, numbered::by_number, time, visible};
use crate::finding::command;
use crate::finding::{Finding, FindingState, Severity};
use crate::forms::{Form, Offer};
use crate::inspection::attention::Silence;
use crate::report::CheckSet;
use crate::report::{Report, Resolved, Tree};
use crate::schedule::Missed;
use chrono::{DateTime, Utc};
use contract::{Block, Body, Span};

/// As many roots as a report in a chat shows; the rest is counted.
pub const SHOWN: usize = 8;
/// As many as the whole report in a chat shows: the file has the rest.
pub const WHOLE: usize = 40;
/// As many of them as have buttons of their own.
pub const WITH_BUTTONS: usize = 3;

/// The report as a chat message: first cluster, time, the worst, and what could not be read; then the worst roots, a
/// card each, with the numbers that the buttons name; what is resolved. `notice` comes after the first line: that it is
/// late, that an earlier one was missed.
pub fn chat(report: &Report, notice: Option<&str>) -> Body {
    let trees = report.trees();
    let shown: Vec<&Tree<'_>> = trees.iter().filter(|tree| tree.severity > Severity::Info).collect();
    let mut body = told(report, notice, &shown, SHOWN, &[]);
    body.blocks.extend((shown.len() > WITH_BUTTONS).then(|| by_number(WITH_BUTTONS + 1)));
    visible::body(body)
}

/// The whole report, notes too, and what was not checked; what was silenced since it was made is marked.
pub fn whole(report: &Report, silences: &[Silence]) -> Body {
    let trees = report.trees();
    let shown: Vec<&Tree<'_>> = trees.iter().collect();
    let mut body = told(report, None, &shown, WHOLE, silences);
    body.blocks.extend((!shown.is_empty()).then(|| by_number(1)));
    body.blocks.extend(attention::kept_out_list(report));
    for gap in gaps::sentences(report) {
        body = body.with(Block::Paragraph(vec![Span::Muted(gap)]));
    }
    visible::body(body)
}

fn told(report: &Report, notice: Option<&str>, shown: &[&Tree<'_>], most: usize, silences: &[Silence]) -> Body {
    let about = format!("{}, {}: ", of_set(report.set), time::moment(report.taken_at));
    let mut first = vec![Span::Strong(report.cluster.clone()), Span::Plain(about)];
    first.push(Span::Plain(verdict(report)));
    if let Some(unread) = gaps::unread(&report.gaps) {
        first.push(Span::Plain(format!(" {unread}")));
    }
    if let Some(kept_out) = attention::kept_out(report) {
        first.push(Span::Muted(format!(" {kept_out}")));
    }
    let mut body = Body::new([Block::Paragraph(first)]);
    if let Some(notice) = notice {
        body = body.with(Block::Paragraph(vec![Span::Muted(notice.to_owned())]));
    }
    if !shown.is_empty() {
        body = body.with(Block::paragraph(summary(report, shown)));
        let cards = shown.iter().take(most).enumerate().map(|(place, tree)| card(report, place, tree, silences));
        body.blocks.extend(cards);
        if let Some(rest) = shown.get(most..).filter(|rest| !rest.is_empty()) {
            body = body.with(Block::paragraph(format!("And {} more: {}.", rest.len(), counts(rest))));
        }
    }
    let silenced = shown.iter().filter(|tree| attention::silenced_since(tree.root, silences).is_some()).count();
    if silenced > 0 {
        body = body.with(Block::Paragraph(vec![Span::Muted(attention::silenced_since_count(silenced))]));
    }
    body.blocks.extend(gone(report));
    body
}

/// What a button says.
pub fn label(offer: &Offer<'_>) -> String {
    match offer {
        Offer::Details => "Details".to_owned(),
        Offer::Explain => "Explain".to_owned(),
        Offer::Fix(change) => super::cures::button(change, None),
    }
}

/// The first sentence: the worst, as what is broken and why, or that all is well.
pub(crate) fn verdict(report: &Report) -> String {
    let trees = report.trees();
    match trees.first().filter(|tree| tree.severity > Severity::Info) {
        Some(tree) => {
            let (root, severity) = (tree.root, tree.severity);
            match worse(tree) {
                None => format!("{severity} in {}: {}.", root.target, root.title),
                Some(worst) if worst.target == root.target => {
                    format!("{severity} in {}: {}, because {}.", root.target, worst.title, root.title)
                }
                Some(worst) => {
                    let cause = format!("{}: {}", root.target, root.title);
                    format!("{severity} in {}: {}, because of {cause}.", worst.target, worst.title)
                }
            }
        }
        None if report.reads.objects == 0 && !report.gaps.is_empty() => "nothing could be inspected.".to_owned(),
        None if gaps::failed(&report.gaps).is_some() => {
            format!("what could be read is well (score {}, {}).", report.score, report.grade)
        }
        None => format!("all is well (score {}, {}).", report.score, report.grade),
    }
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
    let state = match tree.root.state {
        FindingState::New => format!("new{since}"),
        FindingState::Ongoing => format!("known{since}"),
    };
    [state].into_iter().chain(attention::notes(tree.root)).collect::<Vec<_>>().join("; ")
}

/// The worst that follows from a root, where it is worse than the root itself.
pub(crate) fn worse<'a>(tree: &Tree<'a>) -> Option<&'a Finding> {
    let worse = tree.explains.iter().filter(|finding| finding.severity > tree.root.severity);
    worse.max_by_key(|finding| finding.severity).copied()
}

/// What follows from a root: the worst of it in words if it is worse than the root or an outage, the rest by name.
pub(crate) fn consequences(tree: &Tree<'_>) -> Option<String> {
    const NAMED: usize = 4;
    let outage = || tree.explains.iter().rfind(|finding| finding.severity == Severity::Critical).copied();
    let worst = worse(tree).or_else(outage);
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
            format!("So {}.", worst.title)
        } else {
            format!("So {}: {}.", worst.target, worst.title)
        }
    });
    let others = (!others.is_empty()).then(|| format!("Also hurt: {}.", others.join(", ")));
    let parts: Vec<String> = [worst, others].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A root with what follows from it, what to do first, and the command to look.
fn card(report: &Report, place: usize, tree: &Tree<'_>, silences: &[Silence]) -> Block {
    let root = tree.root;
    let silenced = attention::silenced_since(root, silences).map(|since| format!("; {since}")).unwrap_or_default();
    let mut spans = vec![
        Span::Plain(format!("{}. {} ", place + 1, mark(tree.severity))),
        Span::Strong(format!("{} {}", tree.severity, root.target)),
        Span::Plain(format!(": {}", root.title)),
        Span::Muted(format!(" ({}{silenced})", state(report, tree))),
    ];
    if let Some(consequences) = consequences(tree) {
        spans.push(Span::Plain(format!("\n{consequences}")));
    }
    if let Some(remedy) = root.remedies.first() {
        spans.push(Span::Plain(format!("\n→ {}\n", remedy.title)));
        spans.push(Span::Code(command::of(remedy).into_owned()));
    }
    Block::Paragraph(spans)
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
    if !changes.too_early.is_empty() {
        blocks.push(Block::Paragraph(vec![Span::Muted(too_early(&changes.too_early))]));
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

/// Earlier findings that are not there, and that only a longer run would show.
pub(crate) fn too_early(unproven: &[Resolved]) -> String {
    let mut named: Vec<String> =
        unproven.iter().take(SHOWN).map(|each| format!("{} ({})", each.target, each.title)).collect();
    if unproven.len() > SHOWN {
        named.push(format!("and {} more", unproven.len() - SHOWN));
    }
    format!("Too early to call it gone, the containers have only just been started: {}.", named.join("; "))
}

/// What can be seen from across the room.
pub(super) fn mark(severity: Severity) -> &'static str {
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

/// The report as a file.
pub fn file(report: &Report, form: Form, bytes: Vec<u8>) -> Body {
    let name = format!("{}-{}.{}", report.cluster, report.taken_at.format("%Y-%m-%d-%H%M"), form.ending());
    Body::new([
        Block::Paragraph(vec![
            Span::Strong(report.cluster.clone()),
            Span::Plain(format!(
                "{}, {}: the whole report as a file.",
                of_set(report.set),
                time::moment(report.taken_at)
            )),
        ]),
        Block::File { name, media_type: form.media_type().to_owned(), bytes },
    ])
}

/// There is no report to show.
pub fn none_yet(cluster: &str, set: CheckSet) -> Body {
    let option = if set.is_daily() { String::new() } else { format!(" --set {set}") };
    Body::text(format!("There is no report of {cluster}{} yet. /inspect {cluster}{option} makes one.", of_set(set)))
}
