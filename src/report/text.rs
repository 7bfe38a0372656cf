//! The report for a terminal.

use super::Report;
use crate::{
    inspection::finding::{Finding, RemedyKind, Severity},
    texts::{report as texts, time},
};
use contract::Span;

/// With or without colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Letters only.
    Plain,
    /// ANSI escape sequences.
    Ansi,
}

const BOLD: &str = "1";
const DIM: &str = "2";

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    fn severity(self, severity: Severity) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.paint(code, &format!("{severity:<8}"))
    }
}

/// The whole report, with a line feed at its end.
pub fn render(report: &Report, style: Style) -> String {
    let mut lines = vec![headline(report, style)];
    if report.roots().next().is_some() {
        lines.push(texts::counts(report));
        for root in report.roots() {
            lines.push(String::new());
            finding(report, root, 0, style, &mut lines);
        }
    }
    if !report.changes.resolved.is_empty() {
        lines.push(String::new());
        for one in &report.changes.resolved {
            let lasted = time::span(report.taken_at - one.first_seen);
            let said = format!("{} {} (first seen {lasted} ago)", one.target, one.title);
            lines.push(format!("{} {said}", style.paint("32", "resolved")));
        }
    }
    if !report.gaps.is_empty() {
        lines.push(String::new());
        lines.extend(report.gaps.iter().map(|gap| style.paint(DIM, &texts::gap_line(gap))));
    }
    let reads = &report.reads;
    lines.push(String::new());
    let cost = format!(
        "read {} objects in {} requests, {} kB, {} ms",
        reads.objects,
        reads.requests,
        reads.bytes.div_ceil(1024),
        report.duration_ms
    );
    lines.push(style.paint(DIM, &cost));
    lines.join("\n") + "\n"
}

fn headline(report: &Report, style: Style) -> String {
    texts::headline(report)
        .iter()
        .map(|span| match span {
            Span::Strong(text) => style.paint(BOLD, text),
            Span::Muted(text) => style.paint(DIM, text),
            Span::Plain(text) | Span::Code(text) | Span::Link { text, .. } => text.clone(),
        })
        .collect()
}

/// A finding and, further in, what it explains.
fn finding(report: &Report, one: &Finding, depth: usize, style: Style, lines: &mut Vec<String>) {
    let margin = "    ".repeat(depth);
    let lead = if depth == 0 { style.severity(one.severity) } else { "explains".to_owned() };
    lines.push(format!("{margin}{lead} {} {}", style.paint(BOLD, &one.target.to_string()), one.title));
    let inner = format!("{margin}         ");
    if depth == 0 {
        for fact in &one.evidence {
            let since = fact.since.map_or(String::new(), |since| format!(" ({})", time::since(since, report.taken_at)));
            let said = format!("{}: {}{since}", fact.field, fact.value);
            lines.push(format!("{inner}{}", style.paint(DIM, &said)));
        }
        for remedy in &one.remedies {
            match &remedy.what {
                RemedyKind::Command(command) => lines.push(format!("{inner}→ {}: {command}", remedy.title)),
                RemedyKind::Action(_) => lines.push(format!("{inner}→ {}", remedy.title)),
            }
        }
    }
    // Causes form a tree that no check makes deep; a report from a file could be a ring.
    if depth < 6 {
        for child in report.children(&one.fingerprint) {
            finding(report, child, depth + 1, style, lines);
        }
    }
}
