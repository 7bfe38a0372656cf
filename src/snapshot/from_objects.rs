//! A snapshot from plain objects: how stories and cases that are written down as data become one.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Resource, Snapshot};

/// An object that does not belong into a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum BadObject {
    /// Nothing reads this kind.
    #[error("no inspection reads {api_version} {kind}")]
    UnknownKind { api_version: String, kind: String },
    /// The fields have other types than Kubernetes gives them.
    #[error("{kind} {name}: {source}")]
    Malformed { kind: String, name: String, source: serde_json::Error },
}

impl Snapshot {
    /// Sorts Kubernetes objects into a complete snapshot of a cluster called `test`; a `List` is taken apart.
    pub fn from_objects(now: DateTime<Utc>, objects: impl IntoIterator<Item = Value>) -> Result<Self, BadObject> {
        let mut snapshot = Self { cluster: "test".to_owned(), taken_at: now, ..Self::default() };
        for object in objects {
            snapshot.add_object(object)?;
        }
        Ok(snapshot)
    }

    fn add_object(&mut self, mut object: Value) -> Result<(), BadObject> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        if kind.ends_with("List")
            && let Some(Value::Array(items)) = object.get_mut("items").map(Value::take)
        {
            return items.into_iter().try_for_each(|item| self.add_object(item));
        }
        let Some(resource) = Resource::of(&api_version, &kind) else {
            return Err(BadObject::UnknownKind { api_version, kind });
        };
        self.push(resource, object).map_err(|source| BadObject::Malformed { kind, name, source })?;
        self.reads.objects += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, Str, Unread, Why};
    use super::*;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn objects_are_sorted_by_kind_with_kubernetes_names() {
        let snapshot = Snapshot::from_objects(now(), [
            json!({"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "api-1", "namespace": "shop", "labels": {"app": "api"}, "managedFields": [{"manager": "x"}],
                              "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "roundsman.dev/ignore": "x"},
                              "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "uid": "u", "controller": true}]},
                 "spec": {"nodeName": "n1", "containers": [{"name": "api", "image": "acme/api:1", "env": null,
                          "resources": {"limits": {"memory": "1Gi"}}}]},
                 "status": {"phase": "Running", "startTime": null, "conditions": [{"type": "Ready", "status": "False"}],
                            "containerStatuses": [{"name": "api", "restartCount": 3, "lastState": {"terminated":
                               {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-23T08:59:00Z"}}}]}},
                {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}},
            ]}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"replicas": 0}, "status": {}}),
        ])
        .unwrap();
        let pod = &snapshot.pods[0];
        assert_eq!(pod.meta.controller().map(|owner| &owner.name), Some(&Str::from("api")));
        assert_eq!(pod.spec.containers[0].resources.limits.get("memory").unwrap().value(), 1 << 30);
        assert!(pod.status.conditions.is("Ready", "False"));
        assert_eq!(pod.status.container_statuses[0].last_state.terminated.as_ref().unwrap().exit_code, 137);
        assert_eq!(pod.meta.annotations.iter().count(), 1);
        assert_eq!((snapshot.events.len(), snapshot.deployments[0].spec.replicas), (1, Some(0)));
        assert_eq!(snapshot.reads.objects, 3);
    }

    #[test]
    fn unknown_kinds_and_wrong_types_are_said_by_name() {
        let unknown = Snapshot::from_objects(now(), [json!({"apiVersion": "apps/v1", "kind": "Pod"})]).unwrap_err();
        assert_eq!(unknown.to_string(), "no inspection reads apps/v1 Pod");
        let wrong = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": 1}});
        assert!(Snapshot::from_objects(now(), [wrong]).unwrap_err().to_string().starts_with("Pod a: "));
    }

    #[test]
    fn what_is_unread_is_told_apart_from_what_is_absent() {
        let mut snapshot = Snapshot::from_objects(now(), []).unwrap();
        assert_eq!(snapshot.state_of(Resource::Secrets), State::Read);
        snapshot.unread.push(Unread { resource: Resource::Secrets, why: Why::SwitchedOff });
        assert_eq!(snapshot.state_of(Resource::Secrets), State::Unread(&Why::SwitchedOff));
        assert!(snapshot.has_read(Resource::Pods));
    }

    #[test]
    fn every_resource_is_found_by_its_kind() {
        for resource in Resource::ALL {
            let api = resource.api();
            let version =
                if api.group.is_empty() { api.version.to_owned() } else { format!("{}/{}", api.group, api.version) };
            assert_eq!(Resource::of(&version, api.kind), Some(*resource));
        }
    }
}
