//! The report for a terminal: everything, the worst first, in plain text or with colours.

use super::View;
use crate::finding::Severity;
use crate::finding::command;
use crate::report::{Report, Tree, score};
use crate::texts::{attention, checks::of_set, forms, gaps, report as texts, score as words, time, visible::line};

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
pub fn write(report: &Report, view: &View) -> String {
    let style = view.style;
    let trees = report.trees();
    let all: Vec<&Tree<'_>> = trees.iter().collect();
    let mut lines = vec![{
        let unread = gaps::unread(&report.gaps).map(|unread| format!(" {unread}")).unwrap_or_default();
        let kept_out = attention::kept_out(report).map(|kept_out| format!(" {kept_out}")).unwrap_or_default();
        let set = of_set(report.set);
        let head = format!("{}{set}, {}:", line(&report.cluster), time::moment(report.taken_at));
        format!("{} {}", style.strong(&head), line(&format!("{}{unread}{kept_out}", texts::verdict(report))))
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
        let target = resolved.target.to_string();
        lines.push(format!("{tag} {}: {}", style.strong(&line(&target)), line(&resolved.title)));
    }
    if !report.changes.not_rechecked.is_empty() {
        lines.push(String::new());
        lines.push(texts::not_rechecked(report.changes.not_rechecked.len()));
    }
    if !report.changes.too_early.is_empty() {
        lines.push(String::new());
        lines.push(line(&texts::too_early(&report.changes.too_early)).into_owned());
    }
    if view.explain_score {
        lines.push(String::new());
        lines.extend(score_lines(report));
    }
    if !report.gaps.is_empty() {
        lines.push(String::new());
        lines.extend(gaps::sentences(report).iter().map(|gap| line(gap).into_owned()));
    }
    lines.push(String::new());
    lines.push(style.faint(&forms::cost(report)));
    lines.join("\n") + "\n"
}

fn tree_lines(report: &Report, tree: &Tree<'_>, style: Style) -> Vec<String> {
    const INDENT: &str = "         ";
    let root = tree.root;
    let mut lines = vec![format!(
        "{} {}: {} {}",
        style.severity(tree.severity),
        style.strong(&line(&root.target.to_string())),
        line(&root.title),
        style.faint(&format!("({})", line(&forms::label(report, tree)))),
    )];
    lines.extend(root.evidence.iter().map(|fact| {
        let fact = format!("{}: {}{}", fact.field, fact.value, forms::since(report, fact));
        format!("{INDENT}{}", style.faint(&line(&fact)))
    }));
    for child in &tree.explains {
        let child = format!("{} {}: {}", child.severity, child.target, child.title);
        lines.push(format!("{INDENT}└ {}", line(&child)));
    }
    for remedy in &root.remedies {
        lines.push(format!("{INDENT}→ {}", line(&remedy.title)));
        lines.push(format!("{INDENT}  $ {}", line(&command::of(remedy))));
    }
    lines
}

fn score_lines(report: &Report) -> Vec<String> {
    let losses = score::losses(&report.findings);
    let mut lines = vec![words::head(report)];
    if losses.is_empty() {
        return lines;
    }
    lines.extend(losses.iter().take(words::NAMED).map(|loss| {
        let target = loss.root.target.to_string();
        let (points, why, mended) = (-i16::from(loss.points), words::why(loss), words::mended(report, loss));
        format!("{points:>4} {}: {why}.{mended}", line(&target))
    }));
    lines.extend(words::rest(&losses));
    lines.push(words::rule());
    lines
}
