//! What the model can look at: a closed list of read-only tools, and one that proposes. Everything that comes back is
//! bounded, redacted, stamped with its cluster, its source and its time, and fenced as data.

pub(super) mod data;
mod describe;
mod events;
mod list;
mod logs;
mod propose;
mod schema;
pub(super) mod suspicion;
mod why;

use super::{Ended, Means, Root, model::ToolSpec, survey::Survey};
use crate::cluster::Cluster;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;

/// One call, understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tool {
    List(list::Arguments),
    Describe(describe::Arguments),
    Events(events::Arguments),
    Logs(logs::Arguments),
    Why(why::Arguments),
    Propose(propose::Arguments),
}

/// What a tool read, before it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// In words, for the sources of an answer.
    pub(super) source: String,
    pub(super) text: String,
    /// What a chain of causes ends at.
    pub(super) root: Option<Root>,
}

impl Found {
    fn new(source: String, text: String) -> Self {
        Self { source, text, root: None }
    }
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToolError {
    /// The model can do something about it, or has to know.
    TellModel(String),
    /// The answer ends here.
    Abort(Ended),
}

/// What tools work with.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) means: &'a Means<'a>,
    pub(super) survey: &'a Survey,
    /// The cluster that is meant when a call names none.
    pub(super) default: &'a str,
}

/// The tools as the model sees them.
pub(super) fn specs() -> Vec<ToolSpec> {
    vec![why::spec(), list::spec(), describe::spec(), events::spec(), logs::spec(), propose::spec()]
}

impl Tool {
    /// Understands a call.
    pub(super) fn parse(name: &str, arguments: &str) -> Result<Self, ToolError> {
        match name {
            "list" => parsed(name, arguments).map(Self::List),
            "describe" => parsed(name, arguments).map(Self::Describe),
            "events" => parsed(name, arguments).map(Self::Events),
            "logs" => parsed(name, arguments).map(Self::Logs),
            "why" => parsed(name, arguments).map(Self::Why),
            "propose" => parsed(name, arguments).map(Self::Propose),
            unknown => {
                let known: Vec<&str> = specs().iter().map(|spec| spec.name).collect();
                let unknown = super::conversation::shortened(unknown, 60);
                Err(tell(format!("There is no tool {unknown:?}. There are: {}.", known.join(", "))))
            }
        }
    }

    fn cluster_name(&self) -> Option<&str> {
        match self {
            Self::List(arguments) => arguments.cluster.as_deref(),
            Self::Describe(arguments) => arguments.cluster.as_deref(),
            Self::Events(arguments) => arguments.cluster.as_deref(),
            Self::Logs(arguments) => arguments.cluster.as_deref(),
            Self::Why(arguments) => arguments.cluster.as_deref(),
            Self::Propose(arguments) => arguments.cluster.as_deref(),
        }
    }

    /// The cluster that the call is about: the named one, or the default; never one that the channel does not see.
    pub(super) fn cluster<'a>(&self, bench: &Bench<'a>) -> Result<&'a Arc<Cluster>, ToolError> {
        let name = self.cluster_name().unwrap_or(bench.default);
        bench.means.clusters.get(name).ok_or_else(|| {
            let known: Vec<&str> = bench.means.clusters.keys().map(String::as_str).collect();
            let name = super::conversation::shortened(name, 60);
            tell(format!("There is no cluster {name:?} here. There are: {}.", known.join(", ")))
        })
    }

    /// The same for calls that ask the same.
    pub(super) fn key(&self, cluster: &str) -> String {
        format!("{cluster} {self:?}").replace(&format!("cluster: Some({cluster:?})"), "cluster: None")
    }

    pub(super) async fn run(&self, bench: &Bench<'_>) -> Result<Found, ToolError> {
        let cluster = self.cluster(bench)?;
        match self {
            Self::List(arguments) => list::run(arguments, cluster, bench).await,
            Self::Describe(arguments) => describe::run(arguments, cluster, bench).await,
            Self::Events(arguments) => events::run(arguments, cluster, bench).await,
            Self::Logs(arguments) => logs::run(arguments, cluster).await,
            Self::Why(arguments) => why::run(arguments, cluster, bench).await,
            Self::Propose(arguments) => propose::run(arguments, cluster, bench).await,
        }
    }
}

