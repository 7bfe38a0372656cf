//! Makes the real cluster like the demo's: the same objects as people would apply them, and pods that kwok lets fall into the
//! same trouble. What controllers make is left to the real ones.

use super::sides::{Kind, Side, controller, items, text};
use crate::world::eventually;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
/// What makes kwok let a pod or a node fall ill.
const STATE: &str = "roundsman.test/state";
/// Keeps pods off a node.
const NO_MORE: &str = "roundsman.test/no-more";

/// Everything that a side holds, by kind.
pub(crate) struct Stock {
    pub(crate) kinds: Vec<Kind>,
    objects: Vec<(Kind, Value)>,
}

impl Stock {
    pub(crate) async fn of(side: &Side) -> Self {
        let kinds = side.kinds().await;
        let mut objects = Vec::new();
        for kind in kinds.iter().filter(|kind| kind.can("list")) {
            let mut list = side.list(&kind.path("")).await;
            for object in &mut list {
                object["apiVersion"] = json!(kind.api_version());
                object["kind"] = json!(kind.kind);
            }
            objects.extend(list.into_iter().map(|object| (kind.clone(), object)));
        }
        objects.sort_by_key(|(kind, _)| FIRST.iter().position(|first| *first == kind.plural).unwrap_or(FIRST.len()));
        Self { kinds, objects }
    }

    /// The keys of annotations and data: of both a reader takes only those that it knows.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        let maps = self.objects.iter().flat_map(|(_, object)| [&object["metadata"]["annotations"], &object["data"]]);
        maps.filter_map(Value::as_object).flat_map(|map| map.keys().cloned()).collect()
    }

    fn all<'a>(&'a self, plural: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |(kind, _)| kind.plural == plural).map(|(_, object)| object)
    }

    fn kind(&self, plural: &str) -> &Kind {
        self.kinds.iter().find(|kind| kind.plural == plural).unwrap()
    }

    /// The pods that a workload selects.
    fn pods_of<'a>(&'a self, workload: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.all("pods").filter(move |pod| selects(workload, pod))
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

    /// The node whose kubelet is silent.
    fn silent(&self) -> &str {
        let ready = |node: &&Value| {
            let mut conditions = items(node, "/status/conditions").iter();
            conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        };
        text(self.all("nodes").find(|node| !ready(node)).unwrap(), "/metadata/name")
    }

    /// How many pods of a workload are being deleted on the silent node for good.
    fn leaving(&self, workload: &Value) -> usize {
        self.pods_of(workload).filter(|pod| pod["metadata"]["deletionTimestamp"].is_string()).count()
    }
}

fn selects(workload: &Value, pod: &Value) -> bool {
    let wanted = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let same = text(pod, "/metadata/namespace") == text(workload, "/metadata/namespace");
    let labels = &pod["metadata"]["labels"];
    same && wanted.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
}

