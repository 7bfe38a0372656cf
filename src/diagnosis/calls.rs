//! Who asks whom: workloads and the API server need Services, and quotas and webhooks may refuse what workloads make.

use super::graph::{Builder, ObjectId};
use super::relations::Relation;
use crate::snapshot::{ObjectMeta, PodSpec, Snapshot, Str, WebhookClientConfig};
use std::collections::{HashMap, HashSet};

/// The quota that a creation failure names: `exceeded quota: compute, requested: …`.
pub fn exceeded_quota(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("exceeded quota: ")?;
    rest.split([',', ' ']).next().filter(|name| !name.is_empty())
}

/// The admission webhook that a failure names: `admission webhook "policy.acme.io" denied the request: …`,
/// `failed calling webhook "policy.acme.io": …`.
pub fn refusing_webhook(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("webhook \"")?;
    let (name, _) = rest.split_once('"')?;
    (!name.is_empty()).then_some(name)
}

/// Ties what may not make its pods to the quota or the webhook that refuses them: as its condition says, or its events.
pub(super) fn tie_refusals<'a>(builder: &mut Builder<'a>, snapshot: &'a Snapshot) {
    let failures = snapshot.replica_sets.iter().filter_map(|set| {
        let failure = set.status.conditions.get("ReplicaFailure").filter(|condition| condition.status == "True")?;
        Some(("ReplicaSet", &set.meta.namespace, &set.meta.name, &failure.message))
    });
    let events = snapshot.events.iter().filter(|event| event.reason == "FailedCreate").map(|event| {
        let about = &event.involved_object;
        (about.kind.as_str(), &about.namespace, &about.name, &event.message)
    });
    let mutating = snapshot.mutating_webhook_configurations.iter().map(|each| ("MutatingWebhookConfiguration", each));
    let validating =
        snapshot.validating_webhook_configurations.iter().map(|each| ("ValidatingWebhookConfiguration", each));
    let mut webhooks: HashMap<&str, (&'static str, &'a Str)> = HashMap::new();
    for (kind, configuration) in mutating.chain(validating) {
        for webhook in &configuration.webhooks {
            webhooks.entry(webhook.name.as_str()).or_insert((kind, &configuration.meta.name));
        }
    }
    let mut ties: HashSet<(ObjectId, Relation, ObjectId)> = HashSet::new();
    for (kind, namespace, name, message) in failures.chain(events) {
        let Some(id) = builder.known(kind, namespace, name) else { continue };
        if let Some(quota) = exceeded_quota(message) {
            ties.insert((id, Relation::LimitedBy, builder.named("ResourceQuota", namespace, quota)));
        }
        if let Some((kind, configuration)) = refusing_webhook(message).and_then(|webhook| webhooks.get(webhook)) {
            ties.insert((id, Relation::AdmittedBy, builder.named(kind, "", configuration)));
        }
    }
    let mut ties: Vec<_> = ties.into_iter().collect();
    ties.sort_unstable();
    for (from, relation, to) in ties {
        builder.tie(from, relation, to);
    }
}

pub(super) fn tie_called<'a>(
    builder: &mut Builder<'a>,
    id: ObjectId,
    called: impl IntoIterator<Item = &'a WebhookClientConfig>,
) {
    let services = called.into_iter().filter_map(|config| config.service.as_ref());
    let mut services: Vec<(&str, &str)> =
        services.map(|service| (service.namespace.as_str(), service.name.as_str())).collect();
    services.sort_unstable();
    services.dedup();
    for (namespace, name) in services {
        let service = builder.named("Service", namespace, name);
        builder.tie(id, Relation::Calls, service);
    }
}

/// The Service that a host is in the cluster's DNS, as far as its name alone can tell: `db`, `db.shop`, `db.shop.svc…`.
fn service_of<'h>(host: &'h str, namespace: &'h str) -> Option<(&'h str, &'h str)> {
    let mut parts = host.trim_end_matches('.').split('.');
    match (parts.next()?, parts.next(), parts.next()) {
        (name, None, _) => Some((namespace, name)),
        (name, Some(namespace), None | Some("svc")) => Some((namespace, name)),
        (_, Some(_), Some(_)) => None,
    }
}

/// Ties a workload to the Services that its variables and arguments name. A name that no Service has is somebody else's.
pub(super) fn tie_asked<'a>(builder: &mut Builder<'a>, id: ObjectId, meta: &'a ObjectMeta, spec: &'a PodSpec) {
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let hosts = containers.flat_map(|container| {
        let variables = container.env.iter().flat_map(|variable| variable.value.iter());
        variables.chain(container.command.iter()).chain(container.args.iter())
    });
    let services = hosts.filter_map(|host| service_of(host, &meta.namespace));
    let mut asked: Vec<ObjectId> =
        services.filter_map(|(namespace, name)| builder.known("Service", namespace, name)).collect();
    asked.sort_unstable();
    asked.dedup();
    for service in asked {
        builder.tie(id, Relation::Asks, service);
    }
}

