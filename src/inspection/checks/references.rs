//! Who names which ConfigMap and Secret.

use super::scene::Scene;
use crate::diagnosis::config_refs;
use crate::snapshot::{PodSpec, Resource, Secret, Snapshot, State, Why};
use std::collections::HashSet;

/// Kind, namespace and name of a ConfigMap or Secret.
pub(super) type Reference<'a> = (&'static str, &'a str, &'a str);

/// Every ConfigMap and Secret that pods, what pods are made from, and what was read besides name.
pub(super) fn referred<'a>(scene: &Scene<'a>) -> HashSet<Reference<'a>> {
    let snapshot = scene.snapshot;
    let mut found = HashSet::new();
    for (namespace, spec) in specs(snapshot) {
        found.extend(config_refs(spec).into_iter().map(|each| (each.kind, namespace, each.name)));
        found.extend(spec.image_pull_secrets.iter().map(|secret| ("Secret", namespace, secret.name.as_str())));
    }
    for account in &snapshot.service_accounts {
        let names = account.secrets.iter().map(|secret| secret.name.as_str());
        let names = names.chain(account.image_pull_secrets.iter().map(|secret| secret.name.as_str()));
        found.extend(names.map(|name| ("Secret", account.meta.namespace.as_str(), name)));
    }
    for ingress in &snapshot.ingresses {
        let namespace = ingress.meta.namespace.as_str();
        found.extend(ingress.spec.tls.iter().map(|tls| ("Secret", namespace, tls.secret_name.as_str())));
        let named = INGRESS_SECRETS.iter().filter_map(|key| ingress.meta.annotations.get(key));
        found.extend(named.map(|named| {
            let (namespace, name) = named.split_once('/').unwrap_or((namespace, named));
            ("Secret", namespace, name)
        }));
    }
    for volume in &snapshot.persistent_volumes {
        // A driver inside of Kubernetes that is told no namespace takes that of the claim.
        let claim = volume.spec.claim_ref.as_ref().map_or("", |claim| claim.namespace.as_str());
        found.extend(volume.spec.driver_secrets().map(|(namespace, name)| {
            let namespace = if namespace.is_empty() { claim } else { namespace.as_str() };
            ("Secret", namespace, name.as_str())
        }));
    }
    found.extend(class_secrets(snapshot).map(|(namespace, name)| ("Secret", namespace, name)));
    for gateway in &snapshot.gateways {
        let tls = gateway.spec.listeners.iter().filter_map(|listener| listener.tls.as_ref());
        found.extend(tls.flat_map(|tls| &tls.certificate_refs).map(|secret| {
            let own = if secret.namespace.is_empty() { &gateway.meta.namespace } else { &secret.namespace };
            ("Secret", own.as_str(), secret.name.as_str())
        }));
    }
    for certificate in &snapshot.certificates {
        found.insert(("Secret", certificate.meta.namespace.as_str(), certificate.spec.secret_name.as_str()));
    }
    found
}

/// Annotations of Ingresses that name a Secret, as `name` or `namespace/name`.
const INGRESS_SECRETS: &[&str] = &[
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/proxy-ssl-secret",
];

/// Namespace and name of the Secrets that storage classes hand to their drivers. Either can be a template such as
/// `${pvc.name}`.
fn class_secrets(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &str)> {
    snapshot.storage_classes.iter().flat_map(|class| {
        class.parameters.iter().filter_map(move |(key, name)| {
            let purpose = key.strip_prefix("csi.storage.k8s.io/")?.strip_suffix("-secret-name")?;
            let namespace = class.parameters.get(&format!("csi.storage.k8s.io/{purpose}-secret-namespace"))?;
            Some((namespace.as_str(), name.as_str()))
        })
    })
}

/// Lists of objects that can name Secrets in parts of them that are not kept: authorities, accounts, sources, triggers.
const OPAQUE: &[Resource] = &[
    Resource::Issuers,
    Resource::ClusterIssuers,
    Resource::ScaledObjects,
    Resource::CustomResources,
    Resource::GitRepositories,
    Resource::HelmRepositories,
    Resource::OciRepositories,
    Resource::Buckets,
    Resource::HelmReleases,
    Resource::Kustomizations,
];

