//! What a case leaves out because its check does not care, and an API server insists on: a container, a selector, a port.

use serde_json::{Map, Value, json};

/// What stands for the ones of a case, in base64: a server looks into them.
pub(crate) struct Papers {
    pub(crate) request: String,
    pub(crate) certificate: String,
}

/// The same object with what is missing; what is there stays.
pub(crate) fn complete(mut object: Value, papers: &Papers) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    if !object["metadata"]["ownerReferences"].is_null() {
        for owner in items(&mut object["metadata"]["ownerReferences"]) {
            let version = version_of(owner["kind"].as_str().unwrap_or_default());
            fill(owner, json!({"apiVersion": version, "uid": "unknown"}));
        }
    }
    match kind.as_str() {
        "Pod" => {
            let statuses = ["initContainerStatuses", "containerStatuses"].map(|list| names(&object["status"][list]));
            let [init, usual] = statuses;
            pod(&mut object["spec"], &usual);
            if !init.is_empty() {
                fill(&mut object["spec"], json!({"initContainers": containers(&init)}));
            }
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            let name = object["metadata"]["name"].clone();
            let selected =
                [&object["spec"]["selector"]["matchLabels"], &object["spec"]["template"]["metadata"]["labels"]];
            let labels = selected.into_iter().find(|labels| labels.is_object()).cloned();
            let labels = labels.unwrap_or_else(|| json!({"app": name}));
            fill(&mut object["spec"], json!({"selector": {"matchLabels": labels}}));
            fill(&mut object["spec"], json!({"template": {"metadata": {"labels": labels}}}));
            fill(&mut object["spec"]["template"], json!({"metadata": {}}));
            fill(&mut object["spec"]["template"]["metadata"], json!({"labels": labels}));
            fill(&mut object, json!({"status": {}}));
            replicas(&mut object["status"], &kind);
            pod(&mut object["spec"]["template"]["spec"], &[]);
        }
        "Job" => {
            job(&mut object["spec"]);
            finished(&mut object);
        }
        "CronJob" => {
            fill(&mut object["spec"], json!({"schedule": "0 3 * * *", "jobTemplate": {}}));
            job(&mut object["spec"]["jobTemplate"]["spec"]);
        }
        "Service" if object["spec"]["type"] != "ExternalName" && object["spec"]["clusterIP"] != "None" => {
            fill(&mut object["spec"], json!({"ports": [{"port": 80}]}));
            let ports = items(&mut object["spec"]["ports"]);
            if ports.len() > 1 {
                ports.iter_mut().enumerate().for_each(|(at, port)| fill(port, json!({"name": format!("p{at}")})));
            }
        }
        "EndpointSlice" => {
            fill(&mut object, json!({"addressType": "IPv4", "endpoints": []}));
            for (at, endpoint) in items(&mut object["endpoints"]).iter_mut().enumerate() {
                fill(endpoint, json!({"addresses": [format!("10.1.0.{}", at % 250 + 1)]}));
            }
        }
        "PersistentVolumeClaim" => {
            fill(&mut object["spec"], json!({"accessModes": ["ReadWriteOnce"], "resources": {}}));
            fill(&mut object["spec"]["resources"], json!({"requests": {"storage": "1Gi"}}));
        }
        "PersistentVolume" => {
            fill(&mut object["spec"], json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}));
            let sources = [
                "csi",
                "nfs",
                "hostPath",
                "local",
                "awsElasticBlockStore",
                "gcePersistentDisk",
                "iscsi",
                "fc",
                "azureFile",
            ];
            if sources.iter().all(|source| object["spec"][source].is_null()) {
                fill(&mut object["spec"], json!({"csi": {}}));
            }
            if object["spec"]["csi"].is_object() {
                let handle = object["metadata"]["name"].clone();
                fill(&mut object["spec"]["csi"], json!({"driver": "csi.example.com", "volumeHandle": handle}));
            }
        }
        "StorageClass" => fill(&mut object, json!({"provisioner": "csi.example.com"})),
        "VolumeAttachment" => {
            fill(
                &mut object["spec"],
                json!({"attacher": "csi.example.com", "nodeName": "worker-1", "source": {"persistentVolumeName": "pv"}}),
            );
            if !object["status"].is_null() {
                fill(&mut object["status"], json!({"attached": false}));
            }
        }
        "CSINode" => {
            fill(&mut object["spec"], json!({"drivers": []}));
            let name = object["metadata"]["name"].clone();
            for driver in items(&mut object["spec"]["drivers"]) {
                fill(driver, json!({"nodeID": name}));
            }
        }
        "HorizontalPodAutoscaler" => {
            fill(
                &mut object["spec"],
                json!({"maxReplicas": 10, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}}),
            );
            if !object["status"].is_null() {
                fill(&mut object["status"], json!({"currentReplicas": 0, "desiredReplicas": 0}));
            }
        }
        "PodDisruptionBudget" if !object["status"].is_null() => {
            fill(
                &mut object["status"],
                json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}),
            );
        }
        "Ingress" => {
            let service = json!({"service": {"name": "api", "port": {"number": 80}}});
            if object["spec"]["rules"].is_null() && object["spec"]["defaultBackend"].is_null() {
                fill(&mut object["spec"], json!({"defaultBackend": service}));
            }
            for rule in items(&mut object["spec"]["rules"]).iter_mut().filter(|rule| rule["http"].is_object()) {
                for path in items(&mut rule["http"]["paths"]) {
                    fill(path, json!({"path": "/", "pathType": "Prefix", "backend": service}));
                }
            }
        }
        "Event" if object["apiVersion"] == "v1" => {
            let namespace = object["metadata"]["namespace"].clone();
            fill(&mut object, json!({"involvedObject": {}}));
            if namespace != "default" {
                fill(&mut object["involvedObject"], json!({"namespace": namespace}));
            }
        }
        "Event" => {
            let by = json!({"reportingController": "example.com/controller", "reportingInstance": "controller-0", "action": "Watching"});
            fill(&mut object, by);
        }
        "Secret" if object["type"] == "kubernetes.io/tls" => {
            fill(&mut object, json!({"data": {}}));
            fill(&mut object["data"], json!({"tls.crt": "", "tls.key": ""}));
        }
        "CertificateSigningRequest" => {
            fill(&mut object["spec"], json!({"signerName": "example.com/serving", "usages": ["digital signature"]}));
            object["spec"]["request"] = json!(papers.request);
            if !object["status"]["certificate"].is_null() {
                object["status"]["certificate"] = json!(papers.certificate);
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            fill(&mut object["roleRef"], json!({"apiGroup": "rbac.authorization.k8s.io"}));
        }
        _ => {}
    }
    let generation = object["metadata"]["generation"].clone();
    if matches!(
        kind.as_str(),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "PodDisruptionBudget" | "HorizontalPodAutoscaler"
    ) && !object["status"].is_null()
        && generation.is_null()
    {
        fill(&mut object["status"], json!({"observedGeneration": 1}));
    }
    if generation.is_null() && !object["status"]["observedGeneration"].is_null() {
        object["metadata"]["generation"] = object["status"]["observedGeneration"].clone();
    }
    object
}

