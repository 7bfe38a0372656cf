//! Finds what hangs together: every tie leads from what suffers to what it depends on.

use super::attached::tie_attached;
use super::calls::{tie_asked, tie_called, tie_refusals};
use super::graph::{Builder, ObjectId};
use super::object::Entity;
use crate::snapshot::{
    Ingress, IngressBackend, KeySelector, KeyToPath, Labels, ObjectMeta, Pod, PodSpec, QuickMap, Snapshot, Str, selects,
};

/// How one object depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// A workload lives by the objects that it controls: Deployment, ReplicaSet, Pod.
    Owns,
    /// A Service sends to the pods that it selects.
    Selects,
    /// An Ingress sends to a Service.
    Routes,
    /// A pod runs on a node.
    RunsOn,
    /// A pod mounts a claim; a claim is bound to a volume and made by a class.
    Mounts,
    /// A pod or an Ingress reads a ConfigMap or a Secret.
    Refers,
    /// A workload may make no more pods than a quota lets it.
    LimitedBy,
    /// A webhook has refused what a workload would make.
    AdmittedBy,
    /// The API server calls a Service for a webhook, a conversion or an API of others.
    Calls,
    /// A workload names a Service in its variables or arguments.
    Asks,
    /// An autoscaler sets the size of a workload.
    Scales,
    /// A disruption budget is about the pods that it selects.
    Guards,
    /// A Gateway is made by the controller of its class, a route by that of its Gateway.
    MadeBy,
}

/// A ConfigMap or Secret that a pod reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigRef<'a> {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// Its name, in the pod's namespace.
    pub name: &'a str,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// Where the pod says so, such as `env` or `volumes`.
    pub field: &'static str,
}

impl<'a> ConfigRef<'a> {
    fn new(kind: &'static str, name: &'a Str, optional: bool, field: &'static str) -> Self {
        Self { kind, name: name.as_str(), optional, field }
    }
}

/// Every ConfigMap and Secret that a pod's containers and volumes name.
pub fn config_refs(spec: &PodSpec) -> Vec<ConfigRef<'_>> {
    let mut refs = Vec::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        for source in container.env.iter().filter_map(|variable| variable.value_from.as_deref()) {
            let map = source.config_map_key_ref.as_ref();
            refs.extend(map.map(|key| ConfigRef::new("ConfigMap", &key.name, key.optional, "env")));
            let secret = source.secret_key_ref.as_ref();
            refs.extend(secret.map(|key| ConfigRef::new("Secret", &key.name, key.optional, "env")));
        }
        for source in &container.env_from {
            let map = source.config_map_ref.as_ref();
            refs.extend(map.map(|whole| ConfigRef::new("ConfigMap", &whole.name, whole.optional, "envFrom")));
            let secret = source.secret_ref.as_ref();
            refs.extend(secret.map(|whole| ConfigRef::new("Secret", &whole.name, whole.optional, "envFrom")));
        }
    }
    for volume in &spec.volumes {
        let map = volume.config_map.as_ref();
        refs.extend(map.map(|map| ConfigRef::new("ConfigMap", &map.name, map.optional, "volumes")));
        let secret = volume.secret.as_ref();
        refs.extend(secret.map(|secret| ConfigRef::new("Secret", &secret.secret_name, secret.optional, "volumes")));
        let driver = volume.driver_secret();
        refs.extend(driver.map(|(field, name)| ConfigRef::new("Secret", name, false, field)));
        for source in volume.projected.iter().flat_map(|projected| &projected.sources) {
            let map = source.config_map.as_ref();
            refs.extend(map.map(|map| ConfigRef::new("ConfigMap", &map.name, map.optional, "volumes.projected")));
            let secret = source.secret.as_ref();
            refs.extend(secret.map(|part| ConfigRef::new("Secret", &part.name, part.optional, "volumes.projected")));
        }
    }
    refs.retain(|each| !each.name.is_empty());
    refs
}

/// One key of a ConfigMap or Secret that a pod reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// Its name, in the pod's namespace.
    pub name: &'a str,
    /// The key.
    pub key: &'a str,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// Where the pod says so, such as `env` or `volumes`.
    pub field: &'static str,
}

