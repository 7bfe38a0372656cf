//! Label and field selectors: parsed from the query once, then asked per object. Terms are ANDed.

use serde_json::{Map, Value};

use super::json::map;
use super::resources::Resource;
use super::status::{Failure, bad_request};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// A parsed `labelSelector`.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(Vec<Term>);

impl Labels {
    pub(super) fn parse(words: &str) -> Result<Self, Failure> {
        let mut terms = Vec::new();
        for term in split(words) {
            let term = term.trim();
            if term.is_empty() {
                continue;
            }
            terms.push(parse_term(term).ok_or_else(|| bad_request(format!("unable to parse requirement: {term}")))?);
        }
        Ok(Self(terms))
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let empty = Map::new();
        let labels = map(object, "/metadata/labels").unwrap_or(&empty);
        let value = |key: &String| labels.get(key).and_then(Value::as_str);
        self.0.iter().all(|term| match term {
            Term::In(key, values) => value(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Term::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|unwanted| unwanted != value)),
            Term::Exists(key) => value(key).is_some(),
            Term::Absent(key) => value(key).is_none(),
        })
    }
}

/// Splits on commas outside of parentheses.
fn split(words: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    words
        .split(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        })
        .collect()
}

fn parse_term(term: &str) -> Option<Term> {
    if let Some(open) = term.find('(') {
        let values = term[open + 1..].strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
        let mut head = term[..open].split_whitespace();
        let key = head.next()?.to_owned();
        return match head.next()? {
            "in" => Some(Term::In(key, values)),
            "notin" => Some(Term::NotIn(key, values)),
            _ => None,
        };
    }
    let trimmed = |words: &str| words.trim().to_owned();
    if let Some((key, value)) = term.split_once("!=") {
        return Some(Term::NotIn(trimmed(key), vec![trimmed(value)]));
    }
    if let Some((key, value)) = term.split_once('=') {
        return Some(Term::In(trimmed(key), vec![trimmed(value.trim_start_matches('='))]));
    }
    if term.contains(char::is_whitespace) {
        return None;
    }
    Some(match term.strip_prefix('!') {
        Some(key) => Term::Absent(key.to_owned()),
        None => Term::Exists(term.to_owned()),
    })
}

/// A parsed `fieldSelector`: field, wanted or unwanted value, and whether it is wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String, bool)>);

impl Fields {
    pub(super) fn parse(words: &str, row: &Resource) -> Result<Self, Failure> {
        let mut terms = Vec::new();
        for term in words.split(',').filter(|term| !term.is_empty()) {
            let (field, value, wanted) = match (term.split_once("!="), term.split_once('=')) {
                (Some((field, value)), _) => (field, value, false),
                (None, Some((field, value))) => (field, value.trim_start_matches('='), true),
                (None, None) => {
                    return Err(bad_request(format!("invalid selector: '{words}'; can't understand '{term}'")));
                }
            };
            let everywhere = field == "metadata.name" || (field == "metadata.namespace" && row.namespaced());
            if !everywhere && !row.fields.contains(&field) {
                return Err(bad_request(format!("field label not supported: {field}")));
            }
            terms.push((field.to_owned(), value.to_owned(), wanted));
        }
        Ok(Self(terms))
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(field, value, wanted)| (field_value(object, field) == *value) == *wanted)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn field_value(object: &Value, field: &str) -> String {
    let path = match field {
        "source" => "/source/component".to_owned(),
        dotted => format!("/{}", dotted.replace('.', "/")),
    };
    match object.pointer(&path) {
        Some(Value::String(words)) => words.clone(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => match field {
            "spec.unschedulable" | "spec.hostNetwork" => "false".to_owned(),
            "status.replicas" | "status.successful" => "0".to_owned(),
            _ => String::new(),
        },
    }
}

/// Whether a plain selector map (a Service's) matches an object's labels; an empty one matches nothing.
pub(super) fn selects(selector: Option<&Map<String, Value>>, object: &Value) -> bool {
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
        return false;
    };
    let labels = map(object, "/metadata/labels");
    selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::resources::Kind;
    use serde_json::json;

    #[test]
    fn label_selectors_in_all_their_forms() {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        for (selector, expected) in [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web),tier", true),
            ("app notin (api,web)", false),
            ("!canary", true),
            ("canary", false),
            ("", true),
        ] {
            assert_eq!(Labels::parse(selector).unwrap().matches(&object), expected, "{selector}");
        }
        assert!(Labels::parse("a b").is_err());
    }

    #[test]
    fn only_known_fields_are_taken() {
        let pod = json!({"metadata": {"name": "a"}, "spec": {"nodeName": "n1"}});
        assert!(Fields::parse("spec.nodeName=n1,metadata.name!=b", Kind::Pod.row()).unwrap().matches(&pod));
        assert!(Fields::parse("spec.replicas=1", Kind::Pod.row()).is_err());
    }
}
