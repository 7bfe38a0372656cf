//! The inspections of an object's namespace before a repair and after it: what it has to cure, and whether that is gone.

use super::Desk;
use crate::{
    cluster::Cluster,
    inspection::{self},
    repair::{self, Proposal, Recheck},
    report::{CheckSet, Report},
};
use chrono::{DateTime, Utc};

/// The proposal with what is wrong with its object.
pub(super) async fn before(desk: &Desk, cluster: &Cluster, proposal: Proposal, now: DateTime<Utc>) -> Proposal {
    match inspect(desk, cluster, &proposal, CheckSet::Daily, now).await {
        Ok(report) => repair::diagnosed(proposal, &report),
        Err(error) => {
            tracing::warn!(error, proposal = proposal.id, "what is to be repaired could not be inspected");
            repair::undiagnosed(proposal)
        }
    }
}

/// Whether what the repair had to cure is gone.
pub(super) async fn after(desk: &Desk, cluster: &Cluster, proposal: &Proposal, now: DateTime<Utc>) -> Recheck {
    if proposal.trouble.is_empty() && proposal.finding.is_none() {
        return Recheck::Gone;
    }
    // Whichever checks found it.
    match inspect(desk, cluster, proposal, CheckSet::All, now).await {
        Ok(report) => seen(proposal, &report),
        Err(error) => Recheck::Unseen(error),
    }
}

fn seen(proposal: &Proposal, report: &Report) -> Recheck {
    let mut prints = proposal.trouble.iter().map(|trouble| &trouble.fingerprint).chain(&proposal.finding);
    if let Some(left) = prints.find_map(|print| report.find(print)) {
        return Recheck::Still(left.title.clone());
    }
    match proposal.trouble.iter().find(|trouble| !report.ran.contains(&trouble.check)) {
        Some(unseen) => {
            let gap = report.gaps.iter().find(|gap| gap.checks.contains(&unseen.check));
            let why = gap.map_or_else(|| unseen.check.to_string(), |gap| format!("{}: {}", gap.what, gap.why));
            Recheck::Unseen(why)
        }
        None => Recheck::Gone,
    }
}

async fn inspect(
    desk: &Desk,
    cluster: &Cluster,
    proposal: &Proposal,
    set: CheckSet,
    now: DateTime<Utc>,
) -> Result<Report, String> {
    // Also what somebody silenced is cured or not.
    let settings = desk.standing.whole_truth(cluster.name(), set);
    let order = inspection::Order::of(Some(&proposal.action.target().namespace), settings);
    let inspected = inspection::run(cluster, &order, &inspection::History::default(), now).await;
    inspected.map(|inspected| inspected.report).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::seen;
    use crate::{
        finding::{CheckId, Fingerprint},
        forms::json::parse,
        repair::{Proposal, Recheck, Trouble, samples},
        report::Report,
    };
    use serde_json::{Value, json};

    fn report(findings: &Value, ran: &Value, gaps: &Value) -> Report {
        let report = json!({ "schema": "roundsman/report/v1", "cluster": "prod", "taken_at": "2026-11-23T09:00:00Z",
            "duration_ms": 1, "score": 82, "grade": "B", "findings": findings,
            "changes": { "new": 1, "ongoing": 0, "resolved": [] }, "gaps": gaps, "ran": ran,
            "reads": { "requests": 1, "bytes": 1, "objects": 1 } });
        parse(&report.to_string()).unwrap()
    }

    #[test]
    fn gone_is_only_what_its_check_looked_for_and_did_not_find() {
        let check = CheckId::new("pod/oom-killed");
        let trouble = vec![Trouble { check: check.clone(), fingerprint: Fingerprint::from("01") }];
        let proposal = Proposal { trouble, ..samples::proposal(samples::restart()) };
        let left = json!([{ "id": check, "fingerprint": "01", "severity": "high", "state": "new",
            "first_seen": "2026-11-23T09:00:00Z", "target": { "kind": "Deployment", "namespace": "shop", "name": "a" },
            "objects": [], "title": "1 pod was killed", "evidence": [], "remedies": [] }]);
        let (none, all) = (json!([]), json!([check]));
        let gap = json!([{ "what": "list pods", "why": "forbidden", "checks": [check] }]);
        for (found, ran, gaps, expected) in [
            (&none, &all, &none, Recheck::Gone),
            (&left, &all, &none, Recheck::Still("1 pod was killed".into())),
            (&left, &none, &gap, Recheck::Still("1 pod was killed".into())),
            (&none, &none, &gap, Recheck::Unseen("list pods: forbidden".into())),
            (&none, &none, &none, Recheck::Unseen("pod/oom-killed".into())),
        ] {
            assert_eq!(seen(&proposal, &report(found, ran, gaps)), expected);
        }
    }
}
