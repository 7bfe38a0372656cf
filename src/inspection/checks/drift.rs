//! What is another than at the last inspection: workloads, what they mount, and versions.

use super::check::row::*;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::inspection::history::{Memory, Part};
use crate::snapshot::Resource::{
    ConfigMaps, CronJobs, DaemonSets, Deployments, HorizontalPodAutoscalers, Namespaces, Nodes, Secrets, StatefulSets,
};
use crate::texts::findings::drift as texts;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("drift/image-changed"),
        kind: "Workload",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Walked), (CronJobs, Walked)],
        gate: None,
        means: "What runs is another version than before: whatever began since may come from it.",
        advice: "Nothing, if it was released on purpose.",
        find: image_changed,
    },
    Check {
        id: CheckId::new("drift/replicas-changed"),
        kind: "Workload",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Deployments, Walked), (StatefulSets, Walked), (HorizontalPodAutoscalers, Walked)],
        gate: None,
        means: "Somebody scaled it by hand: it carries another load than before.",
        advice: "Write the number where the workload is defined, or the next release takes it back.",
        find: replicas_changed,
    },
    Check {
        id: CheckId::new("drift/workload-removed"),
        kind: "Workload",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
            (CronJobs, Walked),
            (Namespaces, Detail),
        ],
        gate: None,
        means: "What it did is not done any more.",
        advice: "If nobody removed it on purpose, apply it again from where it is defined.",
        find: workload_removed,
    },
    Check {
        id: CheckId::new("drift/config-changed"),
        kind: "ConfigMap",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[
            (ConfigMaps, Walked),
            (Secrets, Detail),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
        ],
        gate: None,
        means: "Pods that read it at their start run with the old content; those that start from now on have the new one.",
        advice: "Restart the workloads, unless they notice a change of the file by themselves.",
        find: config_changed,
    },
    Check {
        id: CheckId::new("drift/version-changed"),
        kind: "Cluster",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "The cluster was upgraded: whatever began since may come from it.",
        advice: "Nothing, if it was planned.",
        find: version_changed,
    },
];

/// The two sides of a drift: the time of the last inspection, what it saw, and what there is now.
#[derive(Debug)]
pub(super) struct Sides<'m, T> {
    pub(super) at: DateTime<Utc>,
    pub(super) before: &'m BTreeMap<String, T>,
    pub(super) now: &'m BTreeMap<String, T>,
}

/// Both sides of one part; nothing where one of them could not be seen.
pub(super) fn sides<'m, T>(scene: &'m Scene<'_>, part: fn(&Memory) -> &Part<T>) -> Option<Sides<'m, T>> {
    let memory = scene.history.memory()?;
    Some(Sides { at: memory.taken_at, before: part(memory).as_ref()?, now: part(scene.present()).as_ref()? })
}

impl<'m, T> Sides<'m, T> {
    /// What there was and is, by its key.
    fn lasting(&self) -> impl Iterator<Item = (&'m str, &'m T, &'m T)> {
        let before = self.before;
        self.now.iter().filter_map(move |(key, now)| Some((key.as_str(), before.get(key)?, now)))
    }
}

/// The object that a key stands for: `Deployment/shop/api`, `Node/worker-1`.
pub(super) fn target_of(key: &str) -> Target {
    let (kind, rest) = key.split_once('/').unwrap_or(("", key));
    match rest.split_once('/') {
        Some((namespace, name)) => Target::namespaced(kind, namespace, name),
        None => Target::cluster_wide(kind, rest),
    }
}

fn image_changed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.workloads) else { return Vec::new() };
    let drafts = sides.lasting().filter_map(|(key, before, now)| {
        let changed = now.images.iter().filter_map(|(container, image)| {
            let before = before.images.get(container).filter(|before| *before != image)?;
            Some((container.as_str(), before.as_str(), image.as_str()))
        });
        let changed: Vec<(&str, &str, &str)> = changed.collect();
        let fact = |(container, before, now): &(&str, &str, &str)| {
            let field = format!("containers[{container}].image");
            let before = Evidence::since(texts::at_last(&field), *before, Some(sides.at));
            [Evidence::new(field, *now), before]
        };
        let evidence = changed.iter().flat_map(fact).collect();
        (!changed.is_empty())
            .then(|| Draft::about(target_of(key), Severity::Info, texts::image_changed(&changed), evidence))
    });
    drafts.collect()
}

