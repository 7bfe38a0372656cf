//! The report as Markdown, for an issue or a wiki: every value of the cluster's stays text.

use crate::finding::Finding;
use crate::finding::command;
use crate::inspection::checks;
use crate::report::{Report, Tree, score};
use crate::texts::{forms as texts, gaps, report as words, score as points, visible};

/// As many objects, and as many findings under a root, as are named.
const NAMED: usize = 20;

/// The report, with a line feed at its end.
pub(super) fn write(report: &Report) -> String {
    let trees = report.trees();
    let all: Vec<&Tree<'_>> = trees.iter().collect();
    let mut parts = vec![format!("# {}", escape(&texts::title(report))), escape(&texts::verdict(report))];
    if !all.is_empty() {
        parts.push(format!("**{}**", escape(&words::summary(report, &all))));
        parts.push(format!("## {}", texts::FINDINGS));
    }
    parts.extend(all.iter().enumerate().flat_map(|(place, tree)| finding(report, place, tree)));
    if !report.changes.resolved.is_empty() {
        parts.push(format!("## {}", texts::RESOLVED));
        let resolved = report.changes.resolved.iter().map(|resolved| {
            let (target, title) = (escape(&resolved.target.to_string()), escape(&resolved.title));
            format!("- **{target}**: {title} ({})", texts::known(report, resolved))
        });
        parts.push(list(resolved));
    }
    if !report.changes.not_rechecked.is_empty() {
        parts.push(words::not_rechecked(report.changes.not_rechecked.len()));
    }
    if !report.changes.too_early.is_empty() {
        parts.push(escape(&words::too_early(&report.changes.too_early)));
    }
    parts.extend(lost(report));
    if !report.gaps.is_empty() {
        parts.push(format!("## {}", texts::NOT_CHECKED));
        parts.push(list(gaps::sentences(report).iter().map(|gap| format!("- {}", escape(gap)))));
    }
    parts.push(format!("*{}*", texts::cost(report)));
    parts.join("\n\n") + "\n"
}

fn finding(report: &Report, place: usize, tree: &Tree<'_>) -> Vec<String> {
    let root = tree.root;
    let (severity, target) = (tree.severity.name().to_uppercase(), escape(&root.target.to_string()));
    let mut parts = vec![
        format!("### {}. {severity}: {target}", place + 1),
        format!("{} ({})", escape(&root.title), escape(&texts::label(report, tree))),
    ];
    parts.extend(words::consequences(tree).map(|consequences| escape(&consequences)));
    parts.extend(checks::find(&root.id).map(|check| escape(check.means)));
    if !root.remedies.is_empty() {
        parts.push(format!("**{}**", texts::WHAT_TO_DO));
        parts.extend(root.remedies.iter().map(|remedy| {
            let command = command::of(remedy);
            format!("- {}\n{}", escape(&remedy.title), indented(&fenced(&command)))
        }));
    }
    if !root.evidence.is_empty() {
        parts.push(format!("**{}**", texts::EVIDENCE));
        parts.push(list(
            root.evidence
                .iter()
                .map(|fact| format!("- {}: {}{}", code(&fact.field), code(&fact.value), texts::since(report, fact))),
        ));
    }
    parts.extend(named(texts::OBJECTS, texts::objects(root).iter().map(|object| code(object))));
    parts.extend(named(texts::FOLLOWS, tree.explains.iter().map(|finding| symptom(finding))));
    parts
}

fn symptom(finding: &Finding) -> String {
    format!("{} {}: {}", finding.severity, escape(&finding.target.to_string()), escape(&finding.title))
}

fn lost(report: &Report) -> Vec<String> {
    let losses = score::losses(&report.findings);
    if losses.is_empty() {
        return Vec::new();
    }
    let [lost, what, why, mended] = points::COLUMNS;
    let mut rows = vec![format!("| {lost} | {what} | {why} | {mended} |"), "| ---: | --- | --- | ---: |".to_owned()];
    rows.extend(losses.iter().take(points::NAMED).map(|loss| {
        let target = escape(&loss.root.target.to_string());
        format!("| −{} | {target} | {} | {} |", loss.points, points::why(loss), loss.without)
    }));
    let mut parts = vec![format!("## {}", texts::POINTS), rows.join("\n")];
    parts.extend(points::rest(&losses));
    parts.push(points::rule());
    parts
}

/// A list under its title, as far as it is short.
fn named(title: &str, items: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = items.len().saturating_sub(NAMED);
    let mut lines: Vec<String> = items.take(NAMED).map(|item| format!("- {item}")).collect();
    if more > 0 {
        lines.push(format!("- {}", texts::more(more)));
    }
    if lines.is_empty() { Vec::new() } else { vec![format!("**{title}**"), lines.join("\n")] }
}

fn list(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Text on one line in which nothing is markup, not even HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in visible::line(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A code span of one line: its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = visible::line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn fenced(text: &str) -> String {
    let text = visible::visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}sh\n{text}\n{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{code, escape, fenced};

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<b>|a_b*\n[x](y)"), "&lt;b&gt;\\|a\\_b\\* \\[x\\](y)");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(fenced("echo ```"), "````sh\necho ```\n````");
    }
}
