//! Request shapes: what the bot asks for with the names taken out, so that the same questions can be put to a real API server.
//!
//! `tests/data/shapes.jsonl` holds one [`Shape`] as JSON per line, sorted and without repeats:
//!
//! ```json
//! {"identity":"reader","method":"GET","path":"/api/v1/namespaces/{namespace}/pods","query":{"resourceVersion":"0"},"content_type":"","accept":"application/json","body":[]}
//! ```
//!
//! In `path` the namespace is `{namespace}`, the object `{name}`. In `query` an enumerated value stands as it was sent
//! (`dryRun=All`, `resourceVersion=0`); any other is a placeholder, a field selector keeps its field names. `body` says which
//! fields a body sets, as JSON pointers with `*` for every element of a list (`/spec/replicas`), or which operations a JSON
//! patch has (`test /spec/template`), never their values: whoever replays a shape makes a body of the same form.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Identity;
use super::json::text;
use super::request::{Call, Target, parse_query};

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shape {
    /// Who asked.
    pub identity: Identity,
    /// The HTTP method.
    pub method: String,
    /// The path with placeholders for namespace and name.
    pub path: String,
    /// The query, sorted by key.
    pub query: BTreeMap<String, String>,
    /// The media type of the body, empty without one.
    pub content_type: String,
    /// The `Accept` header, without protobuf: the demo has none, and a test of its own compares the two forms of real answers.
    pub accept: String,
    /// The fields that the body sets, or the operations of a JSON patch.
    #[serde(default)]
    pub body: Vec<String>,
}

/// Values that say what kind of request it is and therefore stay.
const ENUMERATED: &[&str] = &[
    "allowWatchBookmarks",
    "dryRun",
    "fieldValidation",
    "follow",
    "force",
    "previous",
    "propagationPolicy",
    "resourceVersionMatch",
    "sendInitialEvents",
    "stream",
    "timestamps",
    "verbose",
    "watch",
];

impl Shape {
    pub(super) fn of(identity: Identity, call: &Call) -> Self {
        let path = call.target().map_or_else(|| call.path.clone(), |target| template(&call.path, &target));
        let query = call.query.iter().map(|(key, value)| (key.clone(), shaped(key, value))).collect();
        Self {
            identity,
            method: call.method.to_string(),
            path,
            query,
            content_type: call.content_type.clone(),
            accept: in_json(&call.accept),
            body: sketch(&call.body),
        }
    }

    /// The shape of a request that somebody else noted: an API server in its audit log, a test's own server.
    pub fn noted(
        identity: Identity,
        method: http::Method,
        uri: &str,
        content_type: &str,
        accept: &str,
        body: &[u8],
    ) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let call = Call {
            method,
            path: path.to_owned(),
            query: parse_query(query),
            content_type: content_type.to_owned(),
            accept: accept.to_owned(),
            body: body.to_vec(),
        };
        Self::of(identity, &call)
    }

    /// The path and query with the placeholders filled: what to send to a server that has such an object.
    ///
    /// `values` maps a placeholder's name (`namespace`, `name`, `limit`, `labelSelector`, a field selector's field …) to its value;
    /// a query key whose placeholder has no value is left out.
    pub fn uri(&self, values: &BTreeMap<String, String>) -> String {
        let mut uri = self.path.clone();
        for (key, value) in values {
            uri = uri.replace(&format!("{{{key}}}"), value);
        }
        let mut separator = '?';
        for (key, value) in &self.query {
            let Some(value) = filled(key, value, values) else {
                continue;
            };
            uri.push(separator);
            uri.push_str(&format!("{key}={}", encode(&value)));
            separator = '&';
        }
        uri
    }
}

fn in_json(accept: &str) -> String {
    let media: Vec<&str> = accept.split(',').filter(|media| !media.contains("protobuf")).collect();
    media.join(",")
}

/// The form of a body: its fields, or the operations of a JSON patch.
fn sketch(body: &[u8]) -> Vec<String> {
    let mut fields = BTreeSet::new();
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(operations)) => {
            let words = |operation: &Value| format!("{} {}", text(operation, "/op"), text(operation, "/path"));
            return operations.iter().map(words).collect();
        }
        Ok(value) => leaves(&value, String::new(), &mut fields),
        Err(_) => {}
    }
    fields.into_iter().collect()
}

fn leaves(value: &Value, path: String, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (field, below) in fields {
                let field = field.replace('~', "~0").replace('/', "~1");
                leaves(below, format!("{path}/{field}"), into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, format!("{path}/*"), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            into.insert(path);
        }
    }
}

fn filled(key: &str, value: &str, values: &BTreeMap<String, String>) -> Option<String> {
    if key == "fieldSelector" {
        let terms: Option<Vec<String>> = value
            .split(',')
            .map(|term| {
                let field = term.split(['=', '!']).next()?;
                Some(term.replace("{}", values.get(field)?))
            })
            .collect();
        return terms.map(|terms| terms.join(","));
    }
    if value == "{}" { values.get(key).cloned() } else { Some(value.to_owned()) }
}

fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn template(path: &str, target: &Target) -> String {
    let mut words: Vec<&str> = path.split('/').collect();
    let start = if target.group.is_empty() { 3 } else { 4 };
    let named_namespace = target.resource == "namespaces";
    let mut at = start;
    if target.namespace.is_some() && !named_namespace && words.len() > at + 1 {
        words[at + 1] = "{namespace}";
        at += 2;
    }
    if target.name.is_some() && words.len() > at + 1 {
        words[at + 1] = "{name}";
    }
    words.join("/")
}

fn shaped(key: &str, value: &str) -> String {
    if key == "fieldSelector" {
        let terms = value.split(',').map(|term| match (term.split_once("!="), term.split_once('=')) {
            (Some((field, _)), _) => format!("{field}!={{}}"),
            (None, Some((field, _))) => format!("{field}={{}}"),
            (None, None) => term.to_owned(),
        });
        return terms.collect::<Vec<_>>().join(",");
    }
    let stays = ENUMERATED.contains(&key) || (key == "resourceVersion" && value == "0");
    if stays { value.to_owned() } else { "{}".to_owned() }
}

/// The shapes seen so far.
#[derive(Debug, Default)]
pub(super) struct Recorder(BTreeSet<Shape>);

impl Recorder {
    pub(super) fn note(&mut self, shape: Shape) {
        self.0.insert(shape);
    }

    pub(super) fn shapes(&self) -> Vec<Shape> {
        self.0.iter().cloned().collect()
    }
}
