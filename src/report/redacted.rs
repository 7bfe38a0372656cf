//! A report quotes messages of events and containers, and those may quote secrets.

use super::{Changes, Report};
use crate::finding::RemedyKind;
use crate::redact;

impl Report {
    /// The report as it may be kept and shown: secrets taken out of all that was quoted.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        let clean = |text: &mut String| {
            if let std::borrow::Cow::Owned(changed) = redact::text(text) {
                *text = changed;
            }
        };
        let kept_out = self.kept_out.iter_mut().map(|kept| &mut kept.finding);
        for finding in self.findings.iter_mut().chain(kept_out) {
            clean(&mut finding.title);
            finding.evidence.iter_mut().for_each(|evidence| clean(&mut evidence.value));
            for remedy in &mut finding.remedies {
                clean(&mut remedy.title);
                remedy.why.iter_mut().for_each(clean);
                match &mut remedy.what {
                    RemedyKind::Command(command) => clean(command),
                    // Names, numbers and kinds only.
                    RemedyKind::Action(_) => {}
                }
            }
        }
        self.gaps.iter_mut().for_each(|gap| clean(&mut gap.why));
        let Changes { resolved, not_rechecked, too_early, .. } = &mut self.changes;
        let gone = resolved.iter_mut().chain(not_rechecked).chain(too_early);
        gone.for_each(|resolved| clean(&mut resolved.title));
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::forms::json::parse;

    #[test]
    fn quoted_secrets_are_taken_out_and_the_rest_stays() {
        let report = r#"{ "schema": "roundsman/report/v1", "cluster": "prod", "taken_at": "2026-01-02T03:04:05Z",
            "duration_ms": 12, "score": 82, "grade": "B",
            "findings": [ { "id": "pod/crash-loop", "fingerprint": "0011223344556677", "severity": "high", "state": "new",
              "first_seen": "2026-01-02T03:04:05Z", "target": { "kind": "Secret", "namespace": "shop", "name": "api-token" },
              "objects": [], "title": "api: password=TAKEN is wrong",
              "evidence": [ { "field": "event", "value": "dial postgres://bob:TAKEN@db/shop", "since": null } ],
              "caused_by": null, "remedies": [ { "title": "look", "command": "kubectl get secret api-token -n shop" } ] } ],
            "changes": { "new": 1, "ongoing": 0, "resolved": [], "not_rechecked": [] },
            "gaps": [ { "what": "list nodes", "why": "Authorization: Bearer TAKEN", "checks": [] } ],
            "reads": { "requests": 20, "bytes": 4096, "objects": 7 } }"#;
        let clean = parse(report).unwrap().redacted();
        assert_eq!(clean.gaps[0].why, "Authorization: [redacted]");
        let expected = report
            .replace("password=TAKEN", "password=[redacted]")
            .replace("bob:TAKEN@", "bob:[redacted]@")
            .replace("Bearer TAKEN", "[redacted]");
        assert_eq!(clean, parse(&expected).unwrap());
    }
}
