//! What the controllers of workloads share: making pods, counting them, and deleting them with grace.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::demo::events::{self, Note};
use crate::demo::json::{
    condition, condition_true, count, deleting, name, namespace, number, owned_by, put, stamp, text, uid, when,
};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;
use crate::demo::{defaults, names};

use super::quota;

/// How long a controller waits after a refusal; the pause of the real queues grows to about this.
const RETRY: TimeDelta = TimeDelta::minutes(15);

/// Whether a pod has come to its end by itself.
pub(in crate::demo) fn finished(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether a pod counts for its controller.
pub(in crate::demo) fn active(pod: &Value) -> bool {
    !deleting(pod) && !finished(pod)
}

pub(in crate::demo) fn ready(pod: &Value) -> bool {
    condition_true(pod, "Ready")
}

/// When a pod has been, or will be, ready for long enough to count as available.
pub(in crate::demo) fn available_at(pod: &Value, min_ready: i64) -> Option<DateTime<Utc>> {
    let condition = condition(pod, "Ready").filter(|condition| text(condition, "/status") == "True")?;
    Some(when(condition, "/lastTransitionTime")? + TimeDelta::seconds(min_ready))
}

/// The active pods of a controller.
pub(in crate::demo) fn of(simulation: &Simulation, owner: &Value) -> Vec<Arc<Value>> {
    let mut pods = simulation.objects.list(Kind::Pod, Some(namespace(owner)));
    pods.retain(|pod| owned_by(pod, uid(owner)));
    pods
}

/// The reference by which an object belongs to its controller.
pub(in crate::demo) fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A pod made from a template.
pub(in crate::demo) fn from_template(owner: &Value, template: &Value, pod: &str) -> Value {
    let mut metadata = template["metadata"].clone();
    if !metadata.is_object() {
        metadata = json!({});
    }
    put(&mut metadata, "/name", json!(pod));
    put(&mut metadata, "/namespace", json!(namespace(owner)));
    put(&mut metadata, "/ownerReferences", json!([owner_reference(owner)]));
    let mut value = json!({ "metadata": metadata, "spec": template["spec"] });
    defaults::apply(Kind::Pod, &mut value);
    value
}

/// A name for the next pod of a controller.
pub(in crate::demo) fn next_name(simulation: &Simulation, owner: &Value) -> String {
    let seed = format!("{}/{}", uid(owner), simulation.objects.version());
    format!("{}-{}", name(owner), names::suffix(&seed, 5))
}

/// Whether a controller should try to create such a pod now: after a refusal it waits, unless there is room again.
pub(in crate::demo) fn may_create(simulation: &mut Simulation, owner: &Value, sample: &Value) -> bool {
    let Some(refused) = events::last(simulation, owner, "FailedCreate") else {
        return true;
    };
    simulation.wake_at(refused + RETRY);
    simulation.now >= refused + RETRY || quota::admit(simulation, sample).is_ok()
}

/// Creates a pod for its controller and says so in an event; the quota's answer if it says no.
pub(in crate::demo) fn create(
    simulation: &mut Simulation,
    owner: &Value,
    pod: Value,
    component: &str,
) -> Result<(), String> {
    let own = name(&pod).to_owned();
    if let Err(why) = quota::admit(simulation, &pod) {
        let why = format!("pods \"{own}\" is forbidden: {why}");
        let message = format!("Error creating: {why}");
        events::record(simulation, owner, Note::warning(component, "FailedCreate", &message));
        simulation.wake_at(simulation.now + RETRY);
        return Err(why);
    }
    let now = simulation.now;
    if simulation.objects.insert(Kind::Pod, pod, now).is_some() {
        events::record(simulation, owner, Note::normal(component, "SuccessfulCreate", &format!("Created pod: {own}")));
    }
    Ok(())
}

/// A pod as it is once it is marked for deletion: at once if no kubelet has to stop it, else with a grace period.
pub(in crate::demo) fn leaving(pod: &Value, now: DateTime<Utc>, grace: Option<i64>) -> Value {
    let unattended = text(pod, "/spec/nodeName").is_empty() || finished(pod);
    let own = number(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    let grace = if unattended { 0 } else { grace.unwrap_or(own).max(0) };
    let sooner = number(pod, "/metadata/deletionGracePeriodSeconds").is_none_or(|before| grace < before);
    let mut pod = pod.clone();
    if sooner {
        let generation = count(&pod, "/metadata/generation");
        put(&mut pod, "/metadata/generation", json!(generation + 1));
        put(&mut pod, "/metadata/deletionTimestamp", stamp(now + TimeDelta::seconds(grace)));
        put(&mut pod, "/metadata/deletionGracePeriodSeconds", json!(grace));
    }
    pod
}

/// Deletes a pod as the API server does and returns what it answers.
pub(in crate::demo) fn delete(simulation: &mut Simulation, pod: &Value, grace: Option<i64>) -> Value {
    let pod = leaving(pod, simulation.now, grace);
    if count(&pod, "/metadata/deletionGracePeriodSeconds") == 0 {
        simulation.objects.remove(Kind::Pod, namespace(&pod), name(&pod));
        return pod;
    }
    (*simulation.objects.update(Kind::Pod, pod)).clone()
}

/// Deletes a pod for its controller and says so in an event.
pub(in crate::demo) fn retire(simulation: &mut Simulation, owner: &Value, pod: &Value, component: &str) {
    delete(simulation, pod, None);
    let message = format!("Deleted pod: {}", name(pod));
    events::record(simulation, owner, Note::normal(component, "SuccessfulDelete", &message));
}

/// How many of the pods are ready, and how many have been for long enough; asks to be woken when the next one is.
pub(in crate::demo) fn tally(simulation: &mut Simulation, pods: &[Arc<Value>], min_ready: i64) -> (i64, i64) {
    let (mut ready, mut available) = (0, 0);
    for pod in pods {
        if let Some(time) = available_at(pod, min_ready) {
            ready += 1;
            if time <= simulation.now {
                available += 1;
            } else {
                simulation.wake_at(time);
            }
        }
    }
    (ready, available)
}
