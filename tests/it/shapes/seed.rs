//! Makes the real cluster like the demo's: the same objects as people would apply them, and pods that kwok lets fall into the
//! same trouble. What controllers make is left to the real ones.

use super::sides::{Kind, Side, controller, items, text};
use crate::world::eventually;
use http::Method;
use serde_json::{Value, json};

/// What the real controllers, kubelets and schedulers make by themselves.
const MADE: &[&str] = &["controllerrevisions", "endpoints", "endpointslices", "events", "leases", "replicasets"];
/// What has to be there before others; all else comes after it.
const FIRST: &[&str] = &[
    "namespaces",
    "nodes",
    "priorityclasses",
    "storageclasses",
    "persistentvolumes",
    "serviceaccounts",
    "configmaps",
    "secrets",
    "resourcequotas",
    "limitranges",
    "persistentvolumeclaims",
    "services",
    "cronjobs",
];
/// What makes kwok let a pod fall ill.
const STATE: &str = "roundsman.test/state";

/// Everything that the demo holds, by kind.
pub(crate) struct Stock {
    pub(crate) kinds: Vec<Kind>,
    objects: Vec<(Kind, Value)>,
}

impl Stock {
    pub(crate) async fn of(demo: &Side) -> Self {
        let kinds: Vec<Kind> = demo.kinds().await.into_iter().filter(|kind| kind.can("list")).collect();
        let mut objects = Vec::new();
        for kind in &kinds {
            let mut list = demo.list(&kind.path("")).await;
            for object in &mut list {
                object["apiVersion"] = json!(kind.root.trim_start_matches("/apis/").trim_start_matches("/api/"));
                object["kind"] = json!(kind.kind);
            }
            objects.extend(list.into_iter().map(|object| (kind.clone(), object)));
        }
        objects.sort_by_key(|(kind, _)| FIRST.iter().position(|first| *first == kind.plural).unwrap_or(FIRST.len()));
        Self { kinds, objects }
    }

    fn all<'a>(&'a self, plural: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |(kind, _)| kind.plural == plural).map(|(_, object)| object)
    }

    pub(crate) fn kind(&self, plural: &str) -> &Kind {
        self.kinds.iter().find(|kind| kind.plural == plural).unwrap()
    }

    /// The pods that a workload has, by its selector, or by its name where jobs own them.
    fn pods_of<'a>(&'a self, workload: &'a Value) -> impl Iterator<Item = &'a Value> {
        let wanted = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        self.all("pods").filter(move |pod| {
            let same = text(pod, "/metadata/namespace") == text(workload, "/metadata/namespace");
            let labels = &pod["metadata"]["labels"];
            same && wanted.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
        })
    }

    /// The earlier templates of a Deployment, the oldest first.
    fn earlier(&self, deployment: &Value) -> Vec<Value> {
        let revision = |set: &Value| -> i64 {
            text(set, "/metadata/annotations/deployment.kubernetes.io~1revision").parse().unwrap_or_default()
        };
        let own = |set: &&Value| controller(set).is_some_and(|owner| owner["uid"] == deployment["metadata"]["uid"]);
        let mut sets: Vec<&Value> = self.all("replicasets").filter(own).collect();
        sets.sort_by_key(|set| revision(set));
        sets.pop();
        let template = |set: &&Value| {
            let mut template = set["spec"]["template"].clone();
            template["metadata"]["labels"].as_object_mut().unwrap().remove("pod-template-hash");
            template
        };
        sets.iter().map(template).collect()
    }
}

/// Makes the real cluster hold what the demo holds.
pub(crate) async fn furnish(stock: &Stock, real: &Side) {
    for node in real.list("/api/v1/nodes").await {
        real.admin(Method::DELETE, &format!("/api/v1/nodes/{}", text(&node, "/metadata/name")), "", &Value::Null).await;
    }
    for (kind, object) in stock.objects.iter().filter(|(kind, object)| is_applied(kind, object)) {
        if kind.plural == "namespaces" {
            real.create("/api/v1/namespaces", &plain(object)).await;
            continue;
        }
        if kind.namespaced {
            has_account(real, text(object, "/metadata/namespace")).await;
        }
        apply(stock, real, kind, object).await;
    }
    silence(stock, real).await;
}

