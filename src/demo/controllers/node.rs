//! Nodes: heartbeats while a kubelet speaks, and what the node lifecycle controller does once one is silent.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::demo::events::{self, Note};
use crate::demo::json::{
    condition, count, deleting, items, name, namespace, put, put_default, set_condition, stamp, stamp_micro, text, when,
};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::{pods, scheduler};

const COMPONENT: &str = "node-controller";
/// `--node-monitor-grace-period`.
const GRACE: TimeDelta = TimeDelta::seconds(50);
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Condition, the kubelet's reason, its message, and the value that is healthy.
const CONDITIONS: &[(&str, &str, &str, &str)] = &[
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "False"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "False"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", "False"),
    ("Ready", "KubeletReady", "kubelet is posting ready status", "True"),
];

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    for node in simulation.objects.all(Kind::Node) {
        match simulation.world.silent.get(name(&node)).copied() {
            None => speak(simulation, &node),
            Some(since) if simulation.now < since + GRACE => simulation.wake_at(since + GRACE),
            Some(since) => give_up(simulation, &node, since),
        }
    }
}

fn speak(simulation: &mut Simulation, node: &Value) {
    let now = simulation.now;
    simulation.objects.edit(Kind::Node, "", name(node), |node| {
        for (kind, reason, message, healthy) in CONDITIONS {
            if condition(node, kind).is_none() {
                set_condition(node, kind, healthy, reason, message, now);
            }
        }
    });
}

fn give_up(simulation: &mut Simulation, node: &Value, since: DateTime<Utc>) {
    let now = simulation.now;
    let lost = since + GRACE;
    if condition(node, "Ready").is_some_and(|ready| text(ready, "/status") == "True") {
        simulation.objects.edit(Kind::Node, "", name(node), |node| {
            for (kind, _, _, _) in CONDITIONS {
                set_condition(node, kind, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", now);
            }
            put_default(node, "/spec/taints", json!([]));
            if let Some(taints) = node.pointer_mut("/spec/taints").and_then(Value::as_array_mut) {
                for effect in ["NoSchedule", "NoExecute"] {
                    taints.push(json!({ "key": UNREACHABLE, "effect": effect, "timeAdded": stamp(now) }));
                }
            }
        });
        let message = format!("Node {} status is now: NodeNotReady", name(node));
        events::record(simulation, node, Note::normal(COMPONENT, "NodeNotReady", &message));
    }
    for pod in simulation.objects.all(Kind::Pod) {
        if text(&pod, "/spec/nodeName") != name(node) {
            continue;
        }
        if pods::ready(&pod) {
            simulation.objects.edit(Kind::Pod, namespace(&pod), name(&pod), |pod| {
                set_condition(pod, "Ready", "False", "", "", now);
            });
            events::record(simulation, &pod, Note::warning(COMPONENT, "NodeNotReady", "Node is not ready"));
        }
        evict(simulation, &pod, lost);
    }
}

/// Pods that do not tolerate the taint for ever are marked for deletion when their time is over; nobody is there to stop them.
fn evict(simulation: &mut Simulation, pod: &Value, lost: DateTime<Utc>) {
    let taint = json!({ "key": UNREACHABLE, "effect": "NoExecute" });
    let covering: Vec<&Value> = items(pod, "/spec/tolerations")
        .iter()
        .filter(|toleration| scheduler::toleration_covers(toleration, &taint))
        .collect();
    if deleting(pod) || covering.iter().any(|toleration| toleration.get("tolerationSeconds").is_none()) {
        return;
    }
    let due = lost
        + TimeDelta::seconds(
            covering.iter().map(|toleration| count(toleration, "/tolerationSeconds")).min().unwrap_or_default(),
        );
    if simulation.now < due {
        return simulation.wake_at(due);
    }
    let message = format!("Marking for deletion Pod {}/{}", namespace(pod), name(pod));
    events::record(simulation, pod, Note::normal("taint-eviction-controller", "TaintManagerEviction", &message));
    let now = simulation.now;
    simulation.objects.edit(Kind::Pod, namespace(pod), name(pod), |pod| {
        set_condition(
            pod,
            "DisruptionTarget",
            "True",
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
            now,
        );
    });
    if let Some(pod) = simulation.objects.get(Kind::Pod, namespace(pod), name(pod)) {
        pods::delete(simulation, &pod, None);
    }
}

/// Heartbeats up to now: a lease every ten seconds, a node status every five minutes. Written only when somebody looks.
pub(in crate::demo) fn beat(simulation: &mut Simulation) {
    let now = simulation.now;
    for node in simulation.objects.all(Kind::Node) {
        let own = name(&node).to_owned();
        let last = simulation.world.silent.get(&own).map_or(now, |since| now.min(*since));
        let round = |seconds: i64| last.duration_trunc(TimeDelta::seconds(seconds)).unwrap_or(last);
        let (lease, status) = (round(10), round(300));
        if simulation.objects.has(Kind::Lease, "kube-node-lease", &own) {
            simulation
                .objects
                .edit(Kind::Lease, "kube-node-lease", &own, |value| put(value, "/spec/renewTime", stamp_micro(lease)));
        } else if simulation.objects.has(Kind::Namespace, "", "kube-node-lease") {
            let created = when(&node, "/metadata/creationTimestamp").unwrap_or(now);
            let owner = json!({ "apiVersion": "v1", "kind": "Node", "name": own, "uid": node["metadata"]["uid"] });
            let value = json!({
                "metadata": { "name": own, "namespace": "kube-node-lease", "ownerReferences": [owner] },
                "spec": { "holderIdentity": own, "leaseDurationSeconds": 40, "renewTime": stamp_micro(lease) },
            });
            simulation.objects.insert(Kind::Lease, value, created);
        }
        simulation.objects.edit(Kind::Node, "", &own, |value| {
            for condition in value.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten()
            {
                put(condition, "/lastHeartbeatTime", stamp(status));
            }
        });
    }
}
