//! The report as one HTML file with charts: no script, nothing from elsewhere, light and dark, and fit to print. It is
//! well-formed XML too, and every value of the cluster's is escaped.

use super::Trend;
use super::chart;
use crate::finding::command;
use crate::finding::{Finding, Severity};
use crate::inspection::checks;
use crate::report::{Report, Tree, score};
use crate::texts::{forms as texts, gaps, report as words, score as points, visible};
use chart::{Bar, Ink};
use std::borrow::Cow;
use std::collections::BTreeMap;

const STYLE: &str = include_str!("report.css");
/// Nothing is loaded, whatever stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
/// As many roots as are written out; the JSON form has all.
const ROOTS: usize = 500;
/// As many objects, and as many findings under a root, as are named.
const NAMED: usize = 20;
/// As many rows as a chart has.
const ROWS: usize = 8;

/// The page.
pub(super) fn write(report: &Report, trend: Option<&Trend>) -> String {
    let trees = report.trees();
    let all: Vec<&Tree<'_>> = trees.iter().collect();
    let mut page = Page::default();
    page.line("<!DOCTYPE html>");
    page.line("<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">");
    page.line("<head>");
    page.line("<meta charset=\"utf-8\"/>");
    page.line(format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>"));
    page.line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
    page.line(format!("<title>{}</title>", escape(&texts::title(report))));
    page.line(format!("<style>\n{STYLE}</style>"));
    page.line("</head>");
    page.line("<body>");
    head(&mut page, report, &all);
    charts(&mut page, report, &all, trend);
    findings(&mut page, report, &all);
    resolved(&mut page, report);
    lost(&mut page, report);
    gaps(&mut page, report);
    page.line(format!("<footer>{}</footer>", escape(&texts::cost(report))));
    page.line("</body>");
    page.line("</html>");
    page.0
}

/// The text as text of a page or an attribute's value.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let shown = visible::visible(text);
    if !shown.contains(['&', '<', '>', '"', '\'']) {
        return shown;
    }
    let mut escaped = String::with_capacity(shown.len() + 16);
    for character in shown.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// A value of the cluster's in a sentence: its own reading direction does not turn what stands around it.
fn value(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn figure(&mut self, class: &str, title: &str, drawing: &chart::Drawing) {
        self.line(format!("<figure class=\"{class}\"><figcaption>{}</figcaption>", escape(title)));
        self.line(chart::svg(drawing).trim_end());
        self.line("</figure>");
    }
}

fn head(page: &mut Page, report: &Report, all: &[&Tree<'_>]) {
    page.line("<header>");
    page.line(format!("<div><h1>{}</h1>", value(&texts::title(report))));
    page.line(format!("<p class=\"title\">{}</p>", value(&texts::verdict(report))));
    if !all.is_empty() {
        page.line(format!("<p><b>{}</b></p>", escape(&words::summary(report, all))));
    }
    page.line("</div>");
    let (score, grade) = (report.score, report.grade);
    let class = Ink::Grade(grade).name();
    page.line(format!("<div class=\"score {class}\"><b>{grade}</b><span>{score} / 100</span></div>"));
    page.line("</header>");
}

fn charts(page: &mut Page, report: &Report, all: &[&Tree<'_>], trend: Option<&Trend>) {
    page.line("<div class=\"charts\">");
    page.figure("", texts::SCORE, &chart::scale(texts::scale(report), report.score));
    if !all.is_empty() {
        page.figure("", texts::BY_SEVERITY, &chart::bars(texts::BY_SEVERITY.to_owned(), &severities(all)));
        page.figure("", texts::BY_NAMESPACE, &chart::bars(texts::BY_NAMESPACE.to_owned(), &namespaces(all)));
    }
    let losses = score::losses(&report.findings);
    if !losses.is_empty() {
        let rows: Vec<Bar> = losses.iter().take(ROWS).map(loss).collect();
        page.figure("", texts::POINTS, &chart::bars(texts::POINTS.to_owned(), &rows));
    }
    page.line("</div>");
    if let Some(drawing) = trend.and_then(chart::trend) {
        page.figure("wide", texts::TREND, &drawing);
    }
}

fn severities(all: &[&Tree<'_>]) -> Vec<Bar> {
    let row = |severity: Severity| {
        let count = all.iter().filter(|tree| tree.severity == severity).count();
        let parts = vec![(count, Ink::Severity(severity), String::new())];
        Bar { name: severity.name().to_owned(), parts, label: count.to_string() }
    };
    Severity::WORST_FIRST.into_iter().map(row).collect()
}

/// The namespaces with the most roots, the worst first.
fn namespaces(all: &[&Tree<'_>]) -> Vec<Bar> {
    let mut namespaces: BTreeMap<&str, BTreeMap<Severity, usize>> = BTreeMap::new();
    for tree in all {
        let namespace = tree.root.target.namespace.as_deref().unwrap_or(texts::CLUSTER_WIDE);
        *namespaces.entry(namespace).or_default().entry(tree.severity).or_default() += 1;
    }
    let mut rows: Vec<(&str, BTreeMap<Severity, usize>)> = namespaces.into_iter().collect();
    let rank = |counts: &BTreeMap<Severity, usize>| {
        Severity::WORST_FIRST.map(|severity| counts.get(&severity).copied().unwrap_or_default())
    };
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse(rank(counts)));
    let row = |(name, counts): (&str, BTreeMap<Severity, usize>)| {
        let parts = counts
            .iter()
            .rev()
            .map(|(severity, count)| (*count, Ink::Severity(*severity), format!("{name}: {count} {severity}")));
        Bar { name: name.to_owned(), parts: parts.collect(), label: counts.values().sum::<usize>().to_string() }
    };
    rows.into_iter().take(ROWS).map(row).collect()
}

fn loss(loss: &score::Loss<'_>) -> Bar {
    let note = format!("{}: {}", loss.root.target, points::why(loss));
    let parts = vec![(usize::from(loss.points), Ink::Severity(loss.severity), note)];
    Bar { name: loss.root.target.name.clone(), parts, label: format!("−{}", loss.points) }
}

fn findings(page: &mut Page, report: &Report, all: &[&Tree<'_>]) {
    if all.is_empty() {
        return;
    }
    page.line(format!("<h2>{}</h2>", texts::FINDINGS));
    for (place, tree) in all.iter().take(ROOTS).enumerate() {
        finding(page, report, place, tree);
    }
    if all.len() > ROOTS {
        page.line(format!("<p>{}</p>", texts::more(all.len() - ROOTS)));
    }
}

fn finding(page: &mut Page, report: &Report, place: usize, tree: &Tree<'_>) {
    let (root, severity) = (tree.root, tree.severity);
    page.line(format!("<article class=\"{severity}\">"));
    let target = value(&root.target.to_string());
    page.line(format!("<h3>{}. <span class=\"tag {severity}\">{severity}</span> {target}</h3>", place + 1));
    let label = escape(&texts::label(report, tree)).into_owned();
    page.line(format!("<p class=\"title\">{} <span class=\"faint\">({label})</span></p>", value(&root.title)));
    if let Some(consequences) = words::consequences(tree) {
        page.line(format!("<p>{}</p>", value(&consequences)));
    }
    if let Some(check) = checks::find(&root.id) {
        page.line(format!("<p class=\"faint\">{}</p>", escape(check.means)));
    }
    if !root.remedies.is_empty() {
        page.line(format!("<h4>{}</h4><div class=\"todo\">", texts::WHAT_TO_DO));
        for remedy in &root.remedies {
            let command = command::of(remedy);
            page.line(format!("<p>{}</p><pre>{}</pre>", value(&remedy.title), escape(&command)));
        }
        page.line("</div>");
    }
    if !root.evidence.is_empty() {
        page.line(format!("<h4>{}</h4><table class=\"facts\">", texts::EVIDENCE));
        for fact in &root.evidence {
            let (field, read, since) = (escape(&fact.field), value(&fact.value), texts::since(report, fact));
            page.line(format!("<tr><td><code>{field}</code></td><td><code>{read}</code>{since}</td></tr>"));
        }
        page.line("</table>");
    }
    named(page, texts::OBJECTS, texts::objects(root).iter().map(|object| value(object)));
    named(page, texts::FOLLOWS, tree.explains.iter().map(|finding| symptom(finding)));
    page.line("</article>");
}

fn symptom(finding: &Finding) -> String {
    let severity = finding.severity;
    let (target, title) = (value(&finding.target.to_string()), value(&finding.title));
    format!("<span class=\"tag {severity}\">{severity}</span> {target}: {title}")
}

/// A list under its title, as far as it is short.
fn named(page: &mut Page, title: &str, items: impl ExactSizeIterator<Item = String>) {
    if items.len() == 0 {
        return;
    }
    let more = items.len().saturating_sub(NAMED);
    page.line(format!("<h4>{title}</h4><ul>"));
    items.take(NAMED).for_each(|item| page.line(format!("<li>{item}</li>")));
    if more > 0 {
        page.line(format!("<li>{}</li>", texts::more(more)));
    }
    page.line("</ul>");
}

fn resolved(page: &mut Page, report: &Report) {
    let changes = &report.changes;
    if !changes.resolved.is_empty() {
        page.line(format!("<h2>{}</h2><ul>", texts::RESOLVED));
        for resolved in &changes.resolved {
            let (target, title) = (value(&resolved.target.to_string()), value(&resolved.title));
            let known = texts::known(report, resolved);
            page.line(format!("<li><b>{target}</b>: {title} <span class=\"faint\">({known})</span></li>"));
        }
        page.line("</ul>");
    }
    if !changes.not_rechecked.is_empty() {
        page.line(format!("<p class=\"faint\">{}</p>", words::not_rechecked(changes.not_rechecked.len())));
    }
    if !changes.too_early.is_empty() {
        page.line(format!("<p class=\"faint\">{}</p>", value(&words::too_early(&changes.too_early))));
    }
}

fn lost(page: &mut Page, report: &Report) {
    let losses = score::losses(&report.findings);
    if losses.is_empty() {
        return;
    }
    page.line(format!("<h2>{}</h2><table>", texts::POINTS));
    let [lost, what, why, mended] = points::COLUMNS;
    page.line(format!(
        "<tr><th class=\"number\">{lost}</th><th>{what}</th><th>{why}</th><th class=\"number\">{mended}</th></tr>"
    ));
    for loss in losses.iter().take(points::NAMED) {
        let (points, without) = (loss.points, loss.without);
        let (target, why) = (value(&loss.root.target.to_string()), points::why(loss));
        page.line(format!(
            "<tr><td class=\"number\">−{points}</td><td>{target}</td><td>{why}</td><td class=\"number\">{without}</td></tr>"
        ));
    }
    page.line("</table>");
    if let Some(rest) = points::rest(&losses) {
        page.line(format!("<p>{rest}</p>"));
    }
    page.line(format!("<p class=\"faint\">{}</p>", points::rule()));
}

fn gaps(page: &mut Page, report: &Report) {
    if report.gaps.is_empty() {
        return;
    }
    page.line(format!("<h2>{}</h2><ul>", texts::NOT_CHECKED));
    for gap in gaps::sentences(report) {
        page.line(format!("<li>{}</li>", value(&gap)));
    }
    page.line("</ul>");
}