/// Replicas that are available are ready, and those are there.
fn replicas(status: &mut Value, kind: &str) {
    if let Some(available) = status["availableReplicas"].as_i64() {
        fill(status, json!({"readyReplicas": available}));
    }
    let there = status["readyReplicas"].as_i64().max(status["updatedReplicas"].as_i64());
    if let (Some(there), true) = (there, kind != "DaemonSet") {
        fill(status, json!({"replicas": there}));
    }
}

/// A Job that is over has begun, and was first found to be so.
fn finished(job: &mut Value) {
    let Some(conditions) = job["status"]["conditions"].as_array().cloned() else { return };
    for condition in conditions.iter().filter(|condition| condition["status"] == "True") {
        let (first, over) = match condition["type"].as_str() {
            Some("Complete") => ("SuccessCriteriaMet", true),
            Some("Failed") => ("FailureTarget", false),
            _ => continue,
        };
        if !conditions.iter().any(|known| known["type"] == first) {
            let mut before = condition.clone();
            before["type"] = json!(first);
            job["status"]["conditions"].as_array_mut().unwrap().push(before);
        }
        let made = job["metadata"]["creationTimestamp"].as_str();
        let at = condition["lastTransitionTime"].as_str().or(made).unwrap_or("2026-11-20T00:00:00Z").to_owned();
        let begun = made.filter(|made| **made <= *at).unwrap_or(&at).to_owned();
        fill(&mut job["status"], json!({"startTime": begun}));
        if over {
            fill(&mut job["status"], json!({"completionTime": at}));
        }
    }
}

fn job(spec: &mut Value) {
    fill(spec, json!({"template": {}}));
    fill(&mut spec["template"], json!({"spec": {}}));
    fill(&mut spec["template"]["spec"], json!({"restartPolicy": "Never"}));
    pod(&mut spec["template"]["spec"], &[]);
}

fn pod(spec: &mut Value, named: &[String]) {
    let named = if named.is_empty() { vec!["app".to_owned()] } else { named.to_vec() };
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        *object(spec).entry("containers").or_insert(Value::Null) = containers(&named);
    }
    for list in ["containers", "initContainers"] {
        for (at, container) in items(&mut spec[list]).iter_mut().enumerate() {
            fill(container, json!({"name": format!("c{at}"), "image": "registry.example.com/app:1.0"}));
        }
    }
    for name in mounted(spec) {
        let volumes = object(spec).entry("volumes").or_insert_with(|| json!([]));
        let known = items(volumes).iter().any(|volume| volume["name"] == *name);
        if let (Value::Array(volumes), false) = (volumes, known) {
            volumes.push(json!({"name": name, "emptyDir": {}}));
        }
    }
    for (at, volume) in items(&mut spec["volumes"]).iter_mut().enumerate() {
        fill(volume, json!({"name": format!("v{at}")}));
    }
}

/// The volumes that containers mount.
fn mounted(spec: &Value) -> Vec<String> {
    let containers = ["containers", "initContainers"].map(|list| spec[list].as_array());
    let mounts =
        containers.into_iter().flatten().flatten().filter_map(|container| container["volumeMounts"].as_array());
    mounts.flatten().filter_map(|mount| mount["name"].as_str()).map(str::to_owned).collect()
}

fn containers(names: &[String]) -> Value {
    names.iter().map(|name| json!({"name": name, "image": "registry.example.com/app:1.0"})).collect()
}

fn names(statuses: &Value) -> Vec<String> {
    let statuses = statuses.as_array().into_iter().flatten();
    statuses.filter_map(|status| status["name"].as_str()).map(str::to_owned).collect()
}

fn version_of(kind: &str) -> &'static str {
    match kind {
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "v1",
    }
}

/// The items of a list; none where there is none, and none is made.
fn items(list: &mut Value) -> &mut [Value] {
    list.as_array_mut().map_or(&mut [], Vec::as_mut_slice)
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().unwrap()
}

/// Sets the fields that are not there.
fn fill(value: &mut Value, fields: Value) {
    let target = object(value);
    for (name, field) in fields.as_object().unwrap() {
        if target.get(name).is_none_or(Value::is_null) {
            target.insert(name.clone(), field.clone());
        }
    }
}
