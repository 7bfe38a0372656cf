//! What a change changes, as people read it: a unified diff of manifests without noise and without what must not leave.

use super::request::MARKER;
use crate::{redact, texts};
use serde_json::Value;
use similar::TextDiff;

/// The diff of two objects as YAML.
pub(super) fn unified(before: &Value, after: &Value) -> String {
    let (shown_before, shown_after) = (yaml(&hidden(before)), yaml(&hidden(after)));
    if shown_before == shown_after {
        return if yaml(&tidy(before)) == yaml(&tidy(after)) {
            String::new()
        } else {
            texts::repair::plan::HIDDEN_ONLY.to_owned()
        };
    }
    let diff = TextDiff::from_lines(&shown_before, &shown_after);
    let text = diff.unified_diff().context_radius(3).to_string();
    // Line numbers of a manifest that nobody has on the screen say nothing.
    let lines = text.lines().map(|line| if line.starts_with("@@") { "…" } else { line });
    let lines: Vec<&str> = lines.skip_while(|line| *line == "…").collect();
    lines.join("\n") + "\n"
}

fn hidden(object: &Value) -> Value {
    let mut object = tidy(object);
    redact::value(&mut object);
    object
}

/// Without what the server keeps for itself and what every write moves.
fn tidy(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(whole) = object.as_object_mut() {
        whole.remove("status");
    }
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        for noise in ["managedFields", "resourceVersion", "generation", "selfLink"] {
            metadata.remove(noise);
        }
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(MARKER);
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        if annotations.is_empty()
            && let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("annotations");
        }
    }
    object
}

fn yaml(value: &Value) -> String {
    serde_yaml_ng::to_string(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::unified;
    use serde_json::json;

    #[test]
    fn a_diff_shows_what_changes_and_no_bookkeeping() {
        let object = |version: &str, marker: &str, image: &str| {
            json!({"metadata": {"name": "api", "resourceVersion": version, "generation": 3, "annotations": {"roundsman.dev/execution": marker}},
                "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}}, "status": {"replicas": 1}})
        };
        let diff = unified(&object("1", "a", "api:2"), &object("2", "b", "api:1"));
        let changed: Vec<&str> = diff.lines().filter(|line| line.starts_with(['+', '-'])).collect();
        assert_eq!(changed, ["-      - image: api:2", "+      - image: api:1"]);
        assert_eq!(unified(&object("1", "a", "api:1"), &object("2", "b", "api:1")), "");
    }

    #[test]
    fn sensitive_values_stay_inside() {
        let object = |secret: &str| {
            json!({"spec": {"containers": [{
                "name": "api", "image": "api:1", "args": [format!("--api-token={secret}"), "--port=80"],
                "env": [{"name": "DB_PASSWORD", "value": secret}, {"name": "URL", "value": format!("postgres://app:{secret}@db/shop")}],
                "volumes": [{"secret": {"secretName": "shop-tls"}}]}]}})
        };
        let diff = unified(&object("hunter2"), &object("hunter3"));
        assert_eq!(diff, "(only values that I do not show differ)\n");
        let other = json!({"spec": {}});
        let diff = unified(&object("hunter2"), &other);
        assert!(!diff.contains("hunter2"), "{diff}");
        assert!(diff.contains("shop-tls") && diff.contains("--port=80"), "{diff}");
    }
}