/// Groups of the kinds by which ingress controllers and meshes are told what to serve, and with which certificate.
const SERVING: &[&str] = &[
    "apisix.apache.org",
    "configuration.konghq.com",
    "gateway.solo.io",
    "getambassador.io",
    "k8s.nginx.org",
    "networking.istio.io",
    "projectcontour.io",
    "traefik.containo.us",
    "traefik.io",
];

/// Where nobody can tell that a Secret is unused.
#[derive(Debug, Default)]
pub(super) struct Unseen<'a> {
    everywhere: bool,
    /// Of certificates and passwords for servers: in every namespace.
    served: bool,
    namespaces: HashSet<&'a str>,
}

impl<'a> Unseen<'a> {
    /// Where there are objects that may name a Secret unseen, or may be such objects that could not be read.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let hidden = |resource: &Resource| match snapshot.state_of(*resource) {
            State::Read | State::Unread(Why::NotServed | Why::NotConfigured) => false,
            State::Unread(_) => true,
        };
        let also = [Resource::Gateways, Resource::Certificates];
        let definitions = &snapshot.custom_resource_definitions;
        let served = definitions.iter().any(|each| SERVING.contains(&each.spec.group.as_str()));
        let mut unseen = Self {
            everywhere: OPAQUE.iter().chain(&also).any(hidden),
            served: served || hidden(&Resource::CustomResourceDefinitions),
            ..Self::default()
        };
        for resource in OPAQUE.iter().filter(|resource| **resource != Resource::ClusterIssuers) {
            unseen.add(snapshot.metas(*resource).map(|meta| meta.namespace.as_str()));
        }
        // cert-manager keeps the Secrets of issuers for the whole cluster in its own namespace.
        if !snapshot.cluster_issuers.is_empty() {
            let own = snapshot.deployments.iter().filter(|deployment| {
                deployment.meta.labels.get("app.kubernetes.io/name").is_some_and(|name| name == "cert-manager")
            });
            unseen.add(own.map(|deployment| deployment.meta.namespace.as_str()).chain(["cert-manager"]));
        }
        let templates = class_secrets(snapshot).filter(|(_, name)| name.contains("${"));
        unseen.add(templates.map(|(namespace, _)| namespace));
        let anywhere = class_secrets(snapshot).any(|(namespace, _)| namespace.contains("${"));
        unseen.everywhere |= anywhere || unseen.namespaces.contains("");
        unseen
    }

    fn add(&mut self, namespaces: impl Iterator<Item = &'a str>) {
        self.namespaces.extend(namespaces);
    }

    /// Whether a Secret may be used by what nobody sees.
    pub(super) fn covers(&self, secret: &Secret) -> bool {
        let serves = matches!(secret.type_.as_str(), "kubernetes.io/tls" | "kubernetes.io/basic-auth");
        self.everywhere || (self.served && serves) || self.namespaces.contains(secret.meta.namespace.as_str())
    }
}

/// Every pod and every template of one, with its namespace. A ReplicaSet of the past counts too: a rollback starts it
/// again.
pub(super) fn specs(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &PodSpec)> {
    let sets = snapshot.replica_sets.iter().map(|each| (&each.meta, &each.spec.template));
    let deployments = snapshot.deployments.iter().map(|each| (&each.meta, &each.spec.template));
    let stateful_sets = snapshot.stateful_sets.iter().map(|each| (&each.meta, &each.spec.template));
    let daemon_sets = snapshot.daemon_sets.iter().map(|each| (&each.meta, &each.spec.template));
    let jobs = snapshot.jobs.iter().map(|each| (&each.meta, &each.spec.template));
    let cron_jobs = snapshot.cron_jobs.iter().map(|each| (&each.meta, &each.spec.job_template.spec.template));
    let templates = sets.chain(deployments).chain(stateful_sets).chain(daemon_sets).chain(jobs).chain(cron_jobs);
    let templates = templates.map(|(meta, template)| (meta.namespace.as_str(), &template.spec));
    snapshot.pods.iter().map(|pod| (pod.meta.namespace.as_str(), &pod.spec)).chain(templates)
}
