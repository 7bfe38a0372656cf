//! Whether the Services in front of a workload lead to it again.

use super::revisions::text;
use crate::cluster::{Cluster, NotSeen};
use serde_json::Value;

/// A Service that selects one of these pods and has no ready endpoint.
pub(super) async fn without_endpoints(
    cluster: &Cluster,
    namespace: &str,
    pods: &[Value],
) -> Result<Option<String>, String> {
    let services = list(cluster, &format!("/api/v1/namespaces/{namespace}/services")).await?.unwrap_or_default();
    let names = selecting(&services, pods);
    if names.is_empty() {
        return Ok(None);
    }
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
    let slices = list(cluster, &path).await?;
    Ok(slices.and_then(|slices| names.into_iter().find(|name| !leads_somewhere(name, &slices)).map(str::to_owned)))
}

/// None where the cluster does not have that API.
async fn list(cluster: &Cluster, path: &str) -> Result<Option<Vec<Value>>, String> {
    match cluster.peek(&format!("{path}?resourceVersion=0")).await {
        Ok(mut peek) => match peek.value.pointer_mut("/items").map(Value::take) {
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) | None => Ok(Some(Vec::new())),
        },
        Err(NotSeen::NotFound) => Ok(None),
        Err(NotSeen::Unable(said)) => Err(said),
    }
}

/// The Services that select one of these pods, by name.
fn selecting<'a>(services: &'a [Value], pods: &[Value]) -> Vec<&'a str> {
    let wanted = services.iter().filter(|service| pods.iter().any(|pod| selects(service, pod)));
    wanted.map(|service| text(service, "/metadata/name")).collect()
}

fn leads_somewhere(service: &str, slices: &[Value]) -> bool {
    slices.iter().any(|slice| is_of(slice, service) && is_ready(slice))
}

fn selects(service: &Value, pod: &Value) -> bool {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    let labels = pod.pointer("/metadata/labels");
    let matches = |selector: &serde_json::Map<String, Value>| {
        let has = |(key, value): (&String, &Value)| labels.and_then(|labels| labels.get(key)) == Some(value);
        !selector.is_empty() && selector.iter().all(has)
    };
    // What is a name for something elsewhere has no endpoints, whatever it selects.
    text(service, "/spec/type") != "ExternalName" && selector.is_some_and(matches)
}

fn is_of(slice: &Value, service: &str) -> bool {
    let labels = slice.pointer("/metadata/labels");
    labels.and_then(|labels| labels.get("kubernetes.io/service-name")).and_then(Value::as_str) == Some(service)
}

/// A condition that is not there counts as ready, as for everybody who reads endpoints.
fn is_ready(slice: &Value) -> bool {
    let endpoints = slice.pointer("/endpoints").and_then(Value::as_array).into_iter().flatten();
    endpoints
        .map(|endpoint| endpoint.pointer("/conditions/ready").and_then(Value::as_bool))
        .any(|ready| ready.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::{leads_somewhere, selecting};
    use serde_json::{Value, json};

    #[test]
    fn only_services_that_select_the_pods_count() {
        let service = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
        let services = [
            service("cart", json!({"selector": {"app": "cart"}})),
            service("canary", json!({"selector": {"app": "cart", "track": "canary"}})),
            service("by-hand", json!({})),
            service("elsewhere", json!({"type": "ExternalName", "selector": {"app": "cart"}})),
        ];
        let pod = json!({"metadata": {"labels": {"app": "cart", "pod-template-hash": "1"}}});
        assert_eq!(selecting(&services, &[pod]), ["cart"]);
        assert_eq!(selecting(&services, &[]), Vec::<&str>::new());
    }

    #[test]
    fn one_ready_endpoint_of_its_own_is_enough() {
        let slice = |service: &str, conditions: &[Value]| {
            let endpoints: Vec<Value> = conditions.iter().map(|conditions| json!({"conditions": conditions})).collect();
            json!({"metadata": {"labels": {"kubernetes.io/service-name": service}}, "endpoints": endpoints})
        };
        let (ready, not_ready) = (json!({"ready": true}), json!({"ready": false}));
        for (slices, leads) in [
            (vec![], false),
            (vec![slice("search", std::slice::from_ref(&ready))], false),
            (vec![slice("cart", std::slice::from_ref(&not_ready))], false),
            (vec![slice("cart", &[not_ready]), slice("cart", &[ready])], true),
            (vec![slice("cart", &[json!({})])], true),
            (vec![json!({"metadata": {"labels": {"kubernetes.io/service-name": "cart"}}, "endpoints": null})], false),
        ] {
            assert_eq!(leads_somewhere("cart", &slices), leads, "{slices:?}");
        }
    }
}
