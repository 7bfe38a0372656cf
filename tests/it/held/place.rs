//! A real API server with the objects of one case at a time: made by its API, their status written through `/status`, and
//! then aged in its store, because an API server lets nobody say when an object was made.

use super::complete::{Papers, complete};
use crate::world::eventually_with;
use crate::world::server::{admin, define_extensions, send};
use base64::Engine as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use control_plane::{ControlPlane, Profile};
use http::Method;
use kube::client::Body;
use roundsman::cluster::{Cluster, ReadRequest};
use roundsman::snapshot::{Origin, Resource, Snapshot, Why};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What tells the objects of a case from those that a server has anyway.
const LABEL: &str = "roundsman.test/case";

/// An object that the server took.
struct Taken {
    resource: Resource,
    /// In the API.
    path: String,
    /// In the store.
    key: String,
    /// As the server had it before, where it was there.
    before: Option<Value>,
}

pub(crate) struct Place {
    plane: ControlPlane,
    admin: kube::Client,
    store: kube::Client,
    reader: Cluster,
    /// The case that is there now.
    case: Arc<Mutex<String>>,
    number: usize,
    papers: Papers,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let starting = tokio::task::spawn_blocking(|| {
            let plane = ControlPlane::start(Profile::Holding).unwrap();
            define_extensions(&plane);
            plane
        });
        let plane = starting.await.unwrap();
        let admin = admin(&plane).await;
        let store = kube::Client::try_from(kube::Config::new(plane.etcd_url().parse().unwrap())).unwrap();
        let case = Arc::new(Mutex::new(String::new()));
        let reader = Cluster::from_client("test", labelled(admin.clone(), Arc::clone(&case)));
        let key = rcgen::KeyPair::generate().unwrap();
        let request =
            rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap().pem().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
        let papers = Papers { request: base64(request.as_bytes()), certificate: base64(certificate.as_bytes()) };
        Self { plane, admin, store, reader, case, number: 0, papers }
    }

    pub(crate) async fn end(self) {
        tokio::task::spawn_blocking(move || drop(self.plane)).await.unwrap();
    }

    /// What the product's reader reads of these objects at that moment; or why the server does not hold them.
    pub(crate) async fn held(&mut self, objects: &[Value], now: DateTime<Utc>) -> Result<Snapshot, String> {
        self.number += 1;
        let case = format!("case-{}", self.number);
        self.case.lock().unwrap().clone_from(&case);
        let mut taken = Vec::new();
        let read = match self.make(objects, &case, now, &mut taken).await {
            Ok(()) => self.read(&taken, now).await,
            Err(refused) => Err(refused),
        };
        self.clear(taken).await;
        read
    }

    async fn make(
        &self,
        objects: &[Value],
        case: &str,
        now: DateTime<Utc>,
        taken: &mut Vec<Taken>,
    ) -> Result<(), String> {
        let mut puts = Vec::new();
        for given in objects {
            let object = complete(given.clone(), &self.papers);
            let (one, held) = self.take(&object).await?;
            let aged = aged((given, &object), held, case, now)?;
            puts.push(json!({"requestPut": {"key": base64(one.key.as_bytes()), "value": base64(aged.to_string().as_bytes())}}));
            taken.push(one);
        }
        let revision = self.in_store(puts).await;
        // The server's memory follows its store: a list that is at least as new says that it has.
        let lists: BTreeSet<(Resource, String)> =
            taken.iter().map(|one| (one.resource, list_path(one.resource))).collect();
        for (_, path) in lists {
            let newer = format!("resourceVersion={revision}&resourceVersionMatch=NotOlderThan");
            let uri = format!("{path}?labelSelector={LABEL}%3D{case}&{newer}");
            let (code, said) = send(&self.admin, Method::GET, &uri, "", &Value::Null).await;
            if code != 200 {
                return Err(message(&said));
            }
        }
        Ok(())
    }

    /// Makes one object and writes its status; gives what the server made of it.
    async fn take(&self, object: &Value) -> Result<(Taken, Value), String> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        let resource = Resource::of(text("/apiVersion"), kind).ok_or_else(|| format!("no {kind} is known"))?;
        // It serves by them, and writes what comes of it into their status.
        if matches!(resource, Resource::CustomResourceDefinitions | Resource::ApiServices) {
            return Err(format!("a {kind} is looked after by the server itself"));
        }
        let api = resource.api();
        let mut object = object.clone();
        if resource.origin() == Origin::Extension {
            object["apiVersion"] = json!(format!("{}/{}", api.group, api.version));
        }
        let root = match object["apiVersion"].as_str() {
            Some(version) if version.contains('/') => format!("/apis/{version}"),
            version => format!("/api/{}", version.unwrap_or_default()),
        };
        let namespace = text("/metadata/namespace");
        let list = match namespace {
            "" if !api.namespaced => format!("{root}/{}", api.plural),
            "" => return Err(format!("{kind}/{name} is in no namespace")),
            _ if !api.namespaced => return Err(format!("a {kind} is in no namespace")),
            namespace => format!("{root}/namespaces/{namespace}/{}", api.plural),
        };
        let path = format!("{list}/{name}");
        let leaving = !object["metadata"]["deletionTimestamp"].is_null();
        for field in ["uid", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion", "managedFields"]
        {
            object["metadata"].as_object_mut().unwrap().remove(field);
        }
        let status = object.as_object_mut().unwrap().remove("status").unwrap_or_default();
        let json = "application/json";
        let (code, mut held) = send(&self.admin, Method::POST, &list, json, &object).await;
        let mut before = None;
        if code == 409 {
            let (_, known) = send(&self.admin, Method::GET, &path, "", &Value::Null).await;
            object["metadata"]["resourceVersion"] = known["metadata"]["resourceVersion"].clone();
            let (code, replaced) = send(&self.admin, Method::PUT, &path, json, &object).await;
            if code != 200 {
                return Err(format!("{kind}/{name}: {}", message(&replaced)));
            }
            (before, held) = (Some(known), replaced);
        } else if code != 201 {
            return Err(format!("{kind}/{name}: {}", message(&held)));
        }
        let key = key(resource, namespace, name);
        let taken = Taken { resource, path, key, before };
        if resource == Resource::Namespaces && leaving {
            // What a namespace is while it goes is written by the deletion.
            (_, held) = send(&self.admin, Method::DELETE, &taken.path, json, &Value::Null).await;
        }
        let mut parts = Vec::new();
        if resource == Resource::CertificateSigningRequests && !status["conditions"].is_null() {
            parts.push(("approval", json!({"conditions": status["conditions"]})));
        }
        if !status.is_null() {
            parts.push(("status", status));
        }
        for (part, status) in parts {
            held["status"] = status;
            let uri = format!("{}/{part}", taken.path);
            let (code, said) = send(&self.admin, Method::PUT, &uri, json, &held).await;
            if code != 200 {
                self.clear(vec![taken]).await;
                return Err(format!("{kind}/{name}: its {part}: {}", message(&said)));
            }
            held = said;
        }
        Ok((taken, held))
    }

    async fn read(&self, taken: &[Taken], now: DateTime<Utc>) -> Result<Snapshot, String> {
        // Other lists hold nothing of this case: it has no object of those kinds, and the label tells the server's own apart.
        let lists: BTreeSet<Resource> = taken.iter().map(|one| one.resource).collect();
        let request = ReadRequest::new(now).with_secrets().only(&lists);
        // Changes of one moment come one after another, and only what is aged has the label.
        let whole = eventually_with(async || {
            let mut snapshot = self.reader.read(&request).await.ok()?;
            snapshot.unread.retain(|unread| !matches!(unread.why, Why::SwitchedOff | Why::NotConfigured));
            let counted: usize = lists.iter().map(|list| snapshot.count(*list)).sum();
            (counted == taken.len() && snapshot.unread.is_empty()).then_some(snapshot)
        });
        whole.await.ok_or_else(|| format!("not all of {} objects can be read", taken.len()))
    }

    async fn clear(&self, taken: Vec<Taken>) {
        let mut steps = Vec::new();
        for one in taken {
            // So that the server gives its address back.
            if one.resource == Resource::Services && one.before.is_none() {
                send(&self.admin, Method::DELETE, &one.path, "application/json", &Value::Null).await;
            }
            let key = base64(one.key.as_bytes());
            steps.push(match one.before {
                None => json!({"requestDeleteRange": {"key": key}}),
                Some(mut before) => {
                    before["metadata"].as_object_mut().unwrap().remove("resourceVersion");
                    json!({"requestPut": {"key": key, "value": base64(before.to_string().as_bytes())}})
                }
            });
        }
        self.in_store(steps).await;
    }

    /// Changes the store; gives its revision afterwards.
    async fn in_store(&self, steps: Vec<Value>) -> String {
        let mut revision = "0".to_owned();
        for steps in steps.chunks(100) {
            let (code, said) =
                send(&self.store, Method::POST, "/v3/kv/txn", "application/json", &json!({"success": steps})).await;
            assert_eq!(code, 200, "{said}");
            said["header"]["revision"].as_str().unwrap().clone_into(&mut revision);
        }
        revision
    }
}

