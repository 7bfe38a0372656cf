//! The JSON form, and the way back for `--since`.

use crate::report::{Report, SCHEMA};
use serde::Deserialize;

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not the JSON of a report.
    #[error("this is no report")]
    Malformed(#[from] serde_json::Error),
    /// A report of another version.
    #[error("this is a report of schema {0:?}, and this version reads {SCHEMA:?}")]
    Schema(String),
}

#[derive(Deserialize)]
struct Versioned {
    schema: String,
}

/// The report as indented JSON with a line feed at its end.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

/// The report that [`write()`] wrote.
pub fn parse(text: &str) -> Result<Report, Unreadable> {
    // First, because a report of another version may hold anything.
    let Versioned { schema } = serde_json::from_str(text)?;
    if schema != SCHEMA {
        return Err(Unreadable::Schema(schema));
    }
    Ok(serde_json::from_str(text)?)
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
        for other in [EXAMPLE.replace("report/v1", "report/v9"), r#"{"schema": "roundsman/report/v9"}"#.to_owned()] {
            assert!(matches!(parse(&other), Err(Unreadable::Schema(name)) if name == "roundsman/report/v9"));
        }
        assert!(matches!(parse("{}"), Err(Unreadable::Malformed(_))));
    }
}