/// Every single key that a pod's containers and volumes name.
pub fn config_keys(spec: &PodSpec) -> Vec<KeyRef<'_>> {
    let mut keys = Vec::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        for source in container.env.iter().filter_map(|variable| variable.value_from.as_deref()) {
            for (kind, selector) in [("ConfigMap", &source.config_map_key_ref), ("Secret", &source.secret_key_ref)] {
                keys.extend(selector.iter().map(|KeySelector { name, key, optional }| KeyRef {
                    kind,
                    name,
                    key,
                    optional: *optional,
                    field: "env",
                }));
            }
        }
    }
    let mut add = |kind, name, optional, field, items| {
        let items: &Vec<KeyToPath> = items;
        keys.extend(items.iter().map(|item| KeyRef { kind, name, key: &item.key, optional, field }));
    };
    for volume in &spec.volumes {
        if let Some(map) = &volume.config_map {
            add("ConfigMap", &map.name, map.optional, "volumes", &map.items);
        }
        if let Some(secret) = &volume.secret {
            add("Secret", &secret.secret_name, secret.optional, "volumes", &secret.items);
        }
        for source in volume.projected.iter().flat_map(|projected| &projected.sources) {
            for (kind, part) in [("ConfigMap", &source.config_map), ("Secret", &source.secret)] {
                if let Some(part) = part {
                    add(kind, &part.name, part.optional, "volumes.projected", &part.items);
                }
            }
        }
    }
    keys
}

/// The backends of an Ingress that are Services, the default one first.
pub fn backends(ingress: &Ingress) -> impl Iterator<Item = &IngressBackend> {
    let paths = ingress.spec.rules.iter().filter_map(|rule| rule.http.as_ref()).flat_map(|http| &http.paths);
    ingress.spec.default_backend.iter().chain(paths.map(|path| &path.backend))
}

pub(crate) fn tie_all(builder: &mut Builder<'_>) {
    let snapshot = builder.snapshot;
    let mut configs = Configs::default();
    for (id, entity) in builder.held() {
        let meta = entity.meta();
        tie_owner(builder, id, meta);
        match entity {
            Entity::Pod(pod) => {
                tie_pod(builder, id, pod);
                for config in configs.of(builder, pod) {
                    builder.tie(id, Relation::Refers, *config);
                }
                if meta.controller().is_none() {
                    tie_asked(builder, id, meta, &pod.spec);
                }
            }
            Entity::Deployment(each) => tie_asked(builder, id, meta, &each.spec.template.spec),
            Entity::StatefulSet(each) => tie_asked(builder, id, meta, &each.spec.template.spec),
            Entity::DaemonSet(each) => tie_asked(builder, id, meta, &each.spec.template.spec),
            Entity::CronJob(each) => tie_asked(builder, id, meta, &each.spec.job_template.spec.template.spec),
            Entity::MutatingWebhookConfiguration(each) | Entity::ValidatingWebhookConfiguration(each) => {
                tie_called(builder, id, each.webhooks.iter().map(|webhook| &webhook.client_config));
            }
            Entity::CustomResourceDefinition(each) => {
                let webhook = each.spec.conversion.as_ref().and_then(|conversion| conversion.webhook.as_ref());
                tie_called(builder, id, webhook.and_then(|webhook| webhook.client_config.as_ref()));
            }
            Entity::APIService(each) => {
                if let Some(service) = &each.spec.service {
                    let service = builder.named("Service", &service.namespace, &service.name);
                    builder.tie(id, Relation::Calls, service);
                }
            }
            Entity::Ingress(ingress) => tie_ingress(builder, id, ingress),
            Entity::PersistentVolumeClaim(claim) => {
                if !claim.spec.volume_name.is_empty() {
                    let volume = builder.named("PersistentVolume", "", &claim.spec.volume_name);
                    builder.tie(id, Relation::Mounts, volume);
                }
                if let Some(class) = claim.spec.storage_class_name.as_ref().filter(|class| !class.is_empty()) {
                    let class = builder.named("StorageClass", "", class);
                    builder.tie(id, Relation::Mounts, class);
                }
            }
            Entity::Node(_)
            | Entity::Namespace(_)
            | Entity::ReplicaSet(_)
            | Entity::Job(_)
            | Entity::Service(_)
            | Entity::ConfigMap(_)
            | Entity::Secret(_)
            | Entity::PersistentVolume(_)
            | Entity::StorageClass(_)
            | Entity::ResourceQuota(_)
            | Entity::HorizontalPodAutoscaler(_)
            | Entity::PodDisruptionBudget(_)
            | Entity::Other(..) => {}
        }
    }
    tie_services(builder, snapshot);
    tie_attached(builder);
    tie_refusals(builder, snapshot);
}

