//! Short reads and writes on JSON objects: the controllers and handlers read like the API's own field paths.

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde_json::{Map, Value, json};

/// The value at a JSON pointer. As `Value::pointer`, but without two allocations per step: the controllers live on this.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.contains('~') {
        return value.pointer(path);
    }
    let mut here = value;
    for step in path.split('/').skip(1) {
        here = match here {
            Value::Object(fields) => fields.get(step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    Some(here)
}

/// The string at a JSON pointer, empty where there is none.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, if there is one.
pub(super) fn number(value: &Value, path: &str) -> Option<i64> {
    at(value, path).and_then(Value::as_i64)
}

/// The number at a JSON pointer, 0 where there is none.
pub(super) fn count(value: &Value, path: &str) -> i64 {
    number(value, path).unwrap_or_default()
}

/// Whether the value at a JSON pointer is `true`.
pub(super) fn truth(value: &Value, path: &str) -> bool {
    at(value, path).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at a JSON pointer, empty where there is none.
pub(super) fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The map at a JSON pointer, if there is one.
pub(super) fn map<'a>(value: &'a Value, path: &str) -> Option<&'a Map<String, Value>> {
    at(value, path).and_then(Value::as_object)
}

/// The time at a JSON pointer.
pub(super) fn when(value: &Value, path: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text(value, path)).ok().map(|time| time.with_timezone(&Utc))
}

/// A time as the API writes it: whole seconds, `Z`.
pub(super) fn stamp(time: DateTime<Utc>) -> Value {
    Value::String(time.trunc_subsecs(0).to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// A time as leases and events write it: microseconds, `Z`.
pub(super) fn stamp_micro(time: DateTime<Utc>) -> Value {
    Value::String(time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// Writes a value at a JSON pointer and makes the maps on the way; lists on the way are not supported.
pub(super) fn put(value: &mut Value, path: &str, new: Value) {
    let mut here = value;
    let mut rest = path.trim_start_matches('/').split('/').peekable();
    while let Some(step) = rest.next() {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !here.is_object() {
            *here = json!({});
        }
        let Some(fields) = here.as_object_mut() else {
            return;
        };
        if rest.peek().is_none() {
            fields.insert(step, new);
            return;
        }
        here = fields.entry(step).or_insert_with(|| json!({}));
    }
}

/// Writes a value at a JSON pointer where nothing is yet.
pub(super) fn put_default(value: &mut Value, path: &str, new: Value) {
    if at(value, path).is_none_or(Value::is_null) {
        put(value, path, new);
    }
}

/// Writes a number of the status that is left out where it is 0.
pub(super) fn put_count(value: &mut Value, field: &str, number: i64) {
    if number > 0 {
        put(value, &format!("/status/{field}"), json!(number));
    } else {
        take(value, "/status", field);
    }
}

/// Takes a field out of the map at a JSON pointer.
pub(super) fn take(value: &mut Value, path: &str, field: &str) -> Option<Value> {
    value.pointer_mut(path).and_then(Value::as_object_mut).and_then(|fields| fields.remove(field))
}

pub(super) fn name(value: &Value) -> &str {
    text(value, "/metadata/name")
}

pub(super) fn namespace(value: &Value) -> &str {
    text(value, "/metadata/namespace")
}

pub(super) fn uid(value: &Value) -> &str {
    text(value, "/metadata/uid")
}

/// An annotation's value, empty where there is none.
pub(super) fn annotation<'a>(value: &'a Value, key: &str) -> &'a str {
    map(value, "/metadata/annotations").and_then(|all| all.get(key)).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn deleting(value: &Value) -> bool {
    at(value, "/metadata/deletionTimestamp").is_some()
}

/// The condition of a type, if the object has it.
pub(super) fn condition<'a>(value: &'a Value, kind: &str) -> Option<&'a Value> {
    items(value, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

/// Whether the condition of a type is `True`.
pub(super) fn condition_true(value: &Value, kind: &str) -> bool {
    condition(value, kind).is_some_and(|condition| text(condition, "/status") == "True")
}

/// Sets a condition by its type; `lastTransitionTime` moves only when its status does, as the API's own helper does.
pub(super) fn set_condition(
    value: &mut Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: DateTime<Utc>,
) -> bool {
    let old = condition(value, kind).cloned();
    let same = old.as_ref().is_some_and(|old| {
        text(old, "/status") == status && text(old, "/reason") == reason && text(old, "/message") == message
    });
    if same {
        return false;
    }
    let mut new = old.clone().unwrap_or_else(|| json!({ "type": kind }));
    if old.as_ref().is_none_or(|old| text(old, "/status") != status) {
        put(&mut new, "/lastTransitionTime", stamp(now));
    }
    put(&mut new, "/status", json!(status));
    for (field, words) in [("reason", reason), ("message", message)] {
        if words.is_empty() {
            take(&mut new, "", field);
        } else {
            put(&mut new, &format!("/{field}"), json!(words));
        }
    }
    put_default(value, "/status/conditions", json!([]));
    if let Some(all) = value.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
        match all.iter_mut().find(|condition| text(condition, "/type") == kind) {
            Some(slot) => *slot = new,
            None => all.push(new),
        }
    }
    true
}

/// Removes a condition by its type.
pub(super) fn drop_condition(value: &mut Value, kind: &str) {
    if let Some(all) = value.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
        all.retain(|condition| text(condition, "/type") != kind);
    }
}

/// The owner reference that marks the managing controller.
pub(super) fn controller(value: &Value) -> Option<&Value> {
    items(value, "/metadata/ownerReferences").iter().find(|owner| truth(owner, "/controller"))
}

/// Whether an object is managed by the controller with this uid.
pub(super) fn owned_by(value: &Value, owner: &str) -> bool {
    controller(value).is_some_and(|reference| text(reference, "/uid") == owner)
}
