//! The earlier templates of a workload: from the ReplicaSets of a Deployment, the ControllerRevisions of the others. Pure.

use super::{
    action::{Kind, Relative, fingerprint},
    request::RESTARTED_AT,
};
use crate::texts::repair::plan;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// A revision that was in place for so long had a chance to show that it works.
const LASTED: TimeDelta = TimeDelta::minutes(10);
const DEPLOYMENT_REVISION: &str = "deployment.kubernetes.io/revision";

/// One revision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Revision {
    pub(super) number: i64,
    pub(super) keeper: Relative,
    pub(super) template: Value,
    /// Pods of it that are available now.
    available: i64,
    created: Option<DateTime<Utc>>,
}

/// Every revision that belongs to the workload, the newest first.
pub(super) fn known(kind: Kind, live: &Value, list: &Value) -> Vec<Revision> {
    let uid = text(live, "/metadata/uid");
    let items = list.pointer("/items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let owned = items.iter().filter(|item| controller(item).is_some_and(|owner| owner.uid == uid));
    let mut revisions: Vec<Revision> = owned.filter_map(|item| revision(kind, item)).collect();
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    revisions
}

fn revision(kind: Kind, item: &Value) -> Option<Revision> {
    let (number, keeper_kind, template) = match kind {
        Kind::Deployment => {
            let annotations = item.pointer("/metadata/annotations")?;
            let number = annotations.get(DEPLOYMENT_REVISION)?.as_str()?.parse().ok()?;
            (number, "ReplicaSet", item.pointer("/spec/template")?)
        }
        Kind::StatefulSet | Kind::DaemonSet => {
            (item.get("revision")?.as_i64()?, "ControllerRevision", item.pointer("/data/spec/template")?)
        }
        Kind::Pod => return None,
    };
    Some(Revision {
        number,
        keeper: Relative {
            kind: keeper_kind.to_owned(),
            name: text(item, "/metadata/name").to_owned(),
            uid: text(item, "/metadata/uid").to_owned(),
        },
        template: normal(template),
        available: item.pointer("/status/availableReplicas").and_then(Value::as_i64).unwrap_or_default(),
        created: text(item, "/metadata/creationTimestamp").parse().ok(),
    })
}

/// The number of the revision that the workload asks for now.
pub(super) fn current(live: &Value, known: &[Revision]) -> Option<i64> {
    let annotations = live.pointer("/metadata/annotations");
    let said = annotations.and_then(|all| all.get(DEPLOYMENT_REVISION)).and_then(Value::as_str);
    said.and_then(|said| said.parse().ok()).or_else(|| known.first().map(|newest| newest.number))
}

/// The earlier revision to go back to, and why this one: the newest that still serves, else the newest that was in
/// place for a while, else the newest. A mere restart is no earlier revision.
pub(super) fn best<'a>(live: &Value, known: &'a [Revision], current: i64) -> Option<(&'a Revision, Option<String>)> {
    let now = essence(&normal(live.pointer("/spec/template").unwrap_or(&Value::Null)));
    let earlier: Vec<&Revision> =
        known.iter().filter(|revision| revision.number < current && essence(&revision.template) != now).collect();
    if let Some(serving) = earlier.iter().find(|revision| revision.available > 0) {
        return Some((*serving, Some(plan::serving(serving.number, serving.available))));
    }
    let lasted = |revision: &Revision| {
        let next = known.iter().filter(|other| other.number > revision.number).min_by_key(|other| other.number)?;
        Some(next.created? - revision.created?).filter(|length| *length >= LASTED)
    };
    let lasting = earlier.iter().find_map(|revision| Some((*revision, lasted(revision)?)));
    if let Some((revision, length)) = lasting {
        return Some((revision, Some(plan::lasted(revision.number, length))));
    }
    earlier.first().map(|newest| (*newest, None))
}

/// A pod template as a workload has it: without what controllers add to their copies.
pub(super) fn normal(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(whole) = template.as_object_mut() {
        whole.remove("$patch");
    }
    if let Some(metadata) = template.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        if metadata.get("creationTimestamp").is_some_and(Value::is_null) {
            metadata.remove("creationTimestamp");
        }
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.remove("pod-template-hash");
        }
    }
    template
}

/// The fingerprint of the template that a workload asks for.
pub(super) fn template_of(live: &Value) -> String {
    fingerprint(&normal(live.pointer("/spec/template").unwrap_or(&Value::Null)))
}

/// What makes pods behave differently: the template without the time of a restart.
fn essence(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(metadata) = template.pointer_mut("/metadata").and_then(Value::as_object_mut)
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(RESTARTED_AT);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    template
}

