//! Strict JSON schemas in few words: every field is required, an optional one may be null, and nothing else may be there.

use serde_json::{Map, Value, json};

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Text,
    Number,
    Switch,
    Listed(&'static [&'static str]),
}

/// Whether a call must fill a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
}

pub(super) type Field = (&'static str, Of, Need, &'static str);

/// The field that every tool has.
pub(super) const CLUSTER: Field = ("cluster", Of::Text, Need::May, "Which cluster; null for the default one.");
/// The field of most.
pub(super) const NAMESPACE: Field =
    ("namespace", Of::Text, Need::May, "The namespace; null for objects of the whole cluster, or if it is not known.");

pub(super) fn strict(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for (name, of, need, description) in fields {
        let type_ = match of {
            Of::Text | Of::Listed(_) => "string",
            Of::Number => "integer",
            Of::Switch => "boolean",
        };
        let type_ = match need {
            Need::Must => json!(type_),
            Need::May => json!([type_, "null"]),
        };
        let mut property = json!({"type": type_, "description": description});
        if let (Of::Listed(values), Some(property)) = (of, property.as_object_mut()) {
            property.insert("enum".to_owned(), json!(values));
        }
        properties.insert((*name).to_owned(), property);
    }
    let required: Vec<&str> = fields.iter().map(|(name, ..)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The fields of a schema in their order, for a model that got them wrong.
pub(super) fn summary(schema: &Value) -> String {
    let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let described = names.map(|name| {
        let property = &schema["properties"][name];
        if property["type"].is_array() { format!("{name} (or null)") } else { name.to_owned() }
    });
    described.collect::<Vec<_>>().join(", ")
}
