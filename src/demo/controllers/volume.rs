//! Claims: bound to a new volume where their class exists, left pending with the reason where it does not.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::defaults;
use crate::demo::events::{self, Note};
use crate::demo::json::{items, name, namespace, put, set_condition, text, uid, when};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

const COMPONENT: &str = "persistentvolume-controller";
/// How long a provisioner takes.
const PROVISIONS: TimeDelta = TimeDelta::seconds(2);
/// How often a failure is repeated.
const RETRY: TimeDelta = TimeDelta::minutes(5);

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for claim in simulation.objects.list(Kind::PersistentVolumeClaim, Some(within)) {
        if text(&claim, "/status/phase") != "Bound" {
            reconcile(simulation, &claim);
        } else {
            note_use(simulation, &claim);
        }
    }
}

/// Whether a claim is bound only once a pod that uses it is to be scheduled.
pub(super) fn waits_for_consumer(simulation: &Simulation, claim: &Value) -> bool {
    let class = simulation.objects.get(Kind::StorageClass, "", text(claim, "/spec/storageClassName"));
    class.is_some_and(|class| text(&class, "/volumeBindingMode") == "WaitForFirstConsumer")
}

fn say(simulation: &mut Simulation, claim: &Value, note: Note<'_>) {
    let due = events::last(simulation, claim, note.reason).map(|last| last + RETRY);
    match due {
        Some(due) if due > simulation.now => simulation.wake_at(due),
        Some(_) | None => {
            events::record(simulation, claim, note);
            simulation.wake_at(simulation.now + RETRY);
        }
    }
}

fn reconcile(simulation: &mut Simulation, claim: &Value) {
    let class = text(claim, "/spec/storageClassName");
    if simulation.objects.get(Kind::StorageClass, "", class).is_none() {
        let message = format!("storageclass.storage.k8s.io \"{class}\" not found");
        return say(simulation, claim, Note::warning(COMPONENT, "ProvisioningFailed", &message));
    }
    if waits_for_consumer(simulation, claim) && !consumed(simulation, claim) {
        let message = "waiting for first consumer to be created before binding";
        return say(simulation, claim, Note::normal(COMPONENT, "WaitForFirstConsumer", message));
    }
    let created = when(claim, "/metadata/creationTimestamp").unwrap_or(simulation.now);
    if simulation.now < created + PROVISIONS {
        return simulation.wake_at(created + PROVISIONS);
    }
    bind(simulation, claim, class);
}

fn consumed(simulation: &Simulation, claim: &Value) -> bool {
    let pods = simulation.objects.list(Kind::Pod, Some(namespace(claim)));
    pods.iter().any(|pod| uses(pod, claim) && !text(pod, "/spec/nodeName").is_empty())
}

fn uses(pod: &Value, claim: &Value) -> bool {
    let mut volumes = items(pod, "/spec/volumes").iter();
    volumes.any(|volume| text(volume, "/persistentVolumeClaim/claimName") == name(claim))
}

/// Whether a pod refers to a bound claim, as a condition says it.
fn note_use(simulation: &mut Simulation, claim: &Value) {
    let pods = simulation.objects.list(Kind::Pod, Some(namespace(claim)));
    let used = pods.iter().any(|pod| !pods::finished(pod) && uses(pod, claim));
    let (status, reason, message) = match used {
        true => ("False", "PodUsingPVC", "A pod is currently referencing this PVC"),
        false => ("True", "NoPodsUsingPVC", "No pods are currently referencing this PVC"),
    };
    let now = simulation.now;
    simulation.objects.edit(Kind::PersistentVolumeClaim, namespace(claim), name(claim), |claim| {
        set_condition(claim, "Unused", status, reason, message, now);
    });
}

fn bind(simulation: &mut Simulation, claim: &Value, class: &str) {
    let volume = format!("pvc-{}", uid(claim));
    let size = claim["spec"]["resources"]["requests"]["storage"].clone();
    let mut value = json!({
        "metadata": { "name": volume },
        "spec": {
            "capacity": { "storage": size }, "accessModes": claim["spec"]["accessModes"], "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Delete", "volumeMode": "Filesystem",
            "csi": { "driver": "csi.demo.example", "volumeHandle": volume },
            "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace(claim), "name": name(claim), "uid": uid(claim) },
        },
        "status": { "phase": "Bound" },
    });
    defaults::apply(Kind::PersistentVolume, &mut value);
    let now = simulation.now;
    simulation.objects.insert(Kind::PersistentVolume, value, now);
    simulation.objects.edit(Kind::PersistentVolumeClaim, namespace(claim), name(claim), |claim| {
        put(claim, "/spec/volumeName", json!(volume));
        put(claim, "/status/phase", json!("Bound"));
        put(claim, "/status/capacity/storage", size);
        let modes = claim["spec"]["accessModes"].clone();
        put(claim, "/status/accessModes", modes);
    });
}