fn is_applied(kind: &Kind, object: &Value) -> bool {
    // Of what has an owner only the pods of a kubelet's own files, and the jobs whose time has been.
    let owned = controller(object).is_some_and(|owner| !["Node", "CronJob"].contains(&text(owner, "/kind")));
    let name = text(object, "/metadata/name");
    let own_of_cluster = matches!(
        (kind.plural.as_str(), name),
        ("services", "kubernetes") | ("serviceaccounts", "default") | ("configmaps", "kube-root-ca.crt")
    );
    kind.can("create") && !MADE.contains(&kind.plural.as_str()) && !owned && !own_of_cluster
}

/// Pods need the ServiceAccount that the controller makes for each namespace.
async fn has_account(real: &Side, namespace: &str) {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    eventually(&path, async || real.get(&path).await).await;
}

async fn apply(stock: &Stock, real: &Side, kind: &Kind, object: &Value) {
    let mut own = plain(object);
    adopt(real, &mut own, stock).await;
    let path = kind.path(text(object, "/metadata/namespace"));
    match kind.plural.as_str() {
        "deployments" => {
            // Its deadline is one that a test can wait for.
            own["spec"]["progressDeadlineSeconds"] = json!(5);
            fall_ill(stock, object, &mut own["spec"]["template"]);
            roll_out(real, &path, own, stock.earlier(object)).await;
            return;
        }
        "statefulsets" | "daemonsets" => fall_ill(stock, object, &mut own["spec"]["template"]),
        "jobs" => {
            fall_ill(stock, object, &mut own["spec"]["template"]);
            own["spec"]["backoffLimit"] = json!(0);
        }
        // As a kubelet registers it; the rest it reports by itself.
        "nodes" => {
            let size = |field: &str| object["status"][field].clone();
            own["status"] = json!({"capacity": size("capacity"), "allocatable": size("allocatable")});
        }
        _ => {}
    }
    real.create(&path, &own).await;
    if kind.plural == "cronjobs" {
        let mut status = object["status"].clone();
        status.as_object_mut().unwrap().remove("active");
        real.patch(&format!("{}/status", kind.path_of(object)), &json!({ "status": status })).await;
    }
}

/// An object as a person has it, before a server filled in anything of its own.
fn plain(object: &Value) -> Value {
    let mut plain = object.clone();
    let fields = |value: &mut Value, pointer: &str, names: &[&str]| {
        if let Some(map) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
            map.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    fields(&mut plain, "", &["status"]);
    let own = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp"];
    fields(&mut plain, "/metadata", &own);
    fields(&mut plain, "/metadata/annotations", &["deployment.kubernetes.io/revision"]);
    match text(object, "/kind") {
        "Service" if text(object, "/spec/clusterIP") != "None" => {
            fields(&mut plain, "/spec", &["clusterIP", "clusterIPs"])
        }
        "PersistentVolumeClaim" => {
            fields(&mut plain, "/spec", &["volumeName"]);
            fields(&mut plain, "/metadata", &["annotations", "finalizers"]);
        }
        "PersistentVolume" => {
            fields(&mut plain, "/spec/claimRef", &["uid", "resourceVersion"]);
            fields(&mut plain, "/metadata", &["annotations", "finalizers"]);
        }
        "Job" => {
            fields(&mut plain, "/spec", &["selector"]);
            let keys =
                ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
            fields(&mut plain, "/spec/template/metadata/labels", &keys);
            fields(&mut plain, "/metadata/labels", &keys);
        }
        "Pod" => fields(&mut plain, "/spec", &["priority", "preemptionPolicy"]),
        "ServiceAccount" => fields(&mut plain, "", &["secrets"]),
        _ => {}
    }
    plain
}

/// Owners have another uid there.
async fn adopt(real: &Side, object: &mut Value, stock: &Stock) {
    let namespace = text(object, "/metadata/namespace").to_owned();
    for owner in object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut).into_iter().flatten() {
        let kind = stock.kinds.iter().find(|kind| kind.kind == text(owner, "/kind")).unwrap();
        let path = format!("{}/{}", kind.path(if kind.namespaced { &namespace } else { "" }), text(owner, "/name"));
        owner["uid"] = real.get(&path).await.unwrap()["metadata"]["uid"].clone();
    }
}

