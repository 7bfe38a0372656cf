//! Pods that stand alone, and the identity that pods run and pull with.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, target};
use super::templates::{Flaw, Template, flaws};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    CronJobs, DaemonSets, Deployments, Jobs, Pods, Secrets, ServiceAccounts, StatefulSets,
};
use crate::snapshot::{Pod, Resource, ServiceAccount};
use crate::texts::findings::{self as words, pod as texts};
use std::collections::{HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/unmanaged"),
        kind: "Pod",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Pods, Walked)],
        gate: None,
        means: "If its node is lost or drained, the pod is gone for good.",
        advice: "Make a Deployment, StatefulSet or Job of it; delete it if it was for trying something out.",
        find: unmanaged,
    },
    Check {
        id: CheckId::new("pod/missing-service-account"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (ServiceAccounts, Complete)],
        gate: None,
        means: "The pod's token is not valid any more, and no pod like it can be made.",
        advice: "Make the ServiceAccount again, with what it is bound to, or correct the workload.",
        find: missing_service_account,
    },
    Check {
        id: CheckId::new("pod/missing-pull-secret"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (Pods, Walked),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
            (CronJobs, Walked),
            (Jobs, Walked),
            (ServiceAccounts, Part),
            (Secrets, Complete),
        ],
        gate: None,
        means: "A node that does not have the image yet cannot pull it from a private registry.",
        advice: "Make the Secret in that namespace, or take its name out.",
        find: missing_pull_secret,
    },
];

pub(super) fn unmanaged(scene: &Scene<'_>) -> Vec<Draft> {
    // A mirror pod is the shadow of a file on its node.
    let alone = |pod: &&Pod| {
        pod.meta.controller().is_none() && !pod.meta.annotations.contains_key("kubernetes.io/config.mirror")
    };
    let draft = |pod: &Pod| {
        let evidence = vec![Evidence::since("metadata.ownerReferences", words::none(), pod.meta.creation_timestamp)];
        Draft::about(target("Pod", &pod.meta), Severity::Low, texts::unmanaged(), evidence)
    };
    scene.live_pods().filter(alone).map(draft).collect()
}

pub(super) fn missing_service_account(scene: &Scene<'_>) -> Vec<Draft> {
    let accounts = scene.snapshot.service_accounts.iter();
    let accounts: HashSet<(&str, &str)> =
        accounts.map(|account| (&*account.meta.namespace, &*account.meta.name)).collect();
    let sightings = scene.live_pods().filter_map(|pod| {
        // Only what the server has not filled in is empty: a mirror pod.
        let account = Some(pod.spec.service_account_name.as_str()).filter(|account| !account.is_empty())?;
        let there = accounts.contains(&(&*pod.meta.namespace, account));
        (!there).then_some(Sighting { pod, container: None, what: account })
    });
    let draft = |group: Group<'_, &str>| {
        let account = group.sightings.first()?.what;
        let since = group.sightings.iter().filter_map(|sighting| sighting.pod.meta.creation_timestamp).min();
        let evidence = vec![Evidence::since("spec.serviceAccountName", account, since)];
        let title = texts::missing_service_account(group.sightings.len(), account);
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

pub(super) fn missing_pull_secret(scene: &Scene<'_>) -> Vec<Draft> {
    let accounts = scene.snapshot.service_accounts.iter();
    let accounts: HashMap<(&str, &str), &ServiceAccount> =
        accounts.map(|account| ((&*account.meta.namespace, &*account.meta.name), account)).collect();
    let there = |namespace: &str, secret: &str| {
        let id = scene.graph.find("Secret", namespace, secret);
        id.is_some_and(|id| scene.graph.object(id).entity.is_some())
    };
    let look = |template: &Template<'_>| {
        let namespace = template.namespace();
        let own = template.spec.image_pull_secrets.iter();
        let mut missing: Vec<_> = own.map(|secret| (&*secret.name, None)).collect();
        // The server gives a pod those of its account only if it names none of its own.
        if missing.is_empty() && scene.snapshot.has_read(Resource::ServiceAccounts) {
            let name = match template.spec.service_account_name.as_str() {
                "" => "default",
                name => name,
            };
            let account = accounts.get(&(namespace, name)).into_iter();
            missing.extend(
                account.flat_map(|account| &account.image_pull_secrets).map(|secret| (&*secret.name, Some(name))),
            );
        }
        missing.retain(|(secret, _)| !secret.is_empty() && !there(namespace, secret));
        let flaw = |(secret, account): (&str, Option<&str>)| {
            let field = account.map_or_else(|| "imagePullSecrets".to_owned(), texts::from_account);
            Flaw { container: None, named: secret.to_owned(), facts: vec![(field, words::absent("Secret", secret))] }
        };
        missing.into_iter().map(flaw).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, |_, secrets| texts::missing_pull_secret(secrets))
}
