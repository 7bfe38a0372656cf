//! Where a shape leads: the kind that its path names, and objects of it that both sides hold in the same state.

use super::sides::{Side, controller, text};
use roundsman::demo::Shape;
use serde_json::Value;
use std::collections::BTreeMap;

/// A path of a shape, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// `/api/v1` or `/apis/apps/v1`
    pub(crate) root: String,
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) in_namespace: bool,
    pub(crate) named: bool,
    pub(crate) subresource: String,
}

impl Way {
    /// Nothing for documents such as `/version`.
    pub(crate) fn of(shape: &Shape) -> Option<Self> {
        let words: Vec<&str> = shape.path.trim_start_matches('/').split('/').collect();
        let (root, rest) = match words.as_slice() {
            ["api", _, rest @ ..] => (2, rest),
            ["apis", _, _, rest @ ..] => (3, rest),
            _ => return None,
        };
        let (in_namespace, rest) = match rest {
            ["namespaces", "{namespace}", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (plural, rest) = rest.split_first()?;
        Some(Self {
            root: format!("/{}", words[..root].join("/")),
            group: if root == 3 { words[1].to_owned() } else { String::new() },
            plural: (*plural).to_owned(),
            in_namespace,
            named: !rest.is_empty(),
            subresource: rest.get(1).map(|word| (*word).to_owned()).unwrap_or_default(),
        })
    }

    pub(crate) fn list(&self) -> String {
        format!("{}/{}", self.root, self.plural)
    }
}

/// An object that both sides hold.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) demo: Value,
    pub(crate) real: Value,
}

impl Pair {
    pub(crate) fn namespace(&self) -> &str {
        text(&self.demo, "/metadata/namespace")
    }

    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.namespace(), text(&self.demo, "/metadata/name"))
    }

    /// Both as they are now.
    pub(crate) async fn anew(&self, way: &Way, demo: &Side, real: &Side) -> Option<Self> {
        let path = |object: &Value| match text(object, "/metadata/namespace") {
            "" => format!("{}/{}", way.list(), text(object, "/metadata/name")),
            namespace => {
                format!("{}/namespaces/{namespace}/{}/{}", way.root, way.plural, text(object, "/metadata/name"))
            }
        };
        Some(Self { demo: demo.get(&path(&self.demo)).await?, real: real.get(&path(&self.real)).await? })
    }
}

/// The objects of a kind that both sides hold: by their name, or by the owner that named them.
pub(crate) async fn pairs(way: &Way, demo: &Side, real: &Side) -> Vec<Pair> {
    let mut groups: BTreeMap<[String; 3], [Vec<Value>; 2]> = BTreeMap::new();
    for (place, side) in [demo, real].into_iter().enumerate() {
        for object in side.list(&way.list()).await {
            groups.entry(key(&object)).or_default()[place].push(object);
        }
    }
    let mut pairs = Vec::new();
    for [mut ours, mut theirs] in groups.into_values() {
        for objects in [&mut ours, &mut theirs] {
            objects.sort_by_key(|object| (is_leaving(object), text(object, "/spec/nodeName").is_empty()));
        }
        let both = ours.into_iter().zip(theirs).filter(|(demo, real)| is_leaving(demo) == is_leaving(real));
        pairs.extend(both.map(|(demo, real)| Pair { demo, real }));
    }
    pairs
}

fn is_leaving(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn key(object: &Value) -> [String; 3] {
    let own = |name: &str, number: &str| [text(object, "/metadata/namespace"), name, number].map(str::to_owned);
    let Some(owner) = controller(object) else { return own(text(object, "/metadata/name"), "") };
    let name = text(owner, "/name");
    match (text(object, "/kind"), text(owner, "/kind")) {
        // What hangs on a Deployment carries the hash of a template, which no two clusters compute alike.
        (_, "ReplicaSet") => own(name.rsplit_once('-').map_or(name, |(name, _)| name), "of a ReplicaSet"),
        (_, "Deployment") => own(name, text(object, "/metadata/annotations/deployment.kubernetes.io~1revision")),
        (_, "DaemonSet" | "Job") => own(name, "of its"),
        _ if object["revision"].is_number() => own(name, &object["revision"].to_string()),
        _ => own(text(object, "/metadata/name"), ""),
    }
}
