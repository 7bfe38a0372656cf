//! Service accounts: what they name, who runs as them, and what a token of theirs may do.

use super::check::row::*;
use super::references::specs;
use super::rights::{Account, Rights, pods};
use super::scene::{Draft, Scene, is_system, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    ClusterRoleBindings, CronJobs, DaemonSets, Deployments, Jobs, Pods, ReplicaSets, RoleBindings, Secrets,
    ServiceAccounts, StatefulSets,
};
use crate::snapshot::{Pod, Scope, ServiceAccount, Str};
use crate::texts::findings::{self, rights as texts};
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("serviceaccount/missing-secret"),
        kind: "ServiceAccount",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(ServiceAccounts, Walked), (Secrets, Complete)],
        gate: None,
        means: "A program that looks for the account's token or key in that Secret finds none.",
        advice: "Take the entry out of the account's secrets, or create the Secret.",
        find: missing_secret,
    },
    Check {
        id: CheckId::new("serviceaccount/missing-pull-secret"),
        kind: "ServiceAccount",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(ServiceAccounts, Walked), (Secrets, Complete)],
        gate: None,
        means: "Images of a private registry are not pulled for its pods.",
        advice: "Create the pull secret, or correct its name.",
        find: missing_pull_secret,
    },
    Check {
        id: CheckId::new("serviceaccount/unused"),
        kind: "ServiceAccount",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[
            (ServiceAccounts, Walked),
            (Pods, Complete),
            (ReplicaSets, Complete),
            (Deployments, Complete),
            (StatefulSets, Complete),
            (DaemonSets, Complete),
            (Jobs, Complete),
            (CronJobs, Complete),
            (ClusterRoleBindings, Complete),
            (RoleBindings, Complete),
        ],
        gate: Some("7d"),
        means: "It is left over.",
        advice: "Delete it, unless something outside the cluster uses a token of it.",
        find: unused,
    },
    Check {
        id: CheckId::new("serviceaccount/automount"),
        kind: "ServiceAccount",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(ServiceAccounts, Walked), (Pods, Walked), (ClusterRoleBindings, Complete), (RoleBindings, Complete)],
        gate: None,
        means: "Who breaks into the pod finds a key to the API server that the pod never needed.",
        advice: "Set automountServiceAccountToken: false on the account or in the pod template.",
        find: automount,
    },
    Check {
        id: CheckId::new("serviceaccount/default-in-use"),
        kind: "ServiceAccount",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Pods, Walked), (ClusterRoleBindings, Complete), (RoleBindings, Complete)],
        gate: None,
        means: "Whatever right is given to it, all these pods have it.",
        advice: "Give each workload an account of its own.",
        find: default_in_use,
    },
];

/// The accounts that name Secrets that are not there.
fn missing(
    scene: &Scene<'_>,
    field: &'static str,
    named: fn(&ServiceAccount) -> Vec<&Str>,
    title: fn(&[&str]) -> String,
) -> Vec<Draft> {
    let drafts = scene.snapshot.service_accounts.iter().filter_map(|account| {
        let absent = |name: &&str| {
            let id = scene.graph.find("Secret", &account.meta.namespace, name);
            id.is_none_or(|id| scene.graph.object(id).entity.is_none())
        };
        let names: Vec<&str> = named(account).into_iter().map(Str::as_str).filter(absent).collect();
        let since = account.meta.creation_timestamp;
        let absent = |name: &&str| Evidence::since(field, findings::absent("Secret", name), since);
        let evidence = names.iter().map(absent).collect();
        let this = target("ServiceAccount", &account.meta);
        (!names.is_empty()).then(|| Draft::about(this, Severity::Medium, title(&names), evidence))
    });
    drafts.collect()
}

fn missing_secret(scene: &Scene<'_>) -> Vec<Draft> {
    fn named(account: &ServiceAccount) -> Vec<&Str> {
        account.secrets.iter().map(|secret| &secret.name).collect()
    }
    missing(scene, "secrets", named, texts::missing_secrets)
}

