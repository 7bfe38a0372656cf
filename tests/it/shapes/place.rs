//! Where a shape leads: the kind that its path names, and objects of it that both sides hold in the same state.

use super::sides::{Side, controller, items, text};
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

    /// The path of an object of this kind.
    pub(crate) fn path_of(&self, object: &Value) -> String {
        let name = text(object, "/metadata/name");
        match text(object, "/metadata/namespace") {
            "" => format!("{}/{name}", self.list()),
            namespace => format!("{}/namespaces/{namespace}/{}/{name}", self.root, self.plural),
        }
    }
}

/// An object on both sides; null stands for none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    pub(crate) demo: Value,
    pub(crate) real: Value,
}

impl Pair {
    pub(crate) fn namespace(&self) -> &str {
        text(&self.demo, "/metadata/namespace")
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.demo, "/metadata/name")
    }
}

/// The objects of a kind by what tells them apart on both sides: their name, or the owner that named them.
pub(crate) async fn groups(way: &Way, demo: &Side, real: &Side) -> Vec<[Vec<Value>; 2]> {
    let mut groups: BTreeMap<[String; 3], [Vec<Value>; 2]> = BTreeMap::new();
    for (place, side) in [demo, real].into_iter().enumerate() {
        for object in side.list(&way.list()).await {
            groups.entry(key(&object)).or_default()[place].push(object);
        }
    }
    groups.into_values().filter(|[ours, theirs]| !ours.is_empty() && !theirs.is_empty()).collect()
}

/// One object of each side for each state that objects of both are in.
pub(crate) fn alike([ours, theirs]: &[Vec<Value>; 2]) -> Vec<Pair> {
    let states = |objects: &[Value]| -> BTreeMap<String, Value> {
        objects.iter().map(|object| (state(object), object.clone())).collect()
    };
    let mut theirs = states(theirs);
    let both = states(ours).into_iter().filter_map(|(state, demo)| Some(Pair { demo, real: theirs.remove(&state)? }));
    both.collect()
}

/// What makes an object of one kind look unlike another, in a word or two.
pub(crate) fn state(object: &Value) -> String {
    let leaving = object["metadata"]["deletionTimestamp"].is_string();
    let statuses = items(object, "/status/containerStatuses").iter();
    let waiting: Vec<&str> = statuses.map(|status| text(status, "/state/waiting/reason")).collect();
    let phase = text(object, "/status/phase");
    format!("{phase} {}{}", waiting.join(" "), if leaving { "leaving" } else { "" })
}

fn key(object: &Value) -> [String; 3] {
    let own = |name: &str, number: &str| [text(object, "/metadata/namespace"), name, number].map(str::to_owned);
    let name = text(object, "/metadata/name");
    let Some(owner) = controller(object) else { return own(name, "") };
    let owned = text(owner, "/name");
    match text(owner, "/kind") {
        // What hangs on a Deployment carries the hash of a template, which no two clusters compute alike.
        "ReplicaSet" => own(owned.rsplit_once('-').map_or(owned, |(name, _)| name), "of a ReplicaSet"),
        "Deployment" => own(owned, text(object, "/metadata/annotations/deployment.kubernetes.io~1revision")),
        "DaemonSet" | "StatefulSet" if object["revision"].is_number() => own(owned, &object["revision"].to_string()),
        "DaemonSet" | "Job" => own(owned, "of its"),
        "Service" => own(owned, "of a Service"),
        _ => own(name, ""),
    }
}
