//! What operators say of the objects that they look after: in general, Argo CD's and Flux's.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    Applications, Buckets, CustomResources, GitRepositories, HelmCharts, HelmReleases, HelmRepositories,
    Kustomizations, OciRepositories,
};
use crate::snapshot::{Application, Condition, CustomResource};
use crate::texts::findings::operator as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cr/condition-failed"),
        kind: "CR",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(CustomResources, Walked)],
        gate: Some("15m"),
        means: "Its operator does not get it into the state that was asked for.",
        advice: "The condition's message is the operator's; look at its log where that says too little.",
        find: condition_failed,
    },
    Check {
        id: CheckId::new("argocd/app-unhealthy"),
        kind: "Application",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Applications, Walked)],
        gate: Some("5m, 1h out of sync"),
        means: "What runs is not what Git says, or does not run well.",
        advice: "Look at the application's resources and its last sync in Argo CD.",
        find: app_unhealthy,
    },
    Check {
        id: CheckId::new("flux/not-ready"),
        kind: "Kustomization",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (Kustomizations, Walked),
            (HelmReleases, Walked),
            (GitRepositories, Walked),
            (HelmRepositories, Walked),
            (HelmCharts, Walked),
            (OciRepositories, Walked),
            (Buckets, Walked),
        ],
        gate: Some("15m"),
        means: "Changes in Git do not arrive in the cluster.",
        advice: "The message says which step fails; begin with the source.",
        find: flux_not_ready,
    },
];

/// Conditions that are true of what is well, as most operators write them; the first that fails is the title's.
const WELL: &[&str] = &["Ready", "Available", "Healthy", "Synced", "Reconciled"];

/// The first condition of those that says no, and for long enough.
fn failed<'a>(scene: &Scene<'_>, object: &'a CustomResource) -> Option<&'a Condition> {
    let conditions = WELL.iter().filter_map(|name| object.status.conditions.get(name));
    let mut failed = conditions.filter(|condition| {
        condition.status == "False" && scene.is_older(condition.last_transition_time, scene.thresholds.condition)
    });
    failed.next().filter(|_| object.meta.deletion_timestamp.is_none())
}

fn facts(condition: &Condition) -> Vec<Evidence> {
    let name = &condition.type_;
    let mut facts =
        vec![Evidence::since(format!("conditions[{name}].status"), &*condition.status, condition.last_transition_time)];
    for (field, value) in [("reason", &condition.reason), ("message", &condition.message)] {
        if !value.is_empty() {
            facts.push(Evidence::new(format!("conditions[{name}].{field}"), &**value));
        }
    }
    facts
}

fn condition_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let running = scene.snapshot.custom_resources.iter().filter(|object| !object.spec.suspend);
    let drafts = running.filter_map(|object| {
        let condition = failed(scene, object)?;
        let title = texts::condition_failed(&condition.type_, &condition.reason, &condition.message);
        Some(Draft::about(target(&object.kind, &object.meta), Severity::Medium, title, facts(condition)))
    });
    drafts.collect()
}

fn app_unhealthy(scene: &Scene<'_>) -> Vec<Draft> {
    let living = scene.snapshot.applications.iter().filter(|app| app.meta.deletion_timestamp.is_none());
    living.filter_map(|app| unhealthy(scene, app)).collect()
}

fn unhealthy(scene: &Scene<'_>, app: &Application) -> Option<Draft> {
    let (health, sync) = (&app.status.health, &app.status.sync);
    let mut evidence = Vec::new();
    let mut said: Option<(Severity, String)> = None;
    let operation = app.status.operation_state.as_ref();
    let broken = operation.filter(|operation| operation.phase == "Failed" || operation.phase == "Error");
    if let Some(operation) = broken {
        evidence.push(Evidence::since("status.operationState.phase", operation.phase.as_str(), operation.finished_at));
        said = Some((Severity::Medium, texts::sync_failed(&operation.message)));
    }
    let ill = health.status == "Degraded" || health.status == "Missing";
    if ill && scene.is_settled(health.last_transition_time) {
        evidence.push(Evidence::since("status.health.status", health.status.as_str(), health.last_transition_time));
        said = said.or_else(|| Some((Severity::Medium, texts::app_ill(&health.status, &health.message))));
    }
    // Argo CD does not say since when it differs: since the last sync ended, or since there is the application.
    let since = operation.and_then(|operation| operation.finished_at).or(app.meta.creation_timestamp);
    if sync.status == "OutOfSync" && scene.is_older(since, scene.thresholds.out_of_sync) {
        evidence.push(Evidence::since("status.sync.status", "OutOfSync", since));
        said = said.or_else(|| {
            let ago = operation.and_then(|operation| operation.finished_at).map(|at| scene.age(at));
            Some((Severity::Medium, texts::out_of_sync(ago)))
        });
    }
    let (severity, title) = said?;
    Some(Draft::about(target("Application", &app.meta), severity, title, evidence))
}

fn flux_not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let lists: [(&str, &[CustomResource]); 7] = [
        ("GitRepository", &snapshot.git_repositories),
        ("OCIRepository", &snapshot.oci_repositories),
        ("HelmRepository", &snapshot.helm_repositories),
        ("Bucket", &snapshot.buckets),
        ("HelmChart", &snapshot.helm_charts),
        ("Kustomization", &snapshot.kustomizations),
        ("HelmRelease", &snapshot.helm_releases),
    ];
    let all = lists.into_iter().flat_map(|(kind, objects)| objects.iter().map(move |object| (kind, object)));
    let drafts = all.filter_map(|(kind, object)| {
        let this = target(kind, &object.meta);
        // What is held back on purpose need not be ready.
        if object.spec.suspend && object.meta.deletion_timestamp.is_none() {
            let evidence = vec![Evidence::new("spec.suspend", "true")];
            return Some(Draft::about(this, Severity::Info, texts::suspended(), evidence));
        }
        let condition = failed(scene, object).filter(|condition| condition.type_ == "Ready")?;
        let title = texts::flux_not_ready(kind, &condition.message);
        Some(Draft::about(this, Severity::Medium, title, facts(condition)))
    });
    drafts.collect()
}
