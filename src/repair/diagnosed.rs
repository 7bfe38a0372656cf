//! What a repair has to cure, and what it does about it, from an inspection of its namespace. Pure.

use super::{action::Action, follow_up::wish, proposal::Proposal};
use crate::{
    diagnosis,
    finding::{CheckId, Effect, Finding, Fingerprint, Remedy},
    report::Report,
    texts::repair::plan,
};
use serde::{Deserialize, Serialize};

/// A finding that may not be left after a repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Has to run again before anybody can say that it is gone.
    pub check: CheckId,
    pub fingerprint: Fingerprint,
}

/// The proposal with what the inspection says about it: the finding that it is for, or what its object has that no
/// other finding explains and that a change can do something about; and why it is only a relief, where it is one.
pub fn diagnosed(proposal: Proposal, report: &Report) -> Proposal {
    let meant = |finding: &&Finding| match &proposal.finding {
        Some(meant) => finding.fingerprint == *meant,
        None => is_about(finding, &proposal.action) && finding.is_root() && diagnosis::proposed(finding).is_some(),
    };
    let found: Vec<&Finding> = report.findings.iter().filter(meant).collect();
    let wish = wish(&proposal.action);
    let same = |remedy: &&Remedy| {
        remedy.as_action().is_some_and(|action| {
            std::mem::discriminant(action) == std::mem::discriminant(&wish) && action.target() == wish.target()
        })
    };
    let remedy = found.iter().flat_map(|finding| &finding.remedies).find(same);
    let effect = remedy.map_or(Effect::Cures, |remedy| remedy.effect);
    let reason = match (proposal.reason.clone(), remedy.and_then(|remedy| remedy.why.as_deref())) {
        (None, Some(why)) => Some(plan::because(why)),
        (Some(given), Some(why)) if effect == Effect::Relieves && !given.contains(why) => {
            Some(format!("{given} {}", plan::because(why)))
        }
        (given, Some(_) | None) => given,
    };
    let trouble =
        found.iter().map(|finding| Trouble { check: finding.id.clone(), fingerprint: finding.fingerprint.clone() });
    Proposal { trouble: trouble.collect(), effect, reason, ..proposal }
}

/// The proposal where nobody could look at the findings of its object.
pub fn undiagnosed(mut proposal: Proposal) -> Proposal {
    proposal.warnings.push(plan::unseen("findings"));
    proposal
}

/// Whether the action is about all that shows the finding.
fn is_about(finding: &Finding, action: &Action) -> bool {
    let object = action.target().found();
    match action {
        Action::DeletePod { .. } => {
            !finding.objects.is_empty() && finding.objects.iter().all(|shown| shown.target() == object)
        }
        Action::RestartRollout { .. } | Action::UndoRollout { .. } | Action::Scale { .. } => finding.target == object,
    }
}

#[cfg(test)]
mod tests {
    use super::{Trouble, diagnosed};
    use crate::{
        finding::{ActionHint, CheckId, Effect, Fingerprint, Remedy, Target},
        forms::json::parse,
        repair::{Kind, Proposal, Relative, samples},
        report::Report,
    };
    use serde_json::{Value, json};

    fn finding(id: &str, print: &str, target: &Target, remedies: &[Remedy], caused_by: Value) -> Value {
        let pod = json!({ "kind": "Pod", "namespace": "shop", "name": "checkout-59d6c-x2x4z" });
        json!({ "id": id, "fingerprint": print, "severity": "high", "state": "new",
            "first_seen": "2026-11-23T09:00:00Z", "target": target, "objects": [pod], "title": "it is ill",
            "evidence": [], "caused_by": caused_by, "remedies": remedies })
    }

    fn report(findings: &[Value]) -> Report {
        let report = json!({ "schema": "roundsman/report/v1", "cluster": "prod", "taken_at": "2026-11-23T09:00:00Z",
            "duration_ms": 1, "score": 82, "grade": "B", "findings": findings,
            "changes": { "new": 1, "ongoing": 0, "resolved": [] }, "gaps": [],
            "reads": { "requests": 1, "bytes": 1, "objects": 1 } });
        parse(&report.to_string()).unwrap()
    }

    /// checkout is killed for memory, which also crashes it; a disorder of it and another workload beside.
    fn killed() -> Report {
        let (checkout, cart) = (workload("checkout"), workload("cart"));
        let restart = ActionHint::RestartRollout { target: checkout.clone() };
        let relief = Remedy::action("Restart", restart).because("only buys time").as_relief();
        let look = Remedy::command("Look", "kubectl get pods");
        report(&[
            finding("pod/oom-killed", "01", &checkout, &[look.clone(), relief.clone()], Value::Null),
            finding("pod/crash-loop", "02", &checkout, std::slice::from_ref(&look), json!("01")),
            finding("workload/single-replica", "03", &checkout, std::slice::from_ref(&look), Value::Null),
            finding("pod/oom-killed", "04", &cart, &[look, relief], Value::Null),
        ])
    }

    fn workload(name: &str) -> Target {
        Target::namespaced("Deployment", "shop", name)
    }

    fn killed_for_memory() -> Vec<Trouble> {
        vec![Trouble { check: CheckId::new("pod/oom-killed"), fingerprint: Fingerprint::from("01") }]
    }

    #[test]
    fn what_nobody_named_is_measured_by_the_causes_that_its_object_has() {
        let bare = Proposal { reason: None, ..samples::proposal(samples::restart()) };
        let found = diagnosed(bare.clone(), &killed());
        assert_eq!((found.trouble, found.effect), (killed_for_memory(), Effect::Relieves));
        assert_eq!(found.reason.as_deref(), Some("only buys time."));
        assert_eq!(diagnosed(bare.clone(), &report(&[])), bare);
    }

    #[test]
    fn what_a_model_says_about_a_relief_does_not_hide_that_it_is_one() {
        let given = Proposal { reason: Some("It helps.".into()), ..samples::proposal(samples::restart()) };
        assert_eq!(diagnosed(given, &killed()).reason.as_deref(), Some("It helps. only buys time."));
        let known = Proposal { reason: Some("only buys time.".into()), ..samples::proposal(samples::restart()) };
        assert_eq!(diagnosed(known, &killed()).reason.as_deref(), Some("only buys time."));
        let other = diagnosed(samples::proposal(samples::undo()), &killed());
        assert_eq!((other.trouble, other.effect), (killed_for_memory(), Effect::Cures));
    }

    #[test]
    fn what_is_for_a_finding_is_measured_by_that() {
        let meant = Some(Fingerprint::from("02"));
        let found = diagnosed(Proposal { finding: meant, ..samples::proposal(samples::undo()) }, &killed());
        let prints: Vec<String> = found.trouble.iter().map(|trouble| trouble.fingerprint.to_string()).collect();
        assert_eq!(prints, ["02"]);
    }

    #[test]
    fn a_pod_is_measured_only_by_what_it_alone_shows() {
        let alone = diagnosed(samples::proposal(samples::delete_pod()), &killed());
        assert_eq!(alone.trouble.len(), 2, "of both workloads it is the pod that shows it: {:?}", alone.trouble);
        let another = crate::repair::Action::DeletePod {
            target: samples::target(Kind::Pod, "checkout-59d6c-other"),
            owner: Relative { kind: "ReplicaSet".into(), name: "checkout-59d6c".into(), uid: "uid-rs".into() },
        };
        assert_eq!(diagnosed(samples::proposal(another), &killed()).trouble, []);
    }
}
