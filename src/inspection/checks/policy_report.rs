//! What policy engines (Kyverno and others) and the cloud provider report about the cluster.

use super::check::row::*;
use super::control_plane::cluster;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{ClusterPolicyReports, PolicyReports, ProviderIssues};
use crate::snapshot::{ObjectReference, PolicyReport, PolicyResult};
use crate::texts::findings::operator as texts;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("kyverno/policy-fail"),
        kind: "PolicyReport",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(PolicyReports, Walked), (ClusterPolicyReports, Walked)],
        gate: None,
        means: "Objects are against a rule that somebody set for this cluster.",
        advice: "Change the objects, or make an exception (PolicyException) that says why.",
        find: policy_fail,
    },
    Check {
        id: CheckId::new("aws/eks-health"),
        kind: "Cluster",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(ProviderIssues, Walked)],
        gate: None,
        means: "The provider cannot look after the cluster: upgrades and repairs may fail.",
        advice: "Follow the message: subnets, security groups, roles and keys that EKS needs must be there.",
        find: provider_issue,
    },
];

/// Who broke one policy, and how bad that is by its worst rule.
#[derive(Default)]
struct Broken<'a> {
    severity: Option<Severity>,
    objects: BTreeSet<ObjectRef>,
    rules: BTreeSet<&'a str>,
    message: &'a str,
}

fn severity(result: &PolicyResult) -> Severity {
    match result.severity.as_str() {
        "critical" => Severity::High,
        "low" | "info" => Severity::Low,
        _ => Severity::Medium,
    }
}

fn reference(object: &ObjectReference, namespace: &str) -> ObjectRef {
    let namespace = if object.namespace.is_empty() { namespace } else { object.namespace.as_str() };
    ObjectRef::from(Target {
        kind: object.kind.as_str().to_owned(),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: object.name.as_str().to_owned(),
    })
}

fn policy_fail(scene: &Scene<'_>) -> Vec<Draft> {
    let reports = scene.snapshot.policy_reports.iter().chain(&scene.snapshot.cluster_policy_reports);
    let results = reports.flat_map(|report| report.results.iter().map(move |result| (report, result)));
    let mut policies: BTreeMap<&str, Broken<'_>> = BTreeMap::new();
    for (report, result) in results.filter(|(_, result)| result.result == "fail") {
        let broken = policies.entry(result.policy.as_str()).or_default();
        let worst = Some(severity(result));
        if worst > broken.severity {
            broken.severity = worst;
            broken.message = result.message.as_str();
        }
        broken.rules.insert(result.rule.as_str());
        let PolicyReport { meta, scope, .. } = report;
        // Kyverno names the object once for the report, others in each result.
        let objects = if result.resources.is_empty() { scope.as_slice() } else { result.resources.as_slice() };
        broken.objects.extend(objects.iter().map(|object| reference(object, &meta.namespace)));
    }
    let drafts = policies.into_iter().map(|(policy, broken)| {
        let rules: Vec<&str> = broken.rules.into_iter().filter(|rule| !rule.is_empty()).collect();
        let mut evidence = vec![Evidence::new("objects", broken.objects.len().to_string())];
        if !rules.is_empty() {
            evidence.push(Evidence::new("rules", rules.join(", ")));
        }
        if !broken.message.is_empty() {
            evidence.push(Evidence::new("message", broken.message));
        }
        let title = texts::policy_fail(broken.objects.len(), broken.message);
        let objects: Vec<ObjectRef> = broken.objects.into_iter().collect();
        let this = Target::cluster_wide("Policy", policy);
        let severity = broken.severity.unwrap_or(Severity::Medium);
        Draft { objects, ..Draft::about(this, severity, title, evidence) }
    });
    drafts.collect()
}

fn provider_issue(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.provider_issues.iter().map(|issue| {
        let mut evidence = vec![Evidence::new("code", issue.code.as_str())];
        if !issue.message.is_empty() {
            evidence.push(Evidence::new("message", issue.message.as_str()));
        }
        let about: Vec<&str> = issue.resource_ids.iter().map(|id| id.as_str()).collect();
        evidence.extend((!about.is_empty()).then(|| Evidence::new("resources", about.join(", "))));
        let container = Some(issue.code.as_str().to_owned());
        let title = texts::provider_issue(&issue.code, &issue.message);
        Draft { container, ..Draft::about(cluster(scene), Severity::High, title, evidence) }
    });
    drafts.collect()
}
