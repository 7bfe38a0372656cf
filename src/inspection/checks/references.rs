//! Who names which ConfigMap and Secret.

use super::scene::Scene;
use crate::diagnosis::config_refs;
use crate::snapshot::{PodSpec, Snapshot};
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
    }
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
