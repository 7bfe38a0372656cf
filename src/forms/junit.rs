//! The report as JUnit XML, for a CI: one test case per check that ran; a check that could not run is skipped.

use super::html::escape;
use crate::finding::command;
use crate::finding::{CheckId, Finding, Severity};
use crate::report::Report;
use crate::texts::{forms as texts, junit as words};
use std::collections::BTreeMap;

/// Findings of one check that are written out.
const NAMED: usize = 100;

/// The document. A finding of at least `fail_on` makes its check fail, a symptom too: the check found it.
pub(super) fn write(report: &Report, fail_on: Severity) -> String {
    let mut cases: BTreeMap<&CheckId, Case<'_>> = BTreeMap::new();
    for gap in &report.gaps {
        for check in gap.checks.iter().filter(|check| !report.ran.contains(check)) {
            cases.entry(check).or_default().unread.push(words::unread(gap));
        }
    }
    for check in &report.ran {
        cases.entry(check).or_default();
    }
    for finding in &report.findings {
        let case = cases.entry(&finding.id).or_default();
        if finding.severity >= fail_on { &mut case.failures } else { &mut case.notes }.push(finding);
    }
    let failed = cases.values().filter(|case| !case.failures.is_empty()).count();
    let skipped = cases.values().filter(|case| case.is_skipped()).count();
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\"", cases.len());
    let seconds = format!("{:.3}", report.duration_ms as f64 / 1000.0);
    let suite = words::suite(report);
    let name = escape(&suite);
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        format!("<testsuites name=\"roundsman\" {counts} time=\"{seconds}\">"),
        format!(
            "  <testsuite name=\"{name}\" {counts} skipped=\"{skipped}\" time=\"{seconds}\" timestamp=\"{}\">",
            report.taken_at.format("%Y-%m-%dT%H:%M:%S")
        ),
    ];
    lines.extend(cases.iter().map(|(check, case)| case.element(report, check)));
    lines.extend(["  </testsuite>".to_owned(), "</testsuites>".to_owned()]);
    lines.join("\n") + "\n"
}

/// What one check brought.
#[derive(Default)]
struct Case<'a> {
    failures: Vec<&'a Finding>,
    notes: Vec<&'a Finding>,
    unread: Vec<String>,
}

impl Case<'_> {
    fn is_skipped(&self) -> bool {
        self.failures.is_empty() && !self.unread.is_empty()
    }

    fn element(&self, report: &Report, check: &CheckId) -> String {
        let kind = escape(check.as_str().split('/').next().unwrap_or_default());
        let cluster = escape(&report.cluster);
        let open =
            format!("    <testcase classname=\"{cluster}.{kind}\" name=\"{}\" time=\"0\"", escape(check.as_str()));
        let mut inner = Vec::new();
        if let Some(worst) = self.failures.iter().max_by_key(|finding| finding.severity) {
            let (message, body) = (words::message(&self.failures), told(report, &self.failures));
            let (message, body) = (escape(&message), escape(&body));
            let severity = worst.severity;
            inner.push(format!("      <failure message=\"{message}\" type=\"{severity}\">{body}</failure>"));
        } else if !self.unread.is_empty() {
            inner.push(format!("      <skipped message=\"{}\"/>", escape(&self.unread.join("; "))));
        }
        if !self.notes.is_empty() {
            inner.push(format!("      <system-out>{}</system-out>", escape(&told(report, &self.notes))));
        }
        if inner.is_empty() { format!("{open}/>") } else { format!("{open}>\n{}\n    </testcase>", inner.join("\n")) }
    }
}

/// The findings in plain text.
fn told(report: &Report, findings: &[&Finding]) -> String {
    let mut lines = Vec::new();
    for finding in findings.iter().take(NAMED) {
        lines.push(words::finding(report, finding));
        lines.extend(
            finding
                .evidence
                .iter()
                .map(|fact| format!("  {}: {}{}", fact.field, fact.value, texts::since(report, fact))),
        );
        for remedy in &finding.remedies {
            lines.push(format!("  → {}", remedy.title));
            lines.push(format!("    $ {}", command::of(remedy)));
        }
    }
    if findings.len() > NAMED {
        lines.push(texts::more(findings.len() - NAMED));
    }
    lines.join("\n")
}