/// Makes the real cluster hold what the demo holds.
pub(crate) async fn furnish(stock: &Stock, real: &Side) {
    for node in real.list("/api/v1/nodes").await {
        real.admin(Method::DELETE, &format!("/api/v1/nodes/{}", text(&node, "/metadata/name")), "", &Value::Null).await;
    }
    let people = |(kind, object): &&(Kind, Value)| is_applied(kind, object);
    let (early, late): (Vec<_>, Vec<_>) = stock.objects.iter().filter(people).partition(|(kind, object)| {
        let plural = kind.plural.as_str();
        FIRST.contains(&plural) || plural == "daemonsets" || (plural != "pods" && stock.leaving(object) > 0)
    });
    // What has lost a pod with its node begins there, while there is no other node to go to.
    for (kind, object) in early {
        apply(stock, real, kind, object).await;
    }
    silence(stock, real).await;
    for (kind, object) in late {
        apply(stock, real, kind, object).await;
    }
    fall_ill_later(stock, real, &stock.objects.iter().collect::<Vec<_>>()).await;
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

async fn apply(stock: &Stock, real: &Side, kind: &Kind, object: &Value) {
    let mut own = plain(object);
    adopt(real, &mut own, stock).await;
    let path = kind.path(text(object, "/metadata/namespace"));
    if kind.namespaced {
        // Pods need the one that a controller makes for each namespace.
        let account = format!("/api/v1/namespaces/{}/serviceaccounts/default", text(object, "/metadata/namespace"));
        eventually(&account, async || real.get(&account).await).await;
    }
    let leaving = stock.leaving(object);
    match kind.plural.as_str() {
        "deployments" => {
            // A deadline that a test can wait for.
            own["spec"]["progressDeadlineSeconds"] = json!(5);
            if leaving > 0 {
                own["spec"]["replicas"] = json!(leaving);
            }
            fall_ill(stock, object, &mut own["spec"]["template"]);
            return roll_out(real, &path, own, stock.earlier(object)).await;
        }
        "statefulsets" | "daemonsets" => fall_ill(stock, object, &mut own["spec"]["template"]),
        "jobs" => {
            let ended = |wanted: &str| {
                let mut conditions = items(object, "/status/conditions").iter();
                conditions.any(|condition| condition["type"] == wanted && condition["status"] == "True")
            };
            let state = if ended("Failed") { "fail" } else { "complete" };
            own["spec"]["template"]["metadata"]["labels"][STATE] = json!(state);
            own["spec"]["backoffLimit"] = json!(0);
        }
        // The next time of its schedule comes in the middle of the test.
        "cronjobs" => own["spec"]["suspend"] = json!(true),
        // As a kubelet registers it; the rest it reports by itself.
        "nodes" => {
            let size = |field: &str| object["status"][field].clone();
            own["status"] = json!({"capacity": size("capacity"), "allocatable": size("allocatable")});
            let open = text(object, "/metadata/name") == stock.silent();
            let others = if open { Vec::new() } else { keep_off(&["NoSchedule"]) };
            own["spec"]["taints"] = json!([taints(object), others].concat());
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
    let mut without = |pointer: &str, names: &[&str]| {
        if let Some(map) = plain.pointer_mut(pointer).and_then(Value::as_object_mut) {
            map.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    without("", &["status"]);
    let own = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp"];
    without("/metadata", &own);
    without("/metadata/annotations", &["deployment.kubernetes.io/revision"]);
    match text(object, "/kind") {
        "Pod" => without("/spec", &["priority", "preemptionPolicy"]),
        "Service" if text(object, "/spec/clusterIP") != "None" => without("/spec", &["clusterIP", "clusterIPs"]),
        "PersistentVolumeClaim" => without("/spec", &["volumeName"]),
        "PersistentVolume" => without("/spec/claimRef", &["uid", "resourceVersion"]),
        "Job" => {
            let keys =
                ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
            without("/spec", &["selector"]);
            without("/spec/template/metadata/labels", &keys);
            without("/metadata", &["labels"]);
        }
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

/// Marks a template so that its pods never start, as the demo's do not.
fn fall_ill(stock: &Stock, workload: &Value, template: &mut Value) {
    for pod in stock.pods_of(workload) {
        for (index, status) in items(pod, "/status/containerStatuses").iter().enumerate() {
            match text(status, "/state/waiting/reason") {
                "ErrImagePull" | "ImagePullBackOff" => {
                    let image = &mut template["spec"]["containers"][index]["image"];
                    *image = json!(image.as_str().unwrap().replacen(':', "-missing:", 1));
                    return;
                }
                "CreateContainerConfigError" => {
                    template["metadata"]["labels"][STATE] = json!("missing-config");
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Lets running pods fall ill whose likes in the demo did so after their rollout was over.
async fn fall_ill_later(stock: &Stock, real: &Side, workloads: &[&(Kind, Value)]) {
    for (kind, workload) in workloads {
        let statuses = stock.pods_of(workload).flat_map(|pod| items(pod, "/status/containerStatuses"));
        let mut reasons = statuses.map(|status| text(status, "/lastState/terminated/reason"));
        if kind.plural != "deployments" || !reasons.any(|reason| reason == "OOMKilled") {
            continue;
        }
        is_out(real, &kind.path_of(workload)).await;
        let pods = stock.kind("pods");
        let stays = |pod: &Value| selects(workload, pod) && !pod["metadata"]["deletionTimestamp"].is_string();
        for pod in real.list(&pods.path("")).await.iter().filter(|pod| stays(pod)) {
            let path = pods.path_of(pod);
            real.patch(&path, &json!({"metadata": {"labels": {STATE: "oom"}}})).await;
            let waits = "/status/containerStatuses/0/state/waiting";
            eventually(&path, async || real.get(&path).await?.pointer(waits).map(|_| ())).await;
        }
    }
}

/// Waits until all pods of a workload are of its newest template, and run.
async fn is_out(real: &Side, path: &str) {
    eventually(path, async || {
        let now = real.get(path).await?;
        let all = |field: &str| now["status"][field] == now["spec"]["replicas"];
        (all("updatedReplicas") && all("availableReplicas") && all("replicas")).then_some(())
    })
    .await;
}

/// From now on nobody reports of these pods, and so they count as not ready.
async fn fall_silent(stock: &Stock, real: &Side, pods: &[Value]) {
    for pod in pods {
        let path = stock.kind("pods").path_of(pod);
        let mut own = real.patch(&path, &json!({"metadata": {"labels": {STATE: "silent"}}})).await;
        for condition in own["status"]["conditions"].as_array_mut().unwrap() {
            if condition["type"] == "Ready" {
                condition["status"] = json!("False");
            }
        }
        let conditions = own["status"]["conditions"].clone();
        real.patch(&format!("{path}/status"), &json!({"status": {"conditions": conditions}})).await;
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

/// The taints that a person gave to a node.
fn taints(node: &Value) -> Vec<Value> {
    let own = |taint: &&Value| !text(taint, "/key").starts_with("node.kubernetes.io/");
    items(node, "/spec/taints").iter().filter(own).cloned().collect()
}

/// Taints that nothing tolerates but daemons.
fn keep_off(effects: &[&str]) -> Vec<Value> {
    let now = "2026-01-01T00:00:00Z";
    effects.iter().map(|effect| json!({"key": NO_MORE, "effect": effect, "timeAdded": now})).collect()
}

/// Lets the node fall ill whose kubelet is silent in the demo, and the pods on it be deleted and stay; then opens the others.
async fn silence(stock: &Stock, real: &Side) {
    let ill = stock.silent();
    let loses = |(kind, object): &&(Kind, Value)| is_applied(kind, object) && stock.leaving(object) > 0;
    let lost: Vec<&(Kind, Value)> = stock.objects.iter().filter(loses).collect();
    for (kind, workload) in &lost {
        is_out(real, &kind.path_of(workload)).await;
    }
    fall_ill_later(stock, real, &lost).await;
    let there = |pods: Vec<Value>| -> Vec<Value> {
        pods.into_iter().filter(|pod| text(pod, "/spec/nodeName") == ill).collect()
    };
    let wanted = there(stock.all("pods").cloned().collect()).len();
    let there = eventually("the pods that the demo has on that node", async || {
        let there = there(real.list("/api/v1/pods").await);
        let run = there.iter().all(|pod| text(pod, "/status/phase") == "Running");
        (there.len() == wanted && run).then_some(there)
    });
    fall_silent(stock, real, &there.await).await;
    // New pods go elsewhere, and those that are there are evicted at once.
    let taints_of_ill = keep_off(&["NoSchedule", "NoExecute"]);
    let change = json!({"metadata": {"labels": {STATE: "not-ready"}}, "spec": {"taints": taints_of_ill}});
    real.patch(&format!("/api/v1/nodes/{ill}"), &change).await;
    for node in stock.all("nodes").filter(|node| text(node, "/metadata/name") != ill) {
        let path = format!("/api/v1/nodes/{}", text(node, "/metadata/name"));
        real.patch(&path, &json!({"spec": {"taints": taints(node)}})).await;
    }
    for (kind, workload) in lost {
        let replicas = json!({"spec": {"replicas": workload["spec"]["replicas"]}});
        real.patch(&kind.path_of(workload), &replicas).await;
    }
}