/// The owner that controls an object.
pub(super) fn controller(object: &Value) -> Option<Relative> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners.iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
    let field = |name: &str| owner.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Relative { kind: field("kind"), name: field("name"), uid: field("uid") })
}

/// The value of a label.
pub(super) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(name)?.as_str()
}

/// The text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer; 0 where there is none, as the API means it.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{best, current, known, template_of};
    use crate::repair::Kind;
    use serde_json::{Value, json};

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api", "image": image}]}})
    }

    fn deployment(image: &str, revision: i64) -> Value {
        json!({"metadata": {"uid": "d1", "annotations": {"deployment.kubernetes.io/revision": revision.to_string()}},
            "spec": {"template": template(image)}})
    }

    /// A ReplicaSet of `image`, made at that minute.
    fn replica_set(image: &str, revision: i64, minute: i64, available: i64) -> Value {
        let mut template = template(image);
        template["metadata"]["labels"]["pod-template-hash"] = json!(format!("h{revision}"));
        json!({"metadata": {"name": format!("api-{revision}"), "uid": format!("r{revision}"),
                "creationTimestamp": format!("2026-11-23T09:{minute:02}:00Z"),
                "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
                "ownerReferences": [{"kind": "Deployment", "name": "api", "uid": "d1", "controller": true}]},
            "spec": {"template": template}, "status": {"availableReplicas": available}})
    }

    fn chosen(live: &Value, sets: &[Value]) -> Option<(i64, Option<String>)> {
        let known = known(Kind::Deployment, live, &json!({"items": sets}));
        let current = current(live, &known)?;
        best(live, &known, current).map(|(revision, why)| (revision.number, why))
    }

    #[test]
    fn an_undo_goes_back_to_what_worked() {
        let live = deployment("api:4", 4);
        let serving = [
            replica_set("api:1", 1, 0, 0),
            replica_set("api:2", 2, 1, 2),
            replica_set("api:3", 3, 30, 0),
            replica_set("api:4", 4, 59, 0),
        ];
        assert_eq!(chosen(&live, &serving), Some((2, Some("revision 2 worked: 2 pods of it still serve.".into()))));
        // Revision 3 was replaced at once, revision 2 was in place for a while.
        let lasting = [replica_set("api:2", 2, 1, 0), replica_set("api:3", 3, 57, 0), replica_set("api:4", 4, 59, 0)];
        let words = "revision 2 was in place for 56m before the next one.";
        assert_eq!(chosen(&live, &lasting), Some((2, Some(words.into()))));
        let quick = [replica_set("api:2", 2, 56, 0), replica_set("api:3", 3, 57, 0), replica_set("api:4", 4, 59, 0)];
        assert_eq!(chosen(&live, &quick), Some((3, None)), "nothing is known: the one before, as kubectl does");
        assert_eq!(chosen(&live, &[replica_set("api:4", 4, 59, 0)]), None);
    }

    #[test]
    fn a_restart_is_no_earlier_revision() {
        let mut live = deployment("api:2", 3);
        live["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": "now"});
        let mut restarted = replica_set("api:2", 3, 50, 0);
        restarted["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": "now"});
        let sets = [replica_set("api:1", 1, 0, 0), replica_set("api:2", 2, 20, 0), restarted];
        assert_eq!(chosen(&live, &sets).map(|(number, _)| number), Some(1));
    }

    #[test]
    fn the_sets_of_others_do_not_count() {
        let mut foreign = replica_set("api:1", 1, 0, 5);
        foreign["metadata"]["ownerReferences"][0]["uid"] = json!("d2");
        assert_eq!(chosen(&deployment("api:4", 4), &[foreign, replica_set("api:4", 4, 59, 0)]), None);
    }

    #[test]
    fn controller_revisions_keep_templates_too() {
        let keeper = |revision: i64, image: &str| {
            let mut template = template(image);
            template["$patch"] = json!("replace");
            json!({"metadata": {"name": format!("db-{revision}"), "uid": format!("c{revision}"),
                    "ownerReferences": [{"kind": "StatefulSet", "name": "db", "uid": "s1", "controller": true}]},
                "data": {"spec": {"template": template}}, "revision": revision})
        };
        let live = json!({"metadata": {"uid": "s1"}, "spec": {"template": template("db:2")}});
        let list = json!({"items": [keeper(1, "db:1"), keeper(2, "db:2")]});
        let known = known(Kind::StatefulSet, &live, &list);
        assert_eq!(current(&live, &known), Some(2));
        assert_eq!(template_of(&live), super::fingerprint(&known[0].template));
        let (revision, _) = best(&live, &known, 2).unwrap();
        assert_eq!((revision.number, &revision.template), (1, &template("db:1")));
    }
}
