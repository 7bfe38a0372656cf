//! A control plane of a test's own, asked directly: as anybody, and with every kind that an inspection may look for.

use control_plane::{ControlPlane, Identity};
use http::{HeaderValue, Method, header};
use http_body_util::BodyExt;
use kube::client::Body;
use roundsman::snapshot::{Origin, Resource};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The cluster's admin.
pub(crate) async fn admin(plane: &ControlPlane) -> kube::Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(plane.kubeconfig(Identity::Admin)).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// Somebody of this name, whom the admin stands in for: nothing but what roles bind to the name is allowed.
pub(crate) fn impersonated(admin: &kube::Client, user: &str) -> kube::Client {
    let (client, user) = (admin.clone(), HeaderValue::from_str(user).unwrap());
    let service = tower::service_fn(move |mut request: http::Request<Body>| {
        let client = client.clone();
        request.headers_mut().insert("impersonate-user", user.clone());
        async move { client.send(request).await }
    });
    kube::Client::new(service, "default")
}

/// One request and its answer.
pub(crate) async fn send(client: &kube::Client, method: Method, uri: &str, media: &str, body: &Value) -> (u16, Value) {
    let sent = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, media);
    let request = request.header(header::ACCEPT, "application/json").body(Body::from(sent)).unwrap();
    let (parts, body) = client.send(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
}

/// Definitions of all kinds that others bring into a cluster and an inspection looks for, which hold whatever is written. Of a
/// group that an aggregated server has otherwise, too.
pub(crate) fn definitions() -> String {
    let lists = Resource::ALL.iter().filter(|resource| resource.origin() == Origin::Extension);
    let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
    for list in lists {
        let api = list.api();
        let name = format!("{}.{}", api.plural, api.group);
        let singular = api.kind.to_lowercase();
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name, "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"}},
            "spec": {
                "group": api.group,
                "scope": if api.namespaced { "Namespaced" } else { "Cluster" },
                "names": {"kind": api.kind, "listKind": format!("{}List", api.kind), "plural": api.plural, "singular": singular},
                "versions": [{
                    "name": api.version,
                    "served": true,
                    "storage": true,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        });
        definitions.insert(name, definition);
    }
    definitions.values().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
}

/// Installs them, and waits until they are served.
pub(crate) fn define_extensions(plane: &ControlPlane) {
    plane.apply("default", &definitions());
    plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=100s"]);
}
