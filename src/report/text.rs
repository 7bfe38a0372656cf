//! The report for a terminal: everything, the worst first, in plain text or with colours.

use super::{Report, Tree};
use crate::inspection::finding::{Evidence, RemedyKind, Severity};
use crate::texts::{attention, report as texts, time};

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Characters only: a file, a pipe.
    Plain,
    /// With ANSI colours: a terminal.
    Ansi,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn severity(self, severity: Severity) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.paint(code, &format!("{:8}", severity.name().to_uppercase()))
    }
}

/// The report as text, with a line feed at its end.
pub fn write(report: &Report, style: Style) -> String {
    let trees = report.trees();
    let all: Vec<&Tree<'_>> = trees.iter().collect();
    let shown: Vec<&Tree<'_>> = trees.iter().filter(|tree| tree.severity > Severity::Info).collect();
    let mut lines = vec![{
        let unread = texts::unread(&report.gaps).map(|unread| format!(" {unread}")).unwrap_or_default();
        let kept_out = attention::kept_out(report).map(|kept_out| format!(" {kept_out}")).unwrap_or_default();
        let head = format!("{}, {}:", report.cluster, time::moment(report.taken_at));
        format!("{} {}{unread}{kept_out}", style.strong(&head), texts::verdict(report, &shown))
    }];
    if !all.is_empty() {
        lines.push(texts::summary(report, &all));
    }
    for tree in &all {
        lines.push(String::new());
        lines.extend(tree_lines(report, tree, style));
    }
    if !report.changes.resolved.is_empty() {
        lines.push(String::new());
    }
    for resolved in &report.changes.resolved {
        let tag = style.paint("32", &format!("{:8}", "RESOLVED"));
        lines.push(format!("{tag} {}: {}", style.strong(&resolved.target.to_string()), resolved.title));
    }
    if !report.changes.not_rechecked.is_empty() {
        lines.push(String::new());
        lines.push(texts::not_rechecked(report.changes.not_rechecked.len()));
    }
    lines.push(String::new());
    let reads = report.reads;
    let cost = format!(
        "{} objects, {} requests, {} bytes, {} ms",
        reads.objects, reads.requests, reads.bytes, report.duration_ms
    );
    lines.push(style.faint(&cost));
    lines.join("\n") + "\n"
}

fn tree_lines(report: &Report, tree: &Tree<'_>, style: Style) -> Vec<String> {
    const INDENT: &str = "         ";
    let root = tree.root;
    let mut lines = vec![format!(
        "{} {}: {} {}",
        style.severity(tree.severity),
        style.strong(&root.target.to_string()),
        root.title,
        style.faint(&format!("({}, {})", texts::state(report, tree), root.id)),
    )];
    let facts = root.evidence.iter().map(|fact| format!("{INDENT}{}", style.faint(&fact_line(report, fact))));
    lines.extend(facts);
    for child in &tree.explains {
        lines.push(format!("{INDENT}└ {} {}: {}", child.severity, child.target, child.title));
    }
    for remedy in &root.remedies {
        lines.push(format!("{INDENT}→ {}", remedy.title));
        if let RemedyKind::Command(command) = &remedy.what {
            lines.push(format!("{INDENT}  $ {command}"));
        }
    }
    lines
}

fn fact_line(report: &Report, fact: &Evidence) -> String {
    let value = fact.value.replace('\n', " ");
    match fact.since {
        Some(since) => format!("{}: {value}, {}", fact.field, time::since(since, report.taken_at)),
        None => format!("{}: {value}", fact.field),
    }
}
