//! `managedFields` in small: which manager last set which field, so that a plan can say who else owns what it changes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::json::{items, put, stamp, text};

/// Notes in `new` that `manager` made the difference to `old`. Others lose the fields that it changed.
pub(super) fn record(old: &Value, new: &mut Value, manager: &str, subresource: Option<&str>, now: DateTime<Utc>) {
    let mut changed = Map::new();
    for part in ["spec", "data", "stringData", "type", "rules"] {
        differ(&mut changed, part, old.get(part), new.get(part));
    }
    let mut metadata = Map::new();
    for part in ["labels", "annotations"] {
        differ(&mut metadata, part, old["metadata"].get(part), new["metadata"].get(part));
    }
    if !metadata.is_empty() {
        changed.insert("f:metadata".to_owned(), Value::Object(metadata));
    }
    let mut entries = items(new, "/metadata/managedFields").to_vec();
    if changed.is_empty() {
        return;
    }
    let changed = Value::Object(changed);
    let own = |entry: &Value| {
        text(entry, "/manager") == manager && text(entry, "/subresource") == subresource.unwrap_or_default()
    };
    for entry in entries.iter_mut().filter(|entry| !own(entry)) {
        subtract(&mut entry["fieldsV1"], &changed);
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    match entries.iter_mut().find(|entry| own(entry)) {
        Some(entry) => {
            unite(&mut entry["fieldsV1"], &changed);
            entry["time"] = stamp(now);
        }
        None => {
            let mut entry = json!({
                "manager": manager, "operation": "Update", "apiVersion": new["apiVersion"], "time": stamp(now),
                "fieldsType": "FieldsV1", "fieldsV1": changed,
            });
            if let Some(subresource) = subresource {
                put(&mut entry, "/subresource", json!(subresource));
            }
            entries.push(entry);
        }
    }
    put(new, "/metadata/managedFields", Value::Array(entries));
}

fn differ(into: &mut Map<String, Value>, key: &str, old: Option<&Value>, new: Option<&Value>) {
    if old == new || new.is_none() {
        return;
    }
    let mut below = Map::new();
    match (old, new) {
        (_, Some(Value::Object(new))) => {
            let old = old.and_then(Value::as_object);
            for (name, value) in new {
                differ(&mut below, name, old.and_then(|old| old.get(name)), Some(value));
            }
        }
        (_, Some(Value::Array(new))) if new.iter().all(|item| item.get("name").is_some_and(Value::is_string)) => {
            let old = old.and_then(Value::as_array);
            for item in new {
                let before = old.and_then(|old| old.iter().find(|before| before["name"] == item["name"]));
                let mut inside = Map::new();
                differ(&mut inside, "", before, Some(item));
                if let Some(fields) = inside.remove("f:") {
                    below.insert(format!("k:{}", json!({ "name": item["name"] })), fields);
                }
            }
        }
        (_, _) => {}
    }
    into.insert(format!("f:{key}"), Value::Object(below));
}

fn unite(into: &mut Value, other: &Value) {
    for (key, below) in other.as_object().into_iter().flatten() {
        let slot = into.as_object_mut().map(|into| into.entry(key.clone()).or_insert_with(|| json!({})));
        if let Some(slot) = slot {
            unite(slot, below);
        }
    }
}

fn subtract(from: &mut Value, other: &Value) {
    let Some(fields) = from.as_object_mut() else {
        return;
    };
    for (key, below) in other.as_object().into_iter().flatten() {
        let Some(inside) = fields.get_mut(key) else {
            continue;
        };
        if below.as_object().is_none_or(Map::is_empty) {
            fields.remove(key);
            continue;
        }
        subtract(inside, below);
        if inside.as_object().is_some_and(Map::is_empty) {
            fields.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_field_changes_hands() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut first = json!({"apiVersion": "apps/v1", "metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 1, "paused": false}});
        record(&json!({}), &mut first, "helm", None, now);
        let mut second = first.clone();
        second["spec"]["replicas"] = json!(3);
        record(&first, &mut second, "roundsman", None, now);
        let entries = items(&second, "/metadata/managedFields");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0]["fieldsV1"]["f:spec"], json!({"f:paused": {}}));
        assert_eq!(entries[1]["fieldsV1"], json!({"f:spec": {"f:replicas": {}}}));
    }
}
