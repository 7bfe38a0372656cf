//! EndpointSlices: what stands behind each Service, from its selector and the readiness of the pods.

use serde_json::{Value, json};

use crate::demo::json::{deleting, items, map, name, namespace, put, text, uid};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::select::selects;
use crate::demo::simulation::Simulation;

use super::pods;

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for service in simulation.objects.list(Kind::Service, Some(within)) {
        if map(&service, "/spec/selector").is_some_and(|selector| !selector.is_empty())
            && text(&service, "/spec/type") != "ExternalName"
        {
            reconcile(simulation, &service);
        }
    }
}

fn reconcile(simulation: &mut Simulation, service: &Value) {
    let selector = map(service, "/spec/selector");
    let mut matching = simulation.objects.list(Kind::Pod, Some(namespace(service)));
    matching.retain(|pod| selects(selector, pod) && !pods::finished(pod) && !text(pod, "/status/podIP").is_empty());
    let endpoints: Vec<Value> = matching.iter().map(|pod| endpoint(pod)).collect();
    let ports: Vec<Value> = match matching.first() {
        Some(pod) => items(service, "/spec/ports").iter().filter_map(|port| resolve(port, pod)).collect(),
        None => Vec::new(),
    };
    let own = format!("{}-{}", name(service), names::suffix(uid(service), 5));
    let (endpoints, ports) = (Value::Array(endpoints), Value::Array(ports));
    if simulation.objects.has(Kind::EndpointSlice, namespace(service), &own) {
        return simulation.objects.edit(Kind::EndpointSlice, namespace(service), &own, |slice| {
            put(slice, "/endpoints", endpoints);
            put(slice, "/ports", ports);
        });
    }
    let slice = json!({
        "metadata": {
            "name": own, "namespace": namespace(service), "ownerReferences": [pods::owner_reference(service)],
            "labels": {
                "kubernetes.io/service-name": name(service),
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    let now = simulation.now;
    simulation.objects.insert(Kind::EndpointSlice, slice, now);
}

fn endpoint(pod: &Value) -> Value {
    let (ready, leaving) = (pods::ready(pod), deleting(pod));
    json!({
        "addresses": [pod["status"]["podIP"]],
        "conditions": { "ready": ready && !leaving, "serving": ready, "terminating": leaving },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": { "kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid(pod) },
    })
}

/// A service port with the number that the pod gives it; none if the pod has no port of that name.
fn resolve(port: &Value, pod: &Value) -> Option<Value> {
    let number = match &port["targetPort"] {
        Value::String(wanted) => {
            let all = items(pod, "/spec/containers").iter().flat_map(|container| items(container, "/ports"));
            all.into_iter().find(|offered| offered["name"] == *wanted.as_str())?["containerPort"].clone()
        }
        other => other.clone(),
    };
    Some(json!({ "name": port["name"].as_str().unwrap_or_default(), "port": number, "protocol": port["protocol"] }))
}
