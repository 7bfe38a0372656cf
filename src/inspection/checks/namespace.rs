//! Namespaces: those that do not go, those that nobody needs, and those in which everything is allowed.

use super::check::row::*;
use super::scene::{Draft, Scene, is_system, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    CronJobs, DaemonSets, Deployments, Jobs, LimitRanges, Namespaces, PersistentVolumeClaims, Pods, ReplicaSets,
    ResourceQuotas, Services, StatefulSets,
};
use crate::snapshot::{Condition, Namespace, Origin, Resource};
use crate::texts::findings::{self, namespace as texts};
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("namespace/terminating-stuck"),
        kind: "Namespace",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Namespaces, Walked)],
        gate: Some("15m"),
        means: "Nothing can be made in it or under its name: whoever wants to use it again is refused.",
        advice: "Remove what it waits for: the finalizers' controller, or the API that does not answer. Never its own finalizer.",
        find: terminating_stuck,
    },
    Check {
        id: CheckId::new("namespace/empty"),
        kind: "Namespace",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[
            (Namespaces, Walked),
            (Pods, Complete),
            (ReplicaSets, Complete),
            (Deployments, Complete),
            (StatefulSets, Complete),
            (DaemonSets, Complete),
            (Jobs, Complete),
            (CronJobs, Complete),
            (Services, Complete),
            (PersistentVolumeClaims, Complete),
        ],
        gate: Some("30d"),
        means: "Its accounts, rights and Secrets still work, and nobody looks after them.",
        advice: "Ask its owner, then delete it.",
        find: empty,
    },
    Check {
        id: CheckId::new("namespace/no-quota"),
        kind: "Namespace",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Namespaces, Walked), (ResourceQuotas, Complete), (LimitRanges, Complete), (Pods, Walked)],
        gate: None,
        means: "One team's mistake can take the resources of all the others.",
        advice: "Give it a ResourceQuota, and a LimitRange with defaults.",
        find: no_quota,
    },
    Check {
        id: CheckId::new("namespace/no-psa"),
        kind: "Namespace",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Namespaces, Walked)],
        gate: None,
        means: "Unless another admission controller does, nothing keeps a pod in it from taking over its node.",
        advice: "Label it pod-security.kubernetes.io/enforce: baseline, or restricted.",
        find: no_pod_security,
    },
];

/// What a namespace that is being deleted says of what it waits for, the most telling first.
const REASONS: &[&str] = &[
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
];

fn terminating_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.namespaces.iter().filter_map(|namespace| {
        let since = namespace.meta.deletion_timestamp?;
        let age = scene.age(since);
        if age <= scene.thresholds.namespace {
            return None;
        }
        let said = REASONS.iter().filter_map(|reason| namespace.status.conditions.get(reason));
        let said: Vec<&Condition> = said.filter(|condition| condition.status == "True").collect();
        let title = match said.first() {
            Some(first) => texts::terminating_stuck(age, Some((&first.type_, &first.message))),
            None => texts::terminating_stuck(age, None),
        };
        let mut evidence = vec![Evidence::since("metadata.deletionTimestamp", "set", Some(since))];
        evidence.extend(said.iter().map(|condition| {
            let field = format!("conditions[{}]", condition.type_);
            Evidence::since(field, condition.message.as_str(), condition.last_transition_time)
        }));
        Some(Draft::about(target("Namespace", &namespace.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

/// Namespaces of people, not of the cluster, that are to stay.
fn lasting<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Namespace> {
    let all = scene.snapshot.namespaces.iter();
    all.filter(|namespace| !is_system(&namespace.meta.name) && namespace.meta.deletion_timestamp.is_none())
}

/// What every namespace has without anybody's doing.
fn comes_by_itself(resource: Resource, name: &str) -> bool {
    match resource {
        Resource::ServiceAccounts => name == "default",
        Resource::ConfigMaps => matches!(name, "kube-root-ca.crt" | "openshift-service-ca.crt" | "istio-ca-root-cert"),
        Resource::Events => true,
        _ => false,
    }
}

/// What makes a namespace a used one; of custom resources nobody knows what they do.
fn is_use(resource: Resource) -> bool {
    let custom = resource == Resource::CustomResources || resource.origin() == Origin::Extension;
    custom
        || matches!(resource, Pods | ReplicaSets | Deployments | StatefulSets | DaemonSets | Jobs | CronJobs)
        || matches!(resource, Services | PersistentVolumeClaims)
}

fn empty(scene: &Scene<'_>) -> Vec<Draft> {
    let mut used: HashSet<&str> = HashSet::new();
    let mut newest: HashMap<&str, DateTime<Utc>> = HashMap::new();
    let lists = Resource::ALL.iter().copied();
    for (resource, meta) in lists.flat_map(|resource| scene.snapshot.metas(resource).map(move |meta| (resource, meta)))
    {
        if is_use(resource) {
            used.insert(&meta.namespace);
        } else if let Some(made) = meta.creation_timestamp.filter(|_| !comes_by_itself(resource, &meta.name)) {
            let last = newest.entry(&meta.namespace).or_insert(made);
            *last = made.max(*last);
        }
    }
    let drafts = lasting(scene).filter_map(|namespace| {
        let name = namespace.meta.name.as_str();
        let made = namespace.meta.creation_timestamp?;
        // Who has put something into it lately has plans.
        let since = newest.get(name).map_or(made, |newest| made.max(*newest));
        let waits = name != "default" && !used.contains(name) && scene.snapshot.covers(name);
        (waits && scene.age(since) > scene.thresholds.empty_namespace).then(|| {
            let evidence = vec![Evidence::since("workloads, Services and claims", "0", Some(since))];
            let title = texts::empty(scene.age(since).num_days());
            Draft::about(target("Namespace", &namespace.meta), Severity::Info, title, evidence)
        })
    });
    drafts.collect()
}

fn no_quota(scene: &Scene<'_>) -> Vec<Draft> {
    let quotas = scene.snapshot.resource_quotas.iter().map(|quota| quota.meta.namespace.as_str());
    let ranges = scene.snapshot.limit_ranges.iter().map(|range| range.meta.namespace.as_str());
    let limited: HashSet<&str> = quotas.chain(ranges).collect();
    let mut pods: HashMap<&str, usize> = HashMap::new();
    for pod in scene.live_pods() {
        *pods.entry(pod.meta.namespace.as_str()).or_default() += 1;
    }
    let drafts = lasting(scene).filter_map(|namespace| {
        let name = namespace.meta.name.as_str();
        // Who runs nothing takes nothing.
        let running = *pods.get(name)?;
        (!limited.contains(name)).then(|| {
            let evidence = vec![
                Evidence::since("resourcequotas", "0", namespace.meta.creation_timestamp),
                Evidence::new("limitranges", "0"),
                Evidence::new("pods", running.to_string()),
            ];
            Draft::about(target("Namespace", &namespace.meta), Severity::Info, texts::no_quota(), evidence)
        })
    });
    drafts.collect()
}

fn no_pod_security(scene: &Scene<'_>) -> Vec<Draft> {
    const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
    let open = lasting(scene).filter(|namespace| !namespace.meta.labels.contains_key(ENFORCE));
    let draft = |namespace: &Namespace| {
        let since = namespace.meta.creation_timestamp;
        let evidence = vec![Evidence::since(format!("labels[{ENFORCE}]"), findings::none(), since)];
        Draft::about(target("Namespace", &namespace.meta), Severity::Info, texts::no_pod_security(), evidence)
    };
    open.map(draft).collect()
}
