//! Takes secrets out of text and of objects before they reach a model, the store, a log or a chat. Names stay, values go.
//!
//! Pure and linear: a megabyte of log costs some milliseconds. It errs towards taking out too much.

mod document;
mod names;
mod shapes;
mod values;
mod writer;

pub use document::document;
pub use writer::Redacting;

use std::borrow::Cow;

use serde_json::Value;

/// What stands where a secret was.
pub const MARK: &str = "[redacted]";

/// Takes secrets out of any text: logs, events, YAML, command lines, error messages.
pub fn text(input: &str) -> Cow<'_, str> {
    if let Some(object) = secret_as_json(input) {
        return Cow::Owned(object);
    }
    let mut text = Cow::Borrowed(input);
    for pass in
        [shapes::secret_documents, shapes::private_keys, values::named, shapes::urls, shapes::headers, shapes::tokens]
    {
        if let Some(changed) = pass(&text) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// Takes secrets out of an object or any other JSON: the data of Secrets, values with sensitive names, and every string as `text`.
pub fn value(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
            let (secret, secrets) = (kind == "Secret", kind == "SecretList");
            let named_sensitive = fields.get("name").and_then(Value::as_str).is_some_and(names::is_sensitive);
            for (name, field) in fields.iter_mut() {
                match name.as_str() {
                    "data" | "stringData" if secret => conceal_all(field),
                    "items" if secrets => field.as_array_mut().into_iter().flatten().for_each(conceal_secret),
                    "value" if named_sensitive => conceal(field),
                    name if names::is_sensitive(name) || name == "auth" => conceal(field),
                    _ => self::value(field),
                }
            }
        }
        Value::Array(items) => {
            let mut after_flag = false;
            for item in items {
                let flag = item.as_str().is_some_and(|item| item.starts_with('-') && names::is_sensitive(item));
                if after_flag && !flag {
                    conceal(item)
                } else {
                    self::value(item)
                }
                after_flag = flag;
            }
        }
        Value::String(content) => {
            if let Cow::Owned(changed) = text(content) {
                *content = changed;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same as `value`, for an item of a list of Secrets, which does not say its kind.
fn conceal_secret(secret: &mut Value) {
    for part in ["data", "stringData"] {
        if let Some(data) = secret.get_mut(part) {
            conceal_all(data);
        }
    }
    value(secret);
}

/// Every value below stands for a secret, whatever it is called.
fn conceal_all(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(conceal_all),
        Value::Array(items) => items.iter_mut().for_each(conceal_all),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => *value = Value::String(MARK.to_owned()),
    }
}

/// The value of a sensitive name. Structures below have names of their own, which decide.
fn conceal(field: &mut Value) {
    match field {
        Value::String(content) if values::is_harmless(content) => {}
        Value::String(_) | Value::Number(_) => *field = Value::String(MARK.to_owned()),
        Value::Array(items) if items.iter().all(Value::is_string) => items.iter_mut().for_each(conceal),
        Value::Object(_) | Value::Array(_) => value(field),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A Secret as JSON text, as in `kubectl.kubernetes.io/last-applied-configuration`.
fn secret_as_json(input: &str) -> Option<String> {
    let trimmed = input.trim_start();
    if !trimmed.starts_with(['{', '[']) || !input.contains("\"Secret") {
        return None;
    }
    let mut object: Value = serde_json::from_str(trimmed).ok()?;
    value(&mut object);
    Some(object.to_string())
}

#[cfg(test)]
mod tests;
