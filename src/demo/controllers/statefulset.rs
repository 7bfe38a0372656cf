//! StatefulSets in small: numbered pods, one after the other, with their claims; updated from the last number down.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::demo::json::{count, deleting, items, name, namespace, put, put_count, text};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;
use crate::demo::{defaults, names};

use super::pods;

const COMPONENT: &str = "statefulset-controller";
const HASH: &str = "controller-revision-hash";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for set in simulation.objects.list(Kind::StatefulSet, Some(within)) {
        reconcile(simulation, &set);
        report(simulation, &set);
    }
}

fn update_revision(set: &Value) -> String {
    format!("{}-{}", name(set), names::template_hash(&set["spec"]["template"]))
}

fn reconcile(simulation: &mut Simulation, set: &Value) {
    let wanted = count(set, "/spec/replicas");
    let revision = update_revision(set);
    let parallel = text(set, "/spec/podManagementPolicy") == "Parallel";
    for ordinal in 0..wanted {
        let own = format!("{}-{ordinal}", name(set));
        match simulation.objects.get(Kind::Pod, namespace(set), &own) {
            None => {
                create(simulation, set, &own, ordinal, &revision);
                if !parallel {
                    return;
                }
            }
            Some(pod) if pods::finished(&pod) => {
                pods::delete(simulation, &pod, Some(0));
                return;
            }
            Some(pod) if !parallel && (!pods::ready(&pod) || deleting(&pod)) => {
                // A pod that is not ready holds up the others, but it may itself be replaced by a newer template.
                if !deleting(&pod) && text(&pod, "/metadata/labels/controller-revision-hash") != revision {
                    pods::retire(simulation, set, &pod, COMPONENT);
                }
                return;
            }
            Some(_) => {}
        }
    }
    let mine = pods::of(simulation, set);
    let ordinal =
        |pod: &Value| name(pod).rsplit('-').next().and_then(|number| number.parse::<i64>().ok()).unwrap_or_default();
    if let Some(surplus) =
        mine.iter().filter(|pod| ordinal(pod) >= wanted && !deleting(pod)).max_by_key(|pod| ordinal(pod))
    {
        return pods::retire(simulation, set, surplus, COMPONENT);
    }
    let stale =
        mine.iter().filter(|pod| text(pod, "/metadata/labels/controller-revision-hash") != revision && !deleting(pod));
    let partition = count(set, "/spec/updateStrategy/rollingUpdate/partition");
    let rolling = text(set, "/spec/updateStrategy/type") == "RollingUpdate"
        && mine.iter().all(|pod| pods::ready(pod) && !deleting(pod));
    if let Some(last) = stale.filter(|pod| rolling && ordinal(pod) >= partition).max_by_key(|pod| ordinal(pod)) {
        pods::retire(simulation, set, last, COMPONENT);
    }
}

fn create(simulation: &mut Simulation, set: &Value, own: &str, ordinal: i64, revision: &str) {
    let mut template = set["spec"]["template"].clone();
    put(&mut template, &format!("/metadata/labels/{HASH}"), json!(revision));
    put(&mut template, "/metadata/labels/statefulset.kubernetes.io~1pod-name", json!(own));
    put(&mut template, "/metadata/labels/apps.kubernetes.io~1pod-index", json!(ordinal.to_string()));
    let mut pod = pods::from_template(set, &template, own);
    put(&mut pod, "/spec/hostname", json!(own));
    put(&mut pod, "/spec/subdomain", set["spec"]["serviceName"].clone());
    let mut volumes = items(&pod, "/spec/volumes").to_vec();
    for claim in items(set, "/spec/volumeClaimTemplates") {
        let claim_name = format!("{}-{own}", name(claim));
        volumes.push(json!({ "name": name(claim), "persistentVolumeClaim": { "claimName": claim_name } }));
        let mut value = json!({
            "metadata": { "name": claim_name, "namespace": namespace(set), "labels": set["spec"]["selector"]["matchLabels"] },
            "spec": claim["spec"],
        });
        defaults::apply(Kind::PersistentVolumeClaim, &mut value);
        let now = simulation.now;
        simulation.objects.insert(Kind::PersistentVolumeClaim, value, now);
    }
    if !volumes.is_empty() {
        put(&mut pod, "/spec/volumes", Value::Array(volumes));
    }
    if pods::may_create(simulation, set, &pod) {
        // A refusal is in the events that `create` writes; the status shows the missing pod.
        drop(pods::create(simulation, set, pod, COMPONENT));
    }
}

fn report(simulation: &mut Simulation, set: &Value) {
    let mine = pods::of(simulation, set);
    let (ready, available) = pods::tally(simulation, &mine, count(set, "/spec/minReadySeconds"));
    let revision = update_revision(set);
    let newest =
        |pod: &&Arc<Value>| !deleting(pod) && text(pod, "/metadata/labels/controller-revision-hash") == revision;
    let updated = mine.iter().filter(newest).count();
    simulation.objects.edit(Kind::StatefulSet, namespace(set), name(set), |set| {
        let generation = set["metadata"]["generation"].clone();
        put(set, "/status/observedGeneration", generation);
        put(set, "/status/replicas", json!(mine.len()));
        put(set, "/status/updateRevision", json!(revision));
        if updated == mine.iter().filter(|pod| !deleting(pod)).count() || set["status"]["currentRevision"].is_null() {
            put(set, "/status/currentRevision", json!(revision));
        }
        put(set, "/status/collisionCount", json!(0));
        put(set, "/status/availableReplicas", json!(available));
        let revision = set["status"]["currentRevision"].clone();
        let current = mine.iter().filter(|pod| !deleting(pod) && pod["metadata"]["labels"][HASH] == revision).count();
        for (field, value) in [
            ("readyReplicas", ready),
            ("updatedReplicas", i64::try_from(updated).unwrap_or_default()),
            ("currentReplicas", i64::try_from(current).unwrap_or_default()),
        ] {
            put_count(set, field, value);
        }
    });
}
