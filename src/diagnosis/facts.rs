//! What was looked at of an object that nothing is wrong with.

use super::graph::{Graph, ObjectId};
use super::object::Entity;
use crate::finding::Evidence;
use crate::snapshot::{Conditions, Pod};

/// The facts that make an object healthy, or let a person judge that it is.
pub(super) fn facts(graph: &Graph<'_>, id: ObjectId) -> Vec<Evidence> {
    let Some(entity) = graph.object(id).entity else { return Vec::new() };
    let pair = |field: &str, have: i32, want: i32| Evidence::new(field, format!("{have} / {want}"));
    let mut facts = match entity {
        Entity::Pod(pod) => pod_facts(pod),
        Entity::Deployment(each) => {
            vec![pair("status.availableReplicas", each.status.available_replicas, each.spec.replicas.unwrap_or(1))]
        }
        Entity::ReplicaSet(each) => {
            vec![pair("status.readyReplicas", each.status.ready_replicas, each.spec.replicas.unwrap_or(1))]
        }
        Entity::StatefulSet(each) => {
            vec![pair("status.readyReplicas", each.status.ready_replicas, each.spec.replicas.unwrap_or(1))]
        }
        Entity::DaemonSet(each) => {
            vec![pair("status.numberReady", each.status.number_ready, each.status.desired_number_scheduled)]
        }
        Entity::Job(each) => vec![
            Evidence::new("status.succeeded", each.status.succeeded.to_string()),
            Evidence::new("status.active", each.status.active.to_string()),
            Evidence::new("status.failed", each.status.failed.to_string()),
        ],
        Entity::CronJob(each) => vec![
            Evidence::new("spec.schedule", each.spec.schedule.as_str()),
            Evidence::new("spec.suspend", each.spec.suspend.to_string()),
        ],
        Entity::Service(_) => {
            let endpoints = graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
            let (ready, others): (Vec<_>, Vec<_>) = endpoints.partition(|endpoint| endpoint.conditions.is_ready());
            vec![Evidence::new("endpoints ready", format!("{} / {}", ready.len(), ready.len() + others.len()))]
        }
        Entity::Ingress(each) => {
            let addresses = each.status.load_balancer.ingress.iter();
            let addresses: Vec<&str> = addresses
                .map(|address| if address.ip.is_empty() { address.hostname.as_str() } else { address.ip.as_str() })
                .collect();
            vec![Evidence::new("status.loadBalancer", addresses.join(", "))]
        }
        Entity::Node(each) => each
            .status
            .conditions
            .iter()
            .map(|each| {
                Evidence::since(format!("conditions[{}]", each.type_), &*each.status, each.last_transition_time)
            })
            .collect(),
        Entity::Namespace(each) => vec![Evidence::new("status.phase", each.status.phase.as_str())],
        Entity::PersistentVolumeClaim(each) => vec![Evidence::new("status.phase", each.status.phase.as_str())],
        Entity::PersistentVolume(each) => vec![Evidence::new("status.phase", each.status.phase.as_str())],
        Entity::ResourceQuota(each) => {
            let used = each.status.hard.iter().map(|(resource, hard)| {
                let used = each.status.used.get(resource).map(|used| used.as_str()).unwrap_or("0");
                Evidence::new(format!("used/hard {resource}"), format!("{used} / {}", hard.as_str()))
            });
            used.collect()
        }
        Entity::StorageClass(each) => vec![Evidence::new("provisioner", each.provisioner.as_str())],
        Entity::MutatingWebhookConfiguration(each) | Entity::ValidatingWebhookConfiguration(each) => {
            let webhooks: Vec<&str> = each.webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
            vec![Evidence::new("webhooks", webhooks.join(", "))]
        }
        Entity::CustomResourceDefinition(each) => of_condition(&each.status.conditions, "Established"),
        Entity::APIService(each) => of_condition(&each.status.conditions, "Available"),
        Entity::HorizontalPodAutoscaler(each) => {
            let limits = format!("{} to {}", each.spec.min_replicas.unwrap_or(1), each.spec.max_replicas);
            vec![
                pair("status.currentReplicas", each.status.current_replicas, each.status.desired_replicas),
                Evidence::new("replicas", limits),
            ]
        }
        Entity::PodDisruptionBudget(each) => vec![
            pair("status.currentHealthy", each.status.current_healthy, each.status.desired_healthy),
            Evidence::new("status.disruptionsAllowed", each.status.disruptions_allowed.to_string()),
        ],
        Entity::ConfigMap(_) | Entity::Secret(_) | Entity::Other(..) => vec![Evidence::new("exists", "true")],
    };
    let warning = graph.events(id).iter().find(|event| event.type_ == "Warning");
    facts.extend(
        warning
            .map(|event| Evidence::since(format!("event {}", event.reason), event.message.as_str(), event.last_seen)),
    );
    facts
}

fn of_condition(conditions: &Conditions, name: &str) -> Vec<Evidence> {
    let condition = conditions.get(name);
    let fact = condition.map(|condition| {
        Evidence::since(format!("conditions[{name}]"), &*condition.status, condition.last_transition_time)
    });
    fact.into_iter().collect()
}

fn pod_facts(pod: &Pod) -> Vec<Evidence> {
    let restarts: i32 = pod.status.container_statuses.iter().map(|status| status.restart_count).sum();
    let mut facts = vec![Evidence::since("status.phase", pod.status.phase.as_str(), pod.status.start_time)];
    let ready = pod.status.conditions.get("Ready");
    facts.extend(ready.map(|ready| Evidence::since("conditions[Ready]", &*ready.status, ready.last_transition_time)));
    facts.push(Evidence::new("restarts", restarts.to_string()));
    if !pod.spec.node_name.is_empty() {
        facts.push(Evidence::new("spec.nodeName", pod.spec.node_name.as_str()));
    }
    facts
}