/// Marks a pod template so that kwok's pods are in the trouble that the demo's are in.
fn fall_ill(stock: &Stock, workload: &Value, template: &mut Value) {
    for pod in stock.pods_of(workload) {
        for (index, status) in items(pod, "/status/containerStatuses").iter().enumerate() {
            let waiting = text(status, "/state/waiting/reason");
            if ["ErrImagePull", "ImagePullBackOff"].contains(&waiting) {
                let image = &mut template["spec"]["containers"][index]["image"];
                *image = json!(image.as_str().unwrap().replacen(':', "-missing:", 1));
                return;
            }
            let state = match (waiting, text(status, "/lastState/terminated/reason"), text(pod, "/status/phase")) {
                (_, _, "Failed") => "fail",
                (_, _, "Succeeded") => "complete",
                ("CreateContainerConfigError", _, _) => "missing-config",
                (_, "OOMKilled", _) => "oom",
                ("CrashLoopBackOff", _, _) => "crash-loop",
                _ => continue,
            };
            template["metadata"]["labels"][STATE] = json!(state);
            return;
        }
    }
}

/// One revision after the other, each when the one before has its ReplicaSet.
async fn roll_out(real: &Side, path: &str, mut deployment: Value, earlier: Vec<Value>) {
    let last = deployment["spec"]["template"].clone();
    let name = text(&deployment, "/metadata/name").to_owned();
    let mut templates = earlier.into_iter().chain([last]).enumerate();
    if let Some((_, first)) = templates.next() {
        deployment["spec"]["template"] = first;
    }
    let uid = real.create(path, &deployment).await["metadata"]["uid"].clone();
    let sets = path.replace("deployments", "replicasets");
    for (revision, template) in templates {
        eventually("the ReplicaSet of a revision", async || {
            let own = |set: &&Value| controller(set).is_some_and(|owner| owner["uid"] == uid);
            (real.list(&sets).await.iter().filter(own).count() == revision).then_some(())
        })
        .await;
        let change = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        let (code, _) =
            real.admin(Method::PATCH, &format!("{path}/{name}"), "application/json-patch+json", &change).await;
        assert_eq!(code, 200);
    }
}

/// Lets the nodes fall ill that the demo's kubelets are silent on, and their pods be deleted and stay.
async fn silence(stock: &Stock, real: &Side) {
    let silent = |node: &&Value| {
        let ready = items(node, "/status/conditions").iter().find(|condition| condition["type"] == "Ready");
        ready.is_some_and(|ready| ready["status"] != "True")
    };
    for node in stock.all("nodes").filter(silent).map(|node| text(node, "/metadata/name")) {
        let leaving = stock
            .all("pods")
            .filter(|pod| pod["metadata"]["deletionTimestamp"].is_string() && text(pod, "/spec/nodeName") == node);
        for pod in leaving {
            let list = format!("/api/v1/namespaces/{}/pods", text(pod, "/metadata/namespace"));
            let app = pod["metadata"]["labels"]["app"].as_str().unwrap();
            let list = format!("{list}?labelSelector=app%3D{app}");
            let there = eventually(app, async || {
                let pods = real.list(&list).await;
                pods.iter().all(|pod| text(pod, "/status/phase") == "Running").then_some(pods)
            });
            for pod in there.await.iter().filter(|pod| text(pod, "/spec/nodeName") == node) {
                let path = stock.kind("pods").path_of(pod);
                real.patch(&path, &json!({"metadata": {"labels": {STATE: "stuck"}}})).await;
                real.admin(Method::DELETE, &path, "application/json", &Value::Null).await;
            }
        }
        real.patch(&format!("/api/v1/nodes/{node}"), &json!({"metadata": {"labels": {STATE: "not-ready"}}})).await;
    }
}