fn tell(text: impl Into<String>) -> ToolError {
    ToolError::TellModel(text.into())
}

/// Arguments of a tool. What is null or empty counts as absent: strict schemas make models send every field.
fn parsed<T: DeserializeOwned>(name: &str, arguments: &str) -> Result<T, ToolError> {
    let wrong = |problem: String| {
        let fields = specs().into_iter().find(|spec| spec.name == name).map(|spec| schema::summary(&spec.parameters));
        tell(format!("Bad arguments for {name}: {problem}. It takes {}.", fields.unwrap_or_default()))
    };
    let value: Value = serde_json::from_str(arguments).map_err(|error| wrong(format!("no JSON ({error})")))?;
    let Value::Object(mut fields) = value else { return Err(wrong("no JSON object".to_owned())) };
    fields.retain(|_, value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()));
    take_apart(&mut fields);
    serde_json::from_value(Value::Object(fields)).map_err(|error| wrong(error.to_string()))
}

/// Models know `KIND/NAME` from kubectl, and write it although the two are fields of their own here.
fn take_apart(fields: &mut Map<String, Value>) {
    let whole = match fields.remove("object") {
        Some(object) => Some(object),
        None => fields.get("name").cloned(),
    };
    let Some((kind, name)) = whole.as_ref().and_then(Value::as_str).and_then(|whole| whole.split_once('/')) else {
        // Not understood: the fields stay as they are, and the mistake is told.
        if let Some(whole) = whole {
            fields.entry("name").or_insert(whole);
        }
        return;
    };
    fields.entry("kind").or_insert_with(|| Value::from(kind));
    fields.insert("name".to_owned(), Value::from(name));
}

/// `Deployment shop/checkout`, as far as it is known.
fn object(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_strict() {
        for spec in specs() {
            let schema = &spec.parameters;
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{}", spec.name);
            let properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let required: Vec<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(properties.len(), required.len(), "{}: strict schemas require every field", spec.name);
            assert!(schema["properties"].get("cluster").is_some(), "{} names its cluster", spec.name);
            assert!(spec.description.len() > 40);
        }
    }

    #[test]
    fn mistakes_are_told_to_the_model() {
        for (name, arguments, expected) in [
            ("exec", "{}", "There is no tool \"exec\". There are: why, list,"),
            ("list", "{", "no JSON"),
            ("list", "[]", "no JSON object"),
            ("list", "{}", "missing field `kind`"),
            ("list", r#"{"kind":""}"#, "missing field `kind`"),
            ("list", r#"{"kind":"pods","verb":"delete"}"#, "unknown field `verb`"),
            ("logs", r#"{"name":"a","lines":"many"}"#, "It takes name, kind"),
            ("propose", r#"{"action":"drain","name":"n","reason":"x","kind":"Node"}"#, "unknown variant"),
        ] {
            let Err(ToolError::TellModel(said)) = Tool::parse(name, arguments) else { panic!("{name} {arguments}") };
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn kind_and_name_may_come_as_one() {
        let apart = Tool::parse("why", r#"{"kind":"deployment","name":"web"}"#).unwrap();
        for arguments in [r#"{"object":"deployment/web"}"#, r#"{"kind":"deployment","name":"deployment/web"}"#] {
            assert_eq!(Tool::parse("why", arguments).unwrap(), apart);
        }
        assert!(Tool::parse("why", r#"{"object":"web"}"#).is_err());
    }

    #[test]
    fn the_same_question_has_the_same_key() {
        let plain = Tool::parse("list", r#"{"kind":"pods"}"#).unwrap();
        let named = Tool::parse("list", r#"{"cluster":"prod","kind":"pods","namespace":null,"labels":""}"#).unwrap();
        assert_eq!(plain.key("prod"), named.key("prod"));
        assert_ne!(plain.key("prod"), plain.key("test"));
        assert_ne!(plain.key("prod"), Tool::parse("list", r#"{"kind":"nodes"}"#).unwrap().key("prod"));
    }
}