#[cfg(test)]
mod tests {
    use super::{refusing_webhook, service_of};
    use crate::diagnosis::{Graph, Relation};
    use crate::snapshot::Snapshot;
    use chrono::DateTime;
    use serde_json::{Value, json};

    /// `Kind/name Relation Kind/name` of every tie but those of owners and selectors.
    fn ties(objects: Vec<Value>) -> Vec<String> {
        let snapshot = Snapshot::from_objects(DateTime::UNIX_EPOCH, objects).unwrap();
        let graph = Graph::new(&snapshot);
        let name = |id| graph.object(id).target().to_string();
        let of = |(id, _)| graph.depends_on(id).map(move |(relation, to)| (id, relation, to));
        let ties = graph.objects().flat_map(of);
        let ties = ties.filter(|(_, relation, _)| {
            matches!(relation, Relation::Asks | Relation::Calls | Relation::AdmittedBy | Relation::LimitedBy)
        });
        let mut ties: Vec<String> =
            ties.map(|(from, relation, to)| format!("{} {relation:?} {}", name(from), name(to))).collect();
        ties.sort();
        ties
    }

    fn service(namespace: &str, name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"port": 80}]}})
    }

    #[test]
    fn a_workload_asks_the_services_that_it_names() {
        let api = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"name": "api", "image": "acme/api:1",
                "env": [{"name": "DB_HOST", "value": "db"}, {"name": "QUEUE", "value": "amqp://u:p@queue.infra.svc:5672"},
                        {"name": "NAME", "value": "web"}],
                "args": ["--cache=redis:6379", "--metrics=https://stats.example.com/v1"]}]}}}});
        let named = ["db", "redis", "web", "stats"].map(|name| service("shop", name));
        let objects = named.into_iter().chain([service("infra", "queue"), service("infra", "db"), api]).collect();
        assert_eq!(
            ties(objects),
            [
                "Deployment shop/api Asks Service infra/queue",
                "Deployment shop/api Asks Service shop/db",
                "Deployment shop/api Asks Service shop/redis",
            ]
        );
    }

    #[test]
    fn a_pod_asks_for_itself_only_if_nobody_makes_it() {
        let pod = |owners: Value| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "ownerReferences": owners},
                "spec": {"containers": [{"name": "p", "image": "acme/p:1", "command": ["wait-for", "db:5432"]}]}})
        };
        assert_eq!(ties(vec![service("shop", "db"), pod(json!([]))]), ["Pod shop/p Asks Service shop/db"]);
        let made = pod(json!([{"kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true}]));
        assert!(ties(vec![service("shop", "db"), made]).is_empty());
    }

    #[test]
    fn webhooks_conversions_and_other_apis_are_answered_by_services() {
        let called = json!({"service": {"namespace": "policy", "name": "webhook"}});
        let objects = vec![
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": "policy"}, "webhooks": [{"name": "a", "clientConfig": called},
                    {"name": "b", "clientConfig": called}, {"name": "c", "clientConfig": {"url": "https://c"}}]}),
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "w"},
                "spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": called}}}}),
            json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.m"},
                "spec": {"service": {"namespace": "kube-system", "name": "metrics-server"}}}),
        ];
        assert_eq!(
            ties(objects),
            [
                "APIService v1.m Calls Service kube-system/metrics-server",
                "CustomResourceDefinition w Calls Service policy/webhook",
                "ValidatingWebhookConfiguration policy Calls Service policy/webhook",
            ]
        );
    }

    #[test]
    fn who_is_refused_is_tied_to_who_refuses_once() {
        let event = |kind: &str, name: &str, message: &str| {
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{name}.1"), "namespace": "shop"},
                "reason": "FailedCreate", "message": message,
                "involvedObject": {"kind": kind, "namespace": "shop", "name": name}})
        };
        let denied = "admission webhook \"pods.policy\" denied the request: no";
        let objects = vec![
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                "metadata": {"name": "policy"}, "webhooks": [{"name": "pods.policy"}]}),
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "api", "namespace": "shop"},
                "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": denied}]}}),
            event("ReplicaSet", "api", denied),
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"}}),
            event("StatefulSet", "db", "pods \"db-0\" is forbidden: exceeded quota: compute, requested: cpu=1"),
            event("StatefulSet", "gone", denied),
        ];
        assert_eq!(
            ties(objects),
            [
                "ReplicaSet shop/api AdmittedBy MutatingWebhookConfiguration policy",
                "StatefulSet shop/db LimitedBy ResourceQuota shop/compute",
            ]
        );
    }

    #[test]
    fn names_are_read_as_the_clusters_dns_reads_them() {
        assert_eq!(service_of("db", "shop"), Some(("shop", "db")));
        assert_eq!(service_of("db.infra.svc.cluster.local.", "shop"), Some(("infra", "db")));
        assert_eq!(service_of("db.infra", "shop"), Some(("infra", "db")));
        assert_eq!(service_of("db.example.com", "shop"), None);
        assert_eq!(refusing_webhook("failed calling webhook \"a.b\": timeout"), Some("a.b"));
        assert_eq!(refusing_webhook("exceeded quota: compute"), None);
    }
}
