//! DaemonSets in small: one pod on every node that they tolerate; a new template replaces one pod after the other.

use serde_json::{Value, json};

use crate::demo::json::{count, deleting, items, name, namespace, put, put_count, text};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::{pods, scheduler};

const COMPONENT: &str = "daemonset-controller";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for set in simulation.objects.list(Kind::DaemonSet, Some(within)) {
        reconcile(simulation, &set);
        report(simulation, &set);
    }
}

/// The template with the tolerations that every daemon gets.
fn template(set: &Value) -> Value {
    let mut template = set["spec"]["template"].clone();
    let mut tolerations = items(&template, "/spec/tolerations").to_vec();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({ "key": key, "operator": "Exists", "effect": effect }));
    }
    put(&mut template, "/spec/tolerations", Value::Array(tolerations));
    put(
        &mut template,
        "/metadata/labels/controller-revision-hash",
        json!(names::template_hash(&set["spec"]["template"])),
    );
    template
}

/// The nodes that should run the daemon; a taint that only forbids new pods by effect NoExecute counts too.
fn nodes(simulation: &Simulation, template: &Value) -> Vec<String> {
    let nodes = simulation.objects.all(Kind::Node);
    let fits = nodes.iter().filter(|node| {
        scheduler::untolerated(&template["spec"], node, true).is_none() && scheduler::selected(&template["spec"], node)
    });
    fits.map(|node| name(node).to_owned()).collect()
}

fn reconcile(simulation: &mut Simulation, set: &Value) {
    let template = template(set);
    let hash = text(&template, "/metadata/labels/controller-revision-hash").to_owned();
    let mine = pods::of(simulation, set);
    let wanted = nodes(simulation, &template);
    for node in &wanted {
        let mut here = mine.iter().filter(|pod| text(pod, "/spec/nodeName") == node);
        if here.next().is_none() {
            let mut pod = pods::from_template(set, &template, &pods::next_name(simulation, set));
            let only = json!([{ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": [node] }] }]);
            let terms = "requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
            put(&mut pod, &format!("/spec/affinity/nodeAffinity/{terms}"), only);
            put(&mut pod, "/spec/nodeName", json!(node));
            if pods::may_create(simulation, set, &pod) {
                // A refusal is in the events that `create` writes; the status shows the missing pod.
                drop(pods::create(simulation, set, pod, COMPONENT));
            }
        }
    }
    for pod in
        mine.iter().filter(|pod| !deleting(pod) && !wanted.iter().any(|node| node == text(pod, "/spec/nodeName")))
    {
        pods::retire(simulation, set, pod, COMPONENT);
    }
    let stale =
        mine.iter().find(|pod| !deleting(pod) && text(pod, "/metadata/labels/controller-revision-hash") != hash);
    let busy = mine.iter().any(|pod| {
        deleting(pod) || (!pods::ready(pod) && text(pod, "/metadata/labels/controller-revision-hash") == hash)
    });
    if let Some(pod) = stale.filter(|_| !busy && text(set, "/spec/updateStrategy/type") == "RollingUpdate") {
        pods::retire(simulation, set, pod, COMPONENT);
    }
}

fn report(simulation: &mut Simulation, set: &Value) {
    let template = template(set);
    let hash = text(&template, "/metadata/labels/controller-revision-hash").to_owned();
    let mine = pods::of(simulation, set);
    let desired = i64::try_from(nodes(simulation, &template).len()).unwrap_or_default();
    let (ready, available) = pods::tally(simulation, &mine, count(set, "/spec/minReadySeconds"));
    let updated = mine.iter().filter(|pod| text(pod, "/metadata/labels/controller-revision-hash") == hash).count();
    simulation.objects.edit(Kind::DaemonSet, namespace(set), name(set), |set| {
        let generation = set["metadata"]["generation"].clone();
        put(set, "/status/observedGeneration", generation);
        for (field, value) in [
            ("currentNumberScheduled", i64::try_from(mine.len()).unwrap_or_default()),
            ("desiredNumberScheduled", desired),
            ("numberMisscheduled", 0),
            ("numberReady", ready),
        ] {
            put(set, &format!("/status/{field}"), json!(value));
        }
        for (field, value) in [
            ("numberAvailable", available),
            ("numberUnavailable", (desired - available).max(0)),
            ("updatedNumberScheduled", i64::try_from(updated).unwrap_or_default()),
        ] {
            put_count(set, field, value);
        }
    });
}