fn replicas_changed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.workloads) else { return Vec::new() };
    let drafts = sides.lasting().filter_map(|(key, before, now)| {
        let (was, is) = before.replicas.zip(now.replicas)?;
        if was == is || before.autoscaled || now.autoscaled {
            return None;
        }
        let evidence = vec![
            Evidence::new("spec.replicas", is.to_string()),
            Evidence::since(texts::at_last("spec.replicas"), was.to_string(), Some(sides.at)),
        ];
        Some(Draft::about(target_of(key), Severity::Info, texts::replicas_changed(was, is), evidence))
    });
    drafts.collect()
}

fn workload_removed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.workloads) else { return Vec::new() };
    let namespaces = scene.snapshot.namespaces.iter();
    let namespaces: HashSet<&str> = namespaces.map(|namespace| namespace.meta.name.as_str()).collect();
    let has_namespace =
        |name: &str| namespaces.contains(name) || !scene.snapshot.has_read(crate::snapshot::Resource::Namespaces);
    let mut gone: BTreeMap<Target, Vec<ObjectRef>> = BTreeMap::new();
    for key in sides.before.keys().filter(|key| !sides.now.contains_key(*key)) {
        let workload = target_of(key);
        let alone = workload.namespace.as_deref().is_none_or(has_namespace);
        // A namespace that went took its workloads along.
        let namespace = workload.namespace.as_deref().filter(|_| !alone);
        let this = namespace.map_or_else(|| workload.clone(), |name| Target::cluster_wide("Namespace", name));
        gone.entry(this).or_default().push(workload.into());
    }
    let draft = |(this, objects): (Target, Vec<ObjectRef>)| {
        let title = match this.kind.as_str() {
            "Namespace" => texts::namespace_removed(objects.len()),
            _ => texts::workload_removed(),
        };
        let names: Vec<String> = objects.iter().map(|object| object.target().to_string()).collect();
        let evidence = vec![Evidence::since("last seen", names.join(", "), Some(sides.at))];
        Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) }
    };
    gone.into_iter().map(draft).collect()
}

fn config_changed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.configs) else { return Vec::new() };
    let drafts =
        sides.lasting().filter(|(_, before, now)| before.digest != now.digest).filter_map(|(key, before, now)| {
            // Each run of a CronJob reads it anew.
            let lasting = now.used_by.iter().filter(|(workload, _)| !workload.starts_with("CronJob/"));
            let same = lasting.filter(|(workload, revision)| before.used_by.get(*workload) == Some(*revision));
            let workloads: Vec<Target> = same.map(|(workload, _)| target_of(workload)).collect();
            let names: Vec<String> = workloads.iter().map(ToString::to_string).collect();
            let this = target_of(key);
            let secret = this.kind == "Secret";
            let field = if secret { "metadata.resourceVersion" } else { "data" };
            let title = if secret { texts::secret_written(&names) } else { texts::config_changed(&names) };
            let evidence = vec![
                Evidence::since(field, texts::changed(), Some(sides.at)),
                Evidence::new("used by, not rolled out since", names.join(", ")),
            ];
            let mut draft = Draft::about(this, Severity::Info, title, evidence);
            draft.objects.extend(workloads.iter().cloned().map(ObjectRef::from));
            (!workloads.is_empty()).then_some(draft)
        });
    drafts.collect()
}

fn version_changed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(memory) = scene.history.memory() else { return Vec::new() };
    let (mut changes, mut evidence) = (Vec::new(), Vec::new());
    let mut objects: Vec<ObjectRef> = Vec::new();
    let versions = memory.version.as_ref().zip(scene.snapshot.version.as_ref());
    if let Some((was, is)) = versions.filter(|(was, is)| was != is) {
        changes.push(texts::server_changed(was, is));
        evidence.push(Evidence::new("API server", is.as_str()));
        evidence.push(Evidence::since(texts::at_last("API server"), was.as_str(), Some(memory.taken_at)));
    }
    let mut kubelets: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (key, before, now) in sides(scene, |memory| &memory.nodes).iter().flat_map(Sides::lasting) {
        if before.kubelet != now.kubelet && !before.kubelet.is_empty() {
            kubelets.entry((&before.kubelet, &now.kubelet)).or_default().push(key);
            objects.push(Target::cluster_wide("Node", key).into());
        }
    }
    for ((was, is), nodes) in kubelets {
        changes.push(texts::kubelets_changed(nodes.len(), was, is));
        evidence.push(Evidence::new(format!("kubelet of {}", nodes.join(", ")), is));
        evidence.push(Evidence::since(texts::at_last("kubelet"), was, Some(memory.taken_at)));
    }
    if changes.is_empty() {
        return Vec::new();
    }
    let this = Target::cluster_wide("Cluster", scene.snapshot.cluster.as_str());
    objects.insert(0, this.clone().into());
    vec![Draft { objects, ..Draft::about(this, Severity::Info, changes.join("; "), evidence) }]
}
