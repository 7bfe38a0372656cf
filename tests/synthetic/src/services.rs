//! What stands in front of the pods and what happened to them.

use serde_json::{Value, json};

use crate::faults::{Fault, Trouble};
use crate::pod::{ip, node_name};
use crate::workloads::Workload;
use crate::{Batch, Plan, core, group, uid};

/// Endpoints in one slice, as the controller limits them.
const ENDPOINTS_PER_SLICE: usize = 100;

/// The Service of a workload with its EndpointSlices; mistyped, it selects nothing.
pub(crate) fn service(plan: &Plan, each: &Workload<'_>, pods: &[String], mistyped: bool, batch: &mut Batch) {
    let Workload { namespace, app, .. } = *each;
    let created = plan.ago(20_000);
    let selected = if mistyped { format!("{app}-typo") } else { app.to_owned() };
    batch.add(2, core(namespace, "services"), json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": app, "namespace": namespace, "uid": uid("Service", namespace, app), "creationTimestamp": created, "labels": {"app.kubernetes.io/name": app}},
        "spec": {"type": "ClusterIP", "selector": {"app.kubernetes.io/name": selected}, "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]},
        "status": {"loadBalancer": {}}}));
    if mistyped {
        batch.faults.push(Fault { check: "service/selector-no-pods", target: format!("Service/{namespace}/{app}") });
    }
    let all: Vec<(usize, &String)> = if mistyped { Vec::new() } else { pods.iter().enumerate().collect() };
    let chunks: Vec<&[(usize, &String)]> =
        if all.is_empty() { vec![&[]] } else { all.chunks(ENDPOINTS_PER_SLICE).collect() };
    for (part, chunk) in chunks.into_iter().enumerate() {
        let name = format!("{app}-{part}{}", &uid("EndpointSlice", namespace, app)[..4]);
        let endpoints: Vec<Value> = chunk.iter().filter_map(|(index, pod)| endpoint(plan, each, *index, pod)).collect();
        batch.add(5, group("discovery.k8s.io/v1", namespace, "endpointslices"), json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": namespace, "uid": uid("EndpointSlice", namespace, &name), "creationTimestamp": created,
                "labels": {"kubernetes.io/service-name": app, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
                "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": app, "uid": uid("Service", namespace, app), "controller": true}]},
            "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}));
    }
}

fn endpoint(plan: &Plan, each: &Workload<'_>, index: usize, pod: &str) -> Option<Value> {
    let ready = match each.suffers(index) {
        None | Some(Trouble::OutOfMemory) => true,
        Some(Trouble::Unschedulable) => return None,
        Some(Trouble::ImagePull | Trouble::CrashLoop | Trouble::MissingConfig | Trouble::NotReady) => false,
    };
    let number = each.first + index;
    Some(json!({"addresses": [ip(number)], "conditions": {"ready": ready, "serving": ready, "terminating": false},
        "nodeName": node_name(number % plan.nodes()),
        "targetRef": {"kind": "Pod", "namespace": each.namespace, "name": pod, "uid": uid("Pod", each.namespace, pod)}}))
}

/// What a workload has besides: an Ingress, an autoscaler, a disruption budget.
pub(crate) fn surroundings(plan: &Plan, each: &Workload<'_>, batch: &mut Batch) {
    let Workload { namespace, app, replicas, .. } = *each;
    let created = plan.ago(20_000);
    let meta = |kind: &str| json!({"name": app, "namespace": namespace, "uid": uid(kind, namespace, app), "creationTimestamp": created});
    batch.add(5, group("networking.k8s.io/v1", namespace, "ingresses"), json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta("Ingress"),
        "spec": {"ingressClassName": "public", "rules": [{"host": format!("{app}.{namespace}.example.com"), "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": app, "port": {"name": "http"}}}}]}}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}}));
    batch.add(5, group("policy/v1", namespace, "poddisruptionbudgets"), json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta("PodDisruptionBudget"),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": app}}},
        "status": {"observedGeneration": 1, "currentHealthy": replicas, "desiredHealthy": replicas - 1, "expectedPods": replicas, "disruptionsAllowed": 1,
            "conditions": [{"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "message": "", "observedGeneration": 1, "lastTransitionTime": created}]}}));
}

/// Events about the pods: of each one in trouble, and of some that have just started.
pub(crate) fn events(plan: &Plan, each: &Workload<'_>, pods: &[String], batch: &mut Batch) {
    for (index, pod) in pods.iter().enumerate() {
        let event = match each.suffers(index) {
            Some(Trouble::ImagePull) => Some(("Warning", "Failed", "Error: ImagePullBackOff", "kubelet", 200)),
            Some(Trouble::CrashLoop) => {
                Some(("Warning", "BackOff", "Back-off restarting failed container app in pod", "kubelet", 90))
            }
            Some(Trouble::Unschedulable) => Some((
                "Warning",
                "FailedScheduling",
                "0/9 nodes are available: 9 Insufficient memory.",
                "default-scheduler",
                60,
            )),
            Some(Trouble::MissingConfig) => Some((
                "Warning",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"config\" : configmap not found",
                "kubelet",
                40,
            )),
            Some(Trouble::NotReady) => Some((
                "Warning",
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
                "kubelet",
                300,
            )),
            Some(Trouble::OutOfMemory) | None if index % 5 == 0 => {
                Some(("Normal", "Pulled", "Container image already present on machine", "kubelet", 1))
            }
            Some(Trouble::OutOfMemory) | None => None,
        };
        let Some((type_, reason, message, component, count)) = event else { continue };
        let name = format!("{pod}.{}", &uid("Event", each.namespace, pod)[..13].replace('-', ""));
        batch.add(5, core(each.namespace, "events"), json!({"apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": each.namespace, "uid": uid("Event", each.namespace, &name), "creationTimestamp": plan.ago(50)},
            "type": type_, "reason": reason, "message": message, "source": {"component": component},
            "firstTimestamp": plan.ago(50), "lastTimestamp": plan.ago(2), "count": count, "reportingComponent": component, "reportingInstance": "",
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": each.namespace, "name": pod, "uid": uid("Pod", each.namespace, pod),
                "fieldPath": "spec.containers{app}"}}));
    }
}
