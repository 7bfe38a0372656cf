//! The JSON form, and the way back for `--since`.

use super::{Report, SCHEMA};

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not the JSON of a report.
    #[error("not a report: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A report of another version.
    #[error("a report of schema {0:?}; this version reads {SCHEMA:?}")]
    Schema(String),
}

/// The report as indented JSON with a line feed at its end.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

/// The report that [`write()`] wrote.
pub fn parse(text: &str) -> Result<Report, Unreadable> {
    let report: Report = serde_json::from_str(text)?;
    if report.schema == SCHEMA { Ok(report) } else { Err(Unreadable::Schema(report.schema)) }
}

#[cfg(test)]
mod tests {
    use super::{Unreadable, parse};

    const EXAMPLE: &str = r#"{ "schema": "roundsman/report/v1", "cluster": "prod", "taken_at": "2026-01-02T03:04:05Z",
        "duration_ms": 12, "score": 82, "grade": "B",
        "findings": [ { "id": "pod/crash-loop", "fingerprint": "0011223344556677", "severity": "high", "state": "new",
          "first_seen": "2026-01-02T03:04:05Z",
          "target": { "kind": "Deployment", "namespace": "shop", "name": "api" },
          "objects": [ { "kind": "Pod", "namespace": "shop", "name": "api-7d9f-x", "container": "api" } ],
          "title": "api crashes", "evidence": [ { "field": "lastState.terminated.reason", "value": "OOMKilled",
          "since": "2026-01-02T03:00:00Z" } ], "caused_by": null,
          "remedies": [ { "title": "look", "command": "kubectl get pods" } ] } ],
        "changes": { "new": 1, "ongoing": 0, "resolved": [], "not_rechecked": [] },
        "gaps": [ { "what": "list secrets", "why": "forbidden", "checks": ["secret/tls-expiring"] } ],
        "ran": ["pod/crash-loop"],
        "reads": { "requests": 20, "bytes": 4096, "objects": 7 } }"#;

    #[test]
    fn the_contract_reads_back_as_it_was() -> Result<(), Unreadable> {
        let report = parse(EXAMPLE)?;
        let expected: serde_json::Value = serde_json::from_str(EXAMPLE)?;
        assert_eq!(serde_json::to_value(&report)?, expected);
        assert_eq!(parse(&super::write(&report)?)?, report);
        Ok(())
    }

    #[test]
    fn another_schema_is_refused_by_name() {
        let other = EXAMPLE.replace("report/v1", "report/v9");
        assert!(matches!(parse(&other), Err(Unreadable::Schema(name)) if name == "roundsman/report/v9"));
        assert!(matches!(parse("{}"), Err(Unreadable::Malformed(_))));
    }
}
