//! The report's figures in Prometheus' text exposition format: for node_exporter's textfile collector, or a scrape.
//! Without timestamps, which that collector refuses: when the figures are from is a figure of its own.

use crate::finding::Severity;
use crate::report::Report;
use crate::texts::{figures as texts, gaps};
use std::collections::BTreeMap;
use std::fmt::Display;

/// The exposition, with a line feed at its end.
pub(super) fn write(report: &Report) -> String {
    let mut exposition = Exposition { cluster: &report.cluster, set: report.set.name(), text: String::new() };
    let trees = report.trees();
    let mut findings: BTreeMap<(&str, Severity, &str), usize> = BTreeMap::new();
    for tree in &trees {
        let namespace = tree.root.target.namespace.as_deref().unwrap_or_default();
        *findings.entry((tree.root.id.as_str(), tree.severity, namespace)).or_default() += 1;
    }
    let findings = findings.iter().map(|((check, severity, namespace), count)| {
        (vec![("check", *check), ("severity", severity.name()), ("namespace", *namespace)], *count)
    });
    exposition.gauge("roundsman_findings", texts::FINDINGS, findings);
    // With zeros, so that an alert on it resolves.
    let severities = Severity::WORST_FIRST.map(|severity| {
        let count = trees.iter().filter(|tree| tree.severity == severity).count();
        (vec![("severity", severity.name())], count)
    });
    exposition.gauge("roundsman_severity_findings", texts::BY_SEVERITY, severities);
    let changes = &report.changes;
    let changes = [
        ("new", changes.new),
        ("ongoing", changes.ongoing),
        ("resolved", changes.resolved.len()),
        ("not_rechecked", changes.not_rechecked.len()),
        ("too_early", changes.too_early.len()),
    ];
    exposition.gauge(
        "roundsman_changes",
        texts::CHANGES,
        changes.map(|(state, count)| (vec![("state", state)], count)),
    );
    exposition.single("roundsman_score", texts::SCORE, report.score);
    exposition.single(
        "roundsman_gaps",
        texts::GAPS,
        report.gaps.iter().filter(|gap| !gaps::is_not_configured(gap)).count(),
    );
    exposition.single("roundsman_checks_ran", texts::CHECKS, report.ran.len());
    exposition.single("roundsman_taken_at_seconds", texts::TAKEN_AT, report.taken_at.timestamp());
    let seconds = report.duration_ms as f64 / 1000.0;
    exposition.single("roundsman_duration_seconds", texts::DURATION, seconds);
    exposition.single("roundsman_read_objects", texts::OBJECTS, report.reads.objects);
    exposition.single("roundsman_read_requests", texts::REQUESTS, report.reads.requests);
    exposition.single("roundsman_read_bytes", texts::BYTES, report.reads.bytes);
    exposition.text
}

struct Exposition<'a> {
    cluster: &'a str,
    /// Of checks: each has a report of its own.
    set: &'static str,
    text: String,
}

impl Exposition<'_> {
    fn single(&mut self, name: &str, help: &str, value: impl Display) {
        self.gauge(name, help, [(Vec::new(), value)]);
    }

    /// A family without a sample is left out.
    fn gauge<'l, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<(&'l str, &'l str)>, V)>,
    ) {
        let mut lines = String::new();
        for (labels, value) in samples {
            let labels: Vec<String> = [("cluster", self.cluster), ("set", self.set)]
                .into_iter()
                .chain(labels)
                .map(|(label, text)| format!("{label}=\"{}\"", escape(text)))
                .collect();
            let labels = labels.join(",");
            lines += &format!("{name}{{{labels}}} {value}\n");
        }
        if !lines.is_empty() {
            self.text += &format!("# HELP {name} {help}\n# TYPE {name} gauge\n{lines}");
        }
    }
}

/// As the format has it for a label's value.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
