//! What a shape's placeholders stand for: values for paths, queries and bodies, of the object that is asked for.

use super::sides::text;
use roundsman::demo::Shape;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is asked for, and how it should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// It is there, and as the caller knows it.
    There,
    /// There is no such object, or no such namespace.
    Missing,
    /// It has another resourceVersion than the caller knows.
    Stale,
    /// It has another uid.
    Another,
    /// A container that the pod does not have.
    NoContainer,
    /// What the caller may not do.
    Denied,
}

/// The values of a path and a query.
pub(crate) fn of_uri(object: &Value, situation: Situation) -> BTreeMap<String, String> {
    let missing = situation == Situation::Missing;
    let own = |pointer: &str| text(object, pointer).to_owned();
    let container = match situation {
        Situation::NoContainer => "nobody".to_owned(),
        _ => own("/spec/containers/0/name"),
    };
    let labels = object["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    let label = labels.iter().find(|(key, _)| !key.contains("hash") && !key.contains("revision"));
    let label = label.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    [
        ("namespace", own("/metadata/namespace")),
        ("name", if missing { "nobody".to_owned() } else { own("/metadata/name") }),
        ("metadata.name", if missing { "nobody".to_owned() } else { own("/metadata/name") }),
        ("type", own("/type")),
        ("container", container),
        ("fieldManager", "roundsman".to_owned()),
        ("labelSelector", label.unwrap_or_else(|| "app=nobody".to_owned())),
        ("limit", "2".to_owned()),
        ("limitBytes", "4096".to_owned()),
        ("tailLines", "2".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// A body of the form that the shape tells, for this object.
pub(crate) fn body(shape: &Shape, object: &Value, situation: Situation) -> Value {
    if shape.body.is_empty() {
        return Value::Null;
    }
    if shape.content_type == "application/json-patch+json" {
        let step = |step: &String| {
            let (op, path) = step.split_once(' ').unwrap();
            json!({"op": op, "path": path, "value": value(path, object, situation)})
        };
        return shape.body.iter().map(step).collect();
    }
    let mut body = json!({});
    for pointer in &shape.body {
        put(&mut body, pointer, value(pointer, object, situation));
    }
    body
}

/// The value of one field.
fn value(pointer: &str, object: &Value, situation: Situation) -> Value {
    let denied = situation == Situation::Denied;
    match pointer {
        "/metadata/uid" | "/preconditions/uid" if situation == Situation::Another => {
            json!("00000000-0000-4000-8000-000000000000")
        }
        "/metadata/resourceVersion" | "/preconditions/resourceVersion" if situation == Situation::Stale => json!("1"),
        "/metadata/uid" | "/preconditions/uid" => object["metadata"]["uid"].clone(),
        "/metadata/resourceVersion" | "/preconditions/resourceVersion" => object["metadata"]["resourceVersion"].clone(),
        "/metadata/annotations" => json!({}),
        "/metadata/annotations/roundsman.dev~1execution" => json!("x-shapes"),
        "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt" => json!("2026-01-01T00:00:00Z"),
        "/spec/replicas" => json!(object["spec"]["replicas"].as_i64().unwrap_or_default() + 1),
        "/spec/template" => {
            let mut template = object["spec"]["template"].clone();
            template["metadata"]["labels"]["again"] = json!("yes");
            template
        }
        "/dryRun/*" => json!("All"),
        "/kind" => json!(if object.is_null() { "SelfSubjectAccessReview" } else { "DeleteOptions" }),
        "/apiVersion" => json!(if object.is_null() { "authorization.k8s.io/v1" } else { "v1" }),
        "/spec/resourceAttributes/verb" => json!(if denied { "delete" } else { "get" }),
        "/spec/resourceAttributes/group" => json!("apps"),
        "/spec/resourceAttributes/resource" => json!("deployments"),
        "/spec/resourceAttributes/namespace" => json!("shop"),
        "/spec/resourceAttributes/name" => json!("checkout"),
        other => panic!("the bot sends {other:?} now: with which value shall it be replayed?"),
    }
}

/// Writes a value at a pointer and makes the maps and lists on the way.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut here = body;
    for step in pointer.split('/').skip(1) {
        if step == "*" {
            if !here.is_array() {
                *here = json!([null]);
            }
            here = &mut here[0];
            continue;
        }
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        here = &mut here[step.replace("~1", "/").replace("~0", "~")];
    }
    *here = value;
}
