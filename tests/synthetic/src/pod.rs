//! A pod as kubelets of today write it: long, and mostly the same as the next one.

use serde_json::{Value, json};

use crate::faults::Trouble;
use crate::{Plan, uid};

/// What a pod is made from.
#[derive(Debug, Clone)]
pub(crate) struct PodPlan<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: String,
    /// The workload's name, which labels, images and configuration are called after.
    pub(crate) app: &'a str,
    /// Kind, name and API version of what controls it.
    pub(crate) owner: (&'a str, &'a str, &'a str),
    pub(crate) hash: &'a str,
    /// Of all pods: its address and node come from it.
    pub(crate) number: usize,
    pub(crate) claim: Option<&'a str>,
    pub(crate) trouble: Option<Trouble>,
    /// A Job's pod that has done its work, well or not.
    pub(crate) finished: Option<bool>,
}

pub(crate) fn node_name(number: usize) -> String {
    format!("node-{number:05}")
}

pub(crate) fn ip(number: usize) -> String {
    format!("10.{}.{}.{}", 64 + (number >> 16), number >> 8 & 255, number & 255)
}

fn image(app: &str) -> String {
    format!("registry.example.com/teams/{app}:1.{}.0", app.len())
}

/// The pod's template, which its workload has too.
pub(crate) fn template(app: &str, hash: &str, claim: Option<&str>, restart: &str) -> Value {
    let mut labels = json!({"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop"});
    if !hash.is_empty() {
        labels["pod-template-hash"] = hash.into();
    }
    let mut mounts = vec![
        json!({"name": "config", "mountPath": "/etc/app", "readOnly": true}),
        json!({"name": "tmp", "mountPath": "/tmp"}),
    ];
    let mut volumes = vec![
        json!({"name": "config", "configMap": {"name": format!("{app}-config"), "defaultMode": 420}}),
        json!({"name": "tmp", "emptyDir": {}}),
    ];
    if let Some(claim) = claim {
        mounts.push(json!({"name": "data", "mountPath": "/var/lib/data"}));
        volumes.push(json!({"name": "data", "persistentVolumeClaim": {"claimName": claim}}));
    }
    let plain = ["LOG_LEVEL", "REGION", "HTTP_PORT", "POOL_SIZE", "FEATURES"]
        .map(|name| json!({"name": name, "value": format!("{}-value", name.to_lowercase())}));
    let mut env = plain.to_vec();
    env.push(json!({"name": "ENDPOINT", "valueFrom": {"configMapKeyRef": {"name": format!("{app}-config"), "key": "endpoint"}}}));
    env.push(json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": format!("{app}-secret"), "key": "password"}}}));
    env.push(
        json!({"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}),
    );
    let probe = |path: &str, delay: u32| {
        json!({"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, "initialDelaySeconds": delay, "timeoutSeconds": 3,
               "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3})
    };
    let mut container = json!({
        "name": "app", "image": image(app), "imagePullPolicy": "IfNotPresent", "env": env, "volumeMounts": mounts,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
        "securityContext": {"runAsNonRoot": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    });
    if restart == "Always" {
        container["livenessProbe"] = probe("/live", 15);
        container["readinessProbe"] = probe("/ready", 5);
    }
    json!({
        "metadata": {"labels": labels, "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {
            "containers": [container], "volumes": volumes, "restartPolicy": restart, "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst", "serviceAccountName": "default", "schedulerName": "default-scheduler",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 10001},
        },
    })
}

/// The pod, with its status.
pub(crate) fn pod(plan: &Plan, each: &PodPlan<'_>) -> Value {
    let (kind, owner, api_version) = each.owner;
    let restart = if kind == "Job" { "Never" } else { "Always" };
    let mut pod = template(each.app, each.hash, each.claim, restart);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = each.name.as_str().into();
    pod["metadata"]["namespace"] = each.namespace.into();
    pod["metadata"]["uid"] = uid("Pod", each.namespace, &each.name).into();
    pod["metadata"]["creationTimestamp"] = plan.ago(600).into();
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": api_version, "kind": kind, "name": owner,
        "uid": uid(kind, each.namespace, owner), "controller": true, "blockOwnerDeletion": true}]);
    add_token(&mut pod, &each.name);
    let spec = &mut pod["spec"];
    spec["tolerations"] = ["not-ready", "unreachable"]
        .map(|taint| json!({"key": format!("node.kubernetes.io/{taint}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}))
        .to_vec()
        .into();
    match each.trouble {
        Some(Trouble::Unschedulable) => {}
        _ => spec["nodeName"] = node_name(each.number % plan.nodes()).into(),
    }
    match each.trouble {
        Some(Trouble::MissingConfig) => spec["volumes"][0]["configMap"]["name"] = format!("{}-lost", each.app).into(),
        Some(Trouble::ImagePull) => spec["containers"][0]["image"] = format!("{}-missing", image(each.app)).into(),
        Some(Trouble::CrashLoop | Trouble::OutOfMemory | Trouble::Unschedulable | Trouble::NotReady) | None => {}
    }
    pod["status"] = status(plan, each);
    pod
}

/// What the admission of service accounts adds: a volume with a name of its own in every pod.
fn add_token(pod: &mut Value, name: &str) {
    let suffix = crate::random::Random::new(crate::random::Random::new(3).mixed_with(&[name])).suffix(5);
    let volume = format!("kube-api-access-{suffix}");
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]);
    if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
        volumes.push(json!({"name": volume, "projected": {"defaultMode": 420, "sources": sources}}));
    }
    if let Some(mounts) = pod["spec"]["containers"][0]["volumeMounts"].as_array_mut() {
        mounts.push(
            json!({"name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}),
        );
    }
}

fn status(plan: &Plan, each: &PodPlan<'_>) -> Value {
    let started = plan.ago(590 + (each.number % 60) as i64);
    let condition = |type_: &str, status: bool, reason: &str, message: &str| {
        let mut condition = json!({"type": type_, "status": if status { "True" } else { "False" }, "lastProbeTime": null, "lastTransitionTime": started});
        if !reason.is_empty() {
            condition["reason"] = reason.into();
            condition["message"] = message.into();
        }
        condition
    };
    if each.trouble == Some(Trouble::Unschedulable) {
        let message = format!("0/{} nodes are available: {} Insufficient memory.", plan.nodes(), plan.nodes());
        return json!({"phase": "Pending", "qosClass": "Burstable", "conditions": [condition("PodScheduled", false, "Unschedulable", &message)]});
    }
    let ready = each.finished.is_none() && each.trouble.is_none_or(Trouble::is_over);
    let why = if each.finished.is_some() { "PodCompleted" } else { "ContainersNotReady" };
    let message = if each.finished.is_some() { "" } else { "containers with unready status: [app]" };
    let unready =
        |type_: &str| if ready { condition(type_, true, "", "") } else { condition(type_, false, why, message) };
    let phase = match (each.finished, each.trouble) {
        (Some(true), _) => "Succeeded",
        (Some(false), _) => "Failed",
        (None, Some(Trouble::ImagePull | Trouble::MissingConfig)) => "Pending",
        (None, _) => "Running",
    };
    let address = ip(each.number);
    let host = format!("172.16.{}.{}", (each.number % plan.nodes()) >> 8, (each.number % plan.nodes()) & 255);
    json!({
        "phase": phase, "qosClass": "Burstable", "startTime": started, "hostIP": host, "hostIPs": [{"ip": host}],
        "podIP": address, "podIPs": [{"ip": address}],
        "conditions": [
            condition("PodReadyToStartContainers", each.finished.is_none(), "", ""),
            condition("Initialized", true, "", ""),
            unready("Ready"),
            unready("ContainersReady"),
            condition("PodScheduled", true, "", ""),
        ],
        "containerStatuses": [container_status(plan, each, &started)],
    })
}

fn container_status(plan: &Plan, each: &PodPlan<'_>, started: &str) -> Value {
    let id = format!("containerd://{}", uid("Container", each.namespace, &each.name).replace('-', "").repeat(2));
    let ended = |code: i32, reason: &str, minutes: i64| json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": plan.ago(minutes), "containerID": id}});
    let waiting = |reason: &str, message: String| json!({"waiting": {"reason": reason, "message": message}});
    let running = json!({"running": {"startedAt": started}});
    let (state, last, restarts) = match (each.finished, each.trouble) {
        (Some(true), _) => (ended(0, "Completed", 30), json!({}), 0),
        (Some(false), _) => (ended(1, "Error", 30), json!({}), 0),
        (None, Some(Trouble::ImagePull)) => (
            waiting("ImagePullBackOff", format!("Back-off pulling image \"{}-missing\"", image(each.app))),
            json!({}),
            0,
        ),
        (None, Some(Trouble::MissingConfig)) => {
            (waiting("CreateContainerConfigError", format!("configmap \"{}-lost\" not found", each.app)), json!({}), 0)
        }
        (None, Some(Trouble::CrashLoop)) => (
            waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container".to_owned()),
            ended(1, "Error", 3),
            25,
        ),
        (None, Some(Trouble::OutOfMemory)) => (running, ended(137, "OOMKilled", 20), 6),
        (None, Some(Trouble::NotReady | Trouble::Unschedulable) | None) => (running, json!({}), 0),
    };
    let runs = each.finished.is_none() && each.trouble.is_none_or(Trouble::runs);
    json!({
        "name": "app", "image": image(each.app), "containerID": id, "restartCount": restarts, "state": state, "lastState": last,
        "imageID": format!("registry.example.com/teams/{}@sha256:{}", each.app, "0123456789abcdef".repeat(4)),
        "ready": runs && each.trouble != Some(Trouble::NotReady), "started": runs,
        "allocatedResources": {"cpu": "100m", "memory": "128Mi"},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
    })
}