fn missing_pull_secret(scene: &Scene<'_>) -> Vec<Draft> {
    fn named(account: &ServiceAccount) -> Vec<&Str> {
        account.image_pull_secrets.iter().map(|secret| &secret.name).collect()
    }
    missing(scene, "imagePullSecrets", named, texts::missing_pull_secrets)
}

fn key(account: &ServiceAccount) -> Account<'_> {
    (account.meta.namespace.as_str(), account.meta.name.as_str())
}

fn references(pods: &[&Pod]) -> Vec<ObjectRef> {
    pods.iter().map(|pod| target("Pod", &pod.meta).into()).collect()
}

/// A binding in a namespace that was not asked for can give an account rights too.
fn sees_every_binding(scene: &Scene<'_>) -> bool {
    scene.snapshot.scope == Scope::AllNamespaces
}

fn unused(scene: &Scene<'_>) -> Vec<Draft> {
    let rights = Rights::of(scene);
    let used: HashSet<Account<'_>> =
        specs(scene.snapshot).map(|(namespace, spec)| (namespace, spec.service_account_name.as_str())).collect();
    let drafts = scene.snapshot.service_accounts.iter().filter_map(|account| {
        let since = account.meta.creation_timestamp?;
        let kept = account.meta.name == "default" || is_system(&account.meta.namespace) || rights.names(key(account));
        let left_over = scene.age(since) > scene.thresholds.left_over && account.meta.deletion_timestamp.is_none();
        if kept || used.contains(&key(account)) || !left_over || !sees_every_binding(scene) {
            return None;
        }
        let evidence = vec![Evidence::since("pods and bindings", "0", Some(since))];
        let title = texts::unused_account(scene.age(since).num_days());
        Some(Draft::about(target("ServiceAccount", &account.meta), Severity::Info, title, evidence))
    });
    drafts.collect()
}

fn automount(scene: &Scene<'_>) -> Vec<Draft> {
    let (rights, pods) = (Rights::of(scene), pods(scene));
    let drafts = scene.snapshot.service_accounts.iter().filter_map(|account| {
        if is_system(&account.meta.namespace) || rights.has(key(account)) || !sees_every_binding(scene) {
            return None;
        }
        // What the pod says goes before what its account says.
        let says = |pod: &Pod| pod.spec.automount_service_account_token.or(account.automount_service_account_token);
        let mounting = pods.get(&key(account))?.iter().copied();
        let mounting: Vec<&Pod> = mounting.filter(|pod| says(pod).unwrap_or(true)).collect();
        let evidence = vec![Evidence::new("automountServiceAccountToken", "true"), Evidence::new("bindings", "0")];
        let draft = Draft::about(
            target("ServiceAccount", &account.meta),
            Severity::Info,
            texts::automount(mounting.len()),
            evidence,
        );
        (!mounting.is_empty()).then(|| Draft { objects: references(&mounting), ..draft })
    });
    drafts.collect()
}

fn default_in_use(scene: &Scene<'_>) -> Vec<Draft> {
    let rights = Rights::of(scene);
    let pods = pods(scene).into_iter();
    let pods = pods.filter(|((namespace, account), _)| *account == "default" && !is_system(namespace));
    let draft = |((namespace, account), pods): (Account<'_>, Vec<&Pod>)| {
        let bound = rights.has((namespace, account));
        let severity = if bound { Severity::Medium } else { Severity::Info };
        let evidence = vec![
            Evidence::new("spec.serviceAccountName", account),
            Evidence::new("has bindings", texts::yes_no(bound)),
        ];
        let this = Target::namespaced("ServiceAccount", namespace, account);
        let title = texts::default_in_use(pods.len(), bound);
        Draft { objects: references(&pods), ..Draft::about(this, severity, title, evidence) }
    };
    pods.map(draft).collect()
}