/// The admin, who sees in lists only what belongs to the case.
fn labelled(client: kube::Client, case: Arc<Mutex<String>>) -> kube::Client {
    let service = tower::service_fn(move |mut request: http::Request<Body>| {
        let client = client.clone();
        if let Some(query) = request.uri().query().filter(|query| query.contains("resourceVersion=")) {
            let case = case.lock().unwrap().clone();
            let uri = format!("{}?{query}&labelSelector={LABEL}%3D{case}", request.uri().path());
            *request.uri_mut() = uri.parse().unwrap();
        }
        async move { client.send(request).await }
    });
    kube::Client::new(service, "default")
}

/// The object with what only a server says of itself, as the case has it.
fn aged((given, object): (&Value, &Value), mut held: Value, case: &str, now: DateTime<Utc>) -> Result<Value, String> {
    let meta = &object["metadata"];
    if !meta["deletionTimestamp"].is_null() {
        // A pod's kubelet has its time; of others a deletion is the end.
        if object["kind"] != "Pod" && object["kind"] != "Namespace" && meta["finalizers"].is_null() {
            return Err(format!("a {} that nothing holds is gone when it is deleted", object["kind"]));
        }
        held["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    }
    held["metadata"]["creationTimestamp"] =
        json!((now - TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true));
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "generation", "managedFields"] {
        if !meta[field].is_null() {
            held["metadata"][field] = meta[field].clone();
        }
    }
    // Filled in so that the server takes it, and more than the case says: an owner's uid, a key.
    if !given["metadata"]["ownerReferences"].is_null() {
        held["metadata"]["ownerReferences"] = given["metadata"]["ownerReferences"].clone();
    }
    if given["kind"] == "Secret" {
        let said = |key: &str| !given["data"][key].is_null() || !given["stringData"][key].is_null();
        held["data"].as_object_mut().into_iter().for_each(|data| data.retain(|key, _| said(key)));
    }
    if object["kind"] == "CertificateSigningRequest" {
        // Who asks is who asks.
        for field in ["username", "groups"] {
            held["spec"][field] = object["spec"][field].clone();
        }
    }
    held["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    if held["metadata"]["labels"].is_null() {
        held["metadata"]["labels"] = json!({});
    }
    held["metadata"]["labels"][LABEL] = json!(case);
    Ok(held)
}

fn list_path(resource: Resource) -> String {
    let api = resource.api();
    let root = if api.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", api.group) };
    format!("{root}/{}/{}", api.version, api.plural)
}

/// Where kube-apiserver keeps an object.
fn key(resource: Resource, namespace: &str, name: &str) -> String {
    let api = resource.api();
    let folder = match resource {
        Resource::Nodes => "minions".to_owned(),
        Resource::Services => "services/specs".to_owned(),
        Resource::Ingresses => "ingress".to_owned(),
        Resource::CustomResourceDefinitions | Resource::ApiServices => format!("{}/{}", api.group, api.plural),
        _ if resource.origin() == Origin::Extension => format!("{}/{}", api.group, api.plural),
        _ => api.plural.to_owned(),
    };
    let parts = ["/registry", &folder, namespace, name];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/")
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn message(said: &Value) -> String {
    said["message"].as_str().map_or_else(|| said.to_string(), str::to_owned)
}