fn tie_owner<'a>(builder: &mut Builder<'a>, id: ObjectId, meta: &'a ObjectMeta) {
    let Some(owner) = meta.controller() else { return };
    // A node owns its mirror pods; it has no namespace.
    let namespace = if owner.kind == "Node" { "" } else { meta.namespace.as_str() };
    let (owner_id, unlisted) = builder.first_named(&owner.kind, namespace, &owner.name);
    builder.tie(owner_id, Relation::Owns, id);
    if !unlisted || owner.kind != "ReplicaSet" {
        return;
    }
    // The ReplicaSets could not be read: their names are still the Deployment's with the hash that every pod carries.
    let hash = meta.labels.get("pod-template-hash").map(|hash| hash.as_str()).unwrap_or_default();
    let deployment = owner.name.as_str().strip_suffix(hash).and_then(|name| name.strip_suffix('-'));
    if let Some(deployment) = deployment.filter(|name| !hash.is_empty() && !name.is_empty()) {
        let deployment = builder.named("Deployment", namespace, deployment);
        builder.tie(deployment, Relation::Owns, owner_id);
    }
}

fn tie_pod<'a>(builder: &mut Builder<'a>, id: ObjectId, pod: &'a Pod) {
    let namespace = pod.meta.namespace.as_str();
    if !pod.spec.node_name.is_empty() {
        let node = builder.named("Node", "", &pod.spec.node_name);
        builder.tie(id, Relation::RunsOn, node);
    }
    for volume in &pod.spec.volumes {
        let claim = match (&volume.persistent_volume_claim, &volume.ephemeral) {
            (Some(claim), _) => Some(builder.named("PersistentVolumeClaim", namespace, &claim.claim_name)),
            (None, Some(_)) => {
                builder.known("PersistentVolumeClaim", namespace, &format!("{}-{}", pod.meta.name, volume.name))
            }
            (None, None) => None,
        };
        if let Some(claim) = claim {
            builder.tie(id, Relation::Mounts, claim);
        }
    }
}

/// What the last pod reads: the next one is mostly of the same workload and reads the same.
#[derive(Default)]
struct Configs<'a> {
    last: Option<&'a Pod>,
    ids: Vec<ObjectId>,
}

impl<'a> Configs<'a> {
    /// The ConfigMaps and Secrets that a pod names.
    fn of(&mut self, builder: &mut Builder<'a>, pod: &'a Pod) -> &[ObjectId] {
        let namespace = &pod.meta.namespace;
        let same = |last: &Pod| last.meta.namespace == *namespace && last.spec.shares_contents(&pod.spec);
        if !self.last.is_some_and(same) {
            let mut refs: Vec<_> = config_refs(&pod.spec).iter().map(|each| (each.kind, each.name)).collect();
            refs.sort_unstable();
            refs.dedup();
            self.ids.clear();
            self.ids.extend(refs.into_iter().map(|(kind, name)| builder.named(kind, namespace, name)));
        }
        self.last = Some(pod);
        &self.ids
    }
}

fn tie_ingress<'a>(builder: &mut Builder<'a>, id: ObjectId, ingress: &'a Ingress) {
    let namespace = ingress.meta.namespace.as_str();
    let mut names: Vec<&str> =
        backends(ingress).filter_map(|backend| backend.service.as_ref()).map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let service = builder.named("Service", namespace, name);
        builder.tie(id, Relation::Routes, service);
    }
    for tls in ingress.spec.tls.iter().filter(|tls| !tls.secret_name.is_empty()) {
        let secret = builder.named("Secret", namespace, &tls.secret_name);
        builder.tie(id, Relation::Refers, secret);
    }
}

/// Ties Services to the pods that they select. Pods are indexed by the labels that some selector asks for, and each
/// Service looks only at the pods that carry the rarest of its own.
fn tie_services<'a>(builder: &mut Builder<'a>, snapshot: &'a Snapshot) {
    let mut buckets: QuickMap<(&str, &str, &str), Vec<usize>> = QuickMap::default();
    for service in &snapshot.services {
        for (key, value) in service.spec.selector.iter() {
            buckets.entry((service.meta.namespace.as_str(), key.as_str(), value.as_str())).or_default();
        }
    }
    for (index, pod) in snapshot.pods.iter().enumerate() {
        for (key, value) in pod.meta.labels.iter() {
            if let Some(bucket) = buckets.get_mut(&(pod.meta.namespace.as_str(), key.as_str(), value.as_str())) {
                bucket.push(index);
            }
        }
    }
    for service in &snapshot.services {
        let namespace = service.meta.namespace.as_str();
        let selector: &Labels = &service.spec.selector;
        let candidates =
            selector.iter().filter_map(|(key, value)| buckets.get(&(namespace, key.as_str(), value.as_str())));
        let Some(rarest) = candidates.min_by_key(|bucket| bucket.len()) else { continue };
        let from = builder.named("Service", namespace, &service.meta.name);
        for index in rarest {
            if let (Some(pod), Some(to)) = (snapshot.pods.get(*index), builder.pod(*index))
                && selects(selector, &pod.meta.labels)
            {
                builder.tie(from, Relation::Selects, to);
            }
        }
    }
}
