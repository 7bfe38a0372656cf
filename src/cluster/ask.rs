//! Single questions to a cluster: one time limit each, errors that say what to do, and finding an object that is named loosely.

use serde_json::Value;
use tokio::time::timeout;

use super::kinds::Kind;
use super::list::encode;
use super::split::JsonSplitter;
use super::wire::{JSON, Refused};
use super::{Cluster, Unreachable};

/// Names and labels without the content.
pub(super) const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Objects that one question looks through at most.
const MOST_SCANNED: usize = 50_000;

/// Why a question about a cluster has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::texts::look::problem(self))]
pub enum LookError {
    Unreachable(Unreachable),
    /// In the server's words: who may not do what.
    Forbidden(String),
    UnknownKind {
        kind: String,
        similar: Vec<String>,
    },
    NotFound {
        kind: String,
        namespace: Option<String>,
        name: String,
        similar: Vec<String>,
    },
    /// The name exists in several namespaces, and none was named.
    Ambiguous {
        kind: String,
        name: String,
        namespaces: Vec<String>,
    },
    TimedOut,
    /// In the server's words.
    Failed(String),
}

/// An object that exists.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Absent for kinds of the cluster as a whole.
    pub(super) namespace: Option<String>,
    /// As the server sent it, not redacted.
    pub(super) object: Value,
}

impl Cluster {
    /// Gives one question its time limit, and its errors their meaning.
    pub(super) async fn within<T>(&self, ask: impl Future<Output = Result<T, Refused>>) -> Result<T, LookError> {
        match timeout(self.limits.request_timeout, ask).await {
            Ok(answer) => answer.map_err(|refused| self.look_error(refused)),
            Err(_) => Err(LookError::TimedOut),
        }
    }

    fn look_error(&self, refused: Refused) -> LookError {
        match refused {
            Refused::Unauthorized => {
                LookError::Unreachable(self.unreachable(super::Obstacle::Unauthorized, refused.to_string()))
            }
            Refused::Transport(obstacle, detail) => LookError::Unreachable(self.unreachable(obstacle, detail)),
            Refused::Forbidden(message) => LookError::Forbidden(crate::redact::text(&message).into_owned()),
            other => LookError::Failed(crate::redact::text(&other.to_string()).into_owned()),
        }
    }

    /// Hands every object of a list to `each`, one at a time, while it streams; stops where there are far too many.
    pub(super) async fn scan(&self, path: &str, accept: &str, mut each: impl FnMut(Value)) -> Result<usize, LookError> {
        let ask = async {
            let mut body = self.wire.get(path, accept).await?.into_body();
            let mut splitter = JsonSplitter::default();
            let mut count = 0;
            while let Some(chunk) = self.wire.chunk(&mut body).await? {
                let fed = splitter.feed(&chunk, |item| {
                    count += 1;
                    if let Ok(object) = serde_json::from_slice(item) {
                        each(object);
                    }
                });
                fed.map_err(|error| Refused::Status(200, error.to_string()))?;
                if count >= MOST_SCANNED {
                    return Ok(count);
                }
            }
            splitter.finish().map_err(|error| Refused::Status(200, error.to_string()))?;
            Ok(count)
        };
        self.within(ask).await
    }

    /// The object of that kind and name; without a namespace the only one of that name in all of them.
    pub(super) async fn find(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<Found, LookError> {
        let kind = self.kind(kind).await?;
        if kind.namespaced && namespace.is_none() {
            let mut found: Vec<Value> = Vec::new();
            let path =
                format!("{}?fieldSelector=metadata.name%3D{}&resourceVersion=0", kind.path(None, None), encode(name));
            self.scan(&path, JSON, |object| found.push(object)).await?;
            let mut namespaces: Vec<String> =
                found.iter().map(|object| text(object, "/metadata/namespace").to_owned()).collect();
            return match (found.pop(), namespaces.as_slice()) {
                (Some(object), [namespace]) => {
                    Ok(Found { namespace: Some(namespace.clone()), object: self.typed(&kind, object), kind })
                }
                (None, _) => Err(self.not_found(kind, None, name).await),
                (Some(_), _) => {
                    namespaces.sort();
                    Err(LookError::Ambiguous { kind: kind.kind, name: name.to_owned(), namespaces })
                }
            };
        }
        let path = kind.path(namespace, Some(name));
        let ask = async {
            match self.wire.get_json::<Value>(&path, JSON).await {
                Err(Refused::NotFound) => Ok(None),
                other => other.map(Some),
            }
        };
        let namespace = namespace.filter(|_| kind.namespaced).map(str::to_owned);
        match self.within(ask).await? {
            Some(object) => Ok(Found { object: self.typed(&kind, object), kind, namespace }),
            None => Err(self.not_found(kind, namespace, name).await),
        }
    }

    /// Items of a list do not say what they are; whoever reads the object alone has to know.
    #[expect(clippy::unused_self, reason = "reads like the other steps of finding an object")]
    fn typed(&self, kind: &Kind, mut object: Value) -> Value {
        if let Some(fields) = object.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
            fields.entry("kind").or_insert_with(|| kind.kind.clone().into());
        }
        object
    }

    /// With names that the person may have meant, as far as they may be listed.
    async fn not_found(&self, kind: Kind, namespace: Option<String>, name: &str) -> LookError {
        let mut similar: Vec<String> = Vec::new();
        let path = format!("{}?resourceVersion=0", kind.path(namespace.as_deref(), None));
        let listed = self.scan(&path, METADATA, |object| {
            let other = text(&object, "/metadata/name");
            if similar.len() < 5 && alike(name, other) {
                let place = text(&object, "/metadata/namespace");
                let there = namespace.is_some() || place.is_empty();
                similar.push(if there { other.to_owned() } else { format!("{place}/{other}") });
            }
        });
        if let Err(error) = listed.await {
            tracing::debug!(%error, "no suggestions for a name that does not exist");
        }
        LookError::NotFound { kind: kind.kind, namespace, name: name.to_owned(), similar }
    }
}

/// One contains the other, or they begin alike.
fn alike(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a.contains(b) || b.contains(a) || common >= 4.max(a.len() / 2)
}

/// The text at a JSON pointer, or nothing.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, or 0.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The array at a JSON pointer, or nothing.
pub(super) fn array<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
