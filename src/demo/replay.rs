//! The demo held against a real API server: the same shape asked of both, and where their answers differ.
//!
//! Values differ between two clusters, so answers are compared by form: status code, media type, the type of the object,
//! the reason of a refusal, and for the fields that the bot reads whether they are there and of which JSON type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::text;

/// One answer, from either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub code: u16,
    /// The `Content-Type` header, empty without one.
    pub content_type: String,
    /// The body as text.
    pub body: String,
}

/// Where two answers to the same request differ, in words; empty if they agree.
///
/// `fields` are the JSON pointers that the bot reads in such an answer, `*` for every element of a list or map
/// (`/items/*/status/phase`). A field that the real server leaves out everywhere may not be in the demo's answer, and the
/// other way round; to be fair both clusters have to hold an object of the same kind in the same trouble.
pub fn differences(fields: &[&str], demo: &Reply, real: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, demo: String, real: String| {
        if demo != real {
            found.push(format!("{what}: demo {demo:?}, real {real:?}"));
        }
    };
    compare("status code", demo.code.to_string(), real.code.to_string());
    let media = |reply: &Reply| reply.content_type.split(';').next().unwrap_or_default().to_owned();
    compare("media type", media(demo), media(real));
    let parsed = |reply: &Reply| serde_json::from_str::<Value>(&reply.body).ok();
    let (ours, theirs) = match (parsed(demo), parsed(real)) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (ours, theirs) => {
            compare("JSON", ours.is_some().to_string(), theirs.is_some().to_string());
            return found;
        }
    };
    for path in ["/kind", "/apiVersion"] {
        compare(path, text(&ours, path).to_owned(), text(&theirs, path).to_owned());
    }
    if text(&theirs, "/kind") == "Status" {
        for path in ["/status", "/reason", "/details/kind", "/details/group"] {
            compare(path, text(&ours, path).to_owned(), text(&theirs, path).to_owned());
        }
        return found;
    }
    for field in fields {
        let types = |value: &Value| {
            let mut types = BTreeSet::new();
            collect(value, field, &mut types);
            types.into_iter().collect::<Vec<_>>().join("|")
        };
        compare(field, types(&ours), types(&theirs));
    }
    found
}

/// The JSON types that are found at a pointer with `*`.
fn collect(value: &Value, path: &str, into: &mut BTreeSet<&'static str>) {
    let Some(rest) = path.strip_prefix('/') else {
        into.insert(type_name(value));
        return;
    };
    let (step, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match value {
        Value::Array(items) if step == "*" => items.iter().for_each(|item| collect(item, rest, into)),
        Value::Object(fields) if step == "*" => fields.values().for_each(|field| collect(field, rest, into)),
        Value::Object(fields) => {
            let step = step.replace("~1", "/").replace("~0", "~");
            if let Some(below) = fields.get(&step) {
                collect(below, rest, into);
            }
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(code: u16, body: &Value) -> Reply {
        Reply { code, content_type: "application/json".to_owned(), body: body.to_string() }
    }

    #[test]
    fn values_may_differ_and_forms_may_not() {
        let fields = ["/items/*/spec/replicas", "/items/*/status/readyReplicas"];
        let ours = json!({"kind": "DeploymentList", "items": [{"spec": {"replicas": 1}}]});
        let theirs = json!({"kind": "DeploymentList", "items": [{"spec": {"replicas": 3}}]});
        assert_eq!(differences(&fields, &reply(200, &ours), &reply(200, &theirs)), Vec::<String>::new());
        let theirs =
            json!({"kind": "DeploymentList", "items": [{"spec": {"replicas": "3"}, "status": {"readyReplicas": 1}}]});
        let found = differences(&fields, &reply(200, &ours), &reply(200, &theirs));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn refusals_are_compared_by_their_reason() {
        let status = |reason: &str, message: &str| json!({"kind": "Status", "reason": reason, "message": message});
        let ours = reply(409, &status("Conflict", "uid a"));
        assert!(differences(&[], &ours, &reply(409, &status("Conflict", "uid b"))).is_empty());
        assert_eq!(differences(&[], &ours, &reply(422, &status("Invalid", "uid a"))).len(), 2);
    }
}
