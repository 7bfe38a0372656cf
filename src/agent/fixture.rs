//! Reports and findings for the tests of this module.

use crate::{
    finding::{CheckId, Evidence, Finding, FindingState, Fingerprint, Severity, Target},
    report::{Changes, CheckSet, Grade, Report, SCHEMA},
};
use chrono::{DateTime, Utc};

pub(super) fn at() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub(super) fn report(findings: Vec<Finding>) -> Report {
    let mut findings = findings;
    // A cause is given by its place.
    let prints: Vec<Fingerprint> = findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    for finding in &mut findings {
        let place = finding.caused_by.as_ref().and_then(|cause| cause.as_str().parse::<usize>().ok());
        finding.caused_by = place.map(|place| prints[place].clone());
    }
    Report {
        schema: SCHEMA.to_owned(),
        cluster: "prod".to_owned(),
        taken_at: at(),
        set: CheckSet::Daily,
        duration_ms: 3,
        score: 50,
        grade: Grade::D,
        findings,
        kept_out: Vec::new(),
        changes: Changes::default(),
        gaps: Vec::new(),
        ran: Vec::new(),
        reads: Default::default(),
    }
}

pub(super) fn finding(id: &'static str, kind: &str, name: &str, title: &str, caused_by: Option<usize>) -> Finding {
    let target = Target::namespaced(kind, "shop", name);
    let id = CheckId::new(id);
    Finding {
        fingerprint: Fingerprint::of(&id, "prod", &target, None),
        id,
        severity: Severity::High,
        state: FindingState::New,
        first_seen: at(),
        objects: vec![target.clone().into()],
        target,
        title: title.to_owned(),
        evidence: vec![Evidence::new("status.reason", "ImagePullBackOff")],
        caused_by: caused_by.map(|place| Fingerprint::from(place.to_string().as_str())),
        remedies: Vec::new(),
        notes: Vec::new(),
    }
}
