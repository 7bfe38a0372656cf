//! The scheduler: a node for every pod that fits one, and the real scheduler's words for those that fit none.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::events::{self, Note};
use crate::demo::json::{
    condition, deleting, items, map, name, namespace, owned_by, put, set_condition, text, truth, uid,
};
use crate::demo::quantity::milli;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

const COMPONENT: &str = "default-scheduler";
/// How often a pod that fits nowhere is tried again, and its event repeated.
const RETRY: TimeDelta = TimeDelta::minutes(5);

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    for pod in simulation.objects.all(Kind::Pod) {
        if text(&pod, "/spec/nodeName").is_empty() && !deleting(&pod) && !pods::finished(&pod) {
            schedule(simulation, &pod);
        }
    }
}

fn schedule(simulation: &mut Simulation, pod: &Value) {
    if let Some((version, due)) = simulation.refused.get(uid(pod)).copied()
        && due > simulation.now
        && version >= simulation.objects.room_made()
    {
        return simulation.wake_at(due);
    }
    let nodes = simulation.objects.all(Kind::Node);
    match place(simulation, pod, &nodes) {
        Ok(node) => {
            simulation.refused.remove(uid(pod));
            let message = format!("Successfully assigned {}/{} to {node}", namespace(pod), name(pod));
            let now = simulation.now;
            simulation.objects.edit(Kind::Pod, namespace(pod), name(pod), |pod| {
                put(pod, "/spec/nodeName", json!(node));
                set_condition(pod, "PodScheduled", "True", "", "", now);
            });
            events::record(simulation, pod, Note::normal(COMPONENT, "Scheduled", &message).doing("Binding"));
        }
        Err(message) => {
            let now = simulation.now;
            simulation.objects.edit(Kind::Pod, namespace(pod), name(pod), |pod| {
                set_condition(pod, "PodScheduled", "False", "Unschedulable", &message, now);
            });
            let said = condition(pod, "PodScheduled").is_some_and(|condition| text(condition, "/message") == message);
            let known = simulation.refused.get(uid(pod)).map(|(_, due)| *due);
            let due = match known.filter(|due| said && *due > now) {
                Some(due) => due,
                None => {
                    let note = Note::warning(COMPONENT, "FailedScheduling", &message).doing("Scheduling");
                    events::record(simulation, pod, note);
                    now + RETRY
                }
            };
            let version = simulation.objects.version();
            simulation.refused.insert(uid(pod).to_owned(), (version, due));
            simulation.wake_at(due);
        }
    }
}

/// The best node, or why there is none.
fn place(simulation: &Simulation, pod: &Value, nodes: &[Arc<Value>]) -> Result<String, String> {
    if let Some(problem) = claims(simulation, pod) {
        return Err(nowhere(nodes.len(), &[(problem, nodes.len())], nodes.len(), 0, false));
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut hopeless, mut full) = (0, 0);
    let mut best: Option<((Reverse<usize>, i64), &str)> = None;
    for node in nodes {
        match filter(simulation, pod, node) {
            Fit::Yes { siblings, free } => {
                let score = (Reverse(siblings), free);
                if best.is_none_or(|(most, _)| score > most) {
                    best = Some((score, name(node)));
                }
            }
            Fit::Never(reason) => {
                hopeless += 1;
                *reasons.entry(reason).or_default() += 1;
            }
            Fit::Full(short) => {
                full += 1;
                for reason in short {
                    *reasons.entry(reason).or_default() += 1;
                }
            }
        }
    }
    if let Some((_, node)) = best {
        return Ok(node.to_owned());
    }
    let reasons: Vec<(String, usize)> = reasons.into_iter().collect();
    Err(nowhere(nodes.len(), &reasons, hopeless, full, true))
}

/// `0/4 nodes are available: …` as the real scheduler writes it, with its verdict on preemption.
fn nowhere(nodes: usize, reasons: &[(String, usize)], hopeless: usize, full: usize, counted: bool) -> String {
    let mut parts: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| if counted { format!("{count} {reason}") } else { reason.clone() })
        .collect();
    parts.sort();
    let mut preemption = Vec::new();
    if full > 0 {
        preemption.push(format!("{full} No preemption victims found for incoming pod"));
    }
    if hopeless > 0 {
        preemption.push(format!("{hopeless} Preemption is not helpful for scheduling"));
    }
    format!(
        "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {}.",
        parts.join(", "),
        preemption.join(", ")
    )
}

fn claims(simulation: &Simulation, pod: &Value) -> Option<String> {
    for volume in items(pod, "/spec/volumes") {
        let claim = text(volume, "/persistentVolumeClaim/claimName");
        if claim.is_empty() {
            continue;
        }
        let Some(found) = simulation.objects.get(Kind::PersistentVolumeClaim, namespace(pod), claim) else {
            return Some(format!("persistentvolumeclaim \"{claim}\" not found"));
        };
        if text(&found, "/status/phase") != "Bound" && !super::volume::waits_for_consumer(simulation, &found) {
            return Some("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
    }
    None
}

enum Fit {
    /// How many pods of the same owner are there already, and what memory is free after the pod: the node with the fewest
    /// wins, then the emptiest.
    Yes { siblings: usize, free: i64 },
    /// No eviction would help.
    Never(String),
    /// What there is too little of.
    Full(Vec<String>),
}

fn filter(simulation: &Simulation, pod: &Value, node: &Value) -> Fit {
    if truth(node, "/spec/unschedulable") {
        return Fit::Never("node(s) were unschedulable".to_owned());
    }
    if let Some(taint) = untolerated(&pod["spec"], node, false) {
        return Fit::Never(format!(
            "node(s) had untolerated taint(s) {{{}: {}}}",
            text(taint, "/key"),
            text(taint, "/value")
        ));
    }
    if !selected(&pod["spec"], node) {
        return Fit::Never("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    let used = on_node(simulation, name(node));
    let asked = requests(pod);
    let mut short = Vec::new();
    let mut free_memory = 0;
    for resource in ["cpu", "memory"] {
        let allocatable = milli(&node["status"]["allocatable"][resource]).unwrap_or_default();
        let taken: i64 = used.iter().map(|pod| requests(pod).get(resource).copied().unwrap_or_default()).sum();
        let wanted = asked.get(resource).copied().unwrap_or_default();
        if wanted > 0 && taken + wanted > allocatable {
            short.push(format!("Insufficient {resource}"));
        }
        free_memory = allocatable - taken - wanted;
    }
    let places = milli(&node["status"]["allocatable"]["pods"]).unwrap_or(110_000) / 1000;
    if i64::try_from(used.len()).unwrap_or(i64::MAX) >= places {
        short.push("Too many pods".to_owned());
    }
    if !short.is_empty() {
        return Fit::Full(short);
    }
    let owner = text(pod, "/metadata/ownerReferences/0/uid");
    let siblings = used.iter().filter(|other| !owner.is_empty() && owned_by(other, owner)).count();
    Fit::Yes { siblings, free: free_memory }
}

fn on_node(simulation: &Simulation, node: &str) -> Vec<Arc<Value>> {
    let mut pods = simulation.objects.all(Kind::Pod);
    pods.retain(|pod| text(pod, "/spec/nodeName") == node && !pods::finished(pod));
    pods
}

/// What a pod asks for, in thousandths.
pub(super) fn requests(pod: &Value) -> BTreeMap<String, i64> {
    sums(pod, "/resources/requests")
}

/// The sums of a resource map over the containers of a pod, in thousandths.
pub(super) fn sums(pod: &Value, path: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for container in items(pod, "/spec/containers") {
        for (resource, amount) in map(container, path).into_iter().flatten() {
            *sums.entry(resource.clone()).or_default() += milli(amount).unwrap_or_default();
        }
    }
    sums
}

/// The first taint that keeps a pod off a node; for daemons only those that would also evict, or that they do not know.
pub(super) fn untolerated<'a>(spec: &Value, node: &'a Value, daemon: bool) -> Option<&'a Value> {
    items(node, "/spec/taints").iter().find(|taint| {
        let effect = text(taint, "/effect");
        let own_failure = text(taint, "/key").starts_with("node.kubernetes.io/");
        (effect == "NoSchedule" || effect == "NoExecute") && !(daemon && own_failure) && !tolerates(spec, taint)
    })
}

/// Whether a pod tolerates a taint, for however long.
pub(super) fn tolerates(spec: &Value, taint: &Value) -> bool {
    items(spec, "/tolerations").iter().any(|toleration| toleration_covers(toleration, taint))
}

pub(super) fn toleration_covers(toleration: &Value, taint: &Value) -> bool {
    let (key, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
    let value_fits = text(toleration, "/operator") == "Exists" || text(toleration, "/value") == text(taint, "/value");
    (key.is_empty() || key == text(taint, "/key"))
        && (effect.is_empty() || effect == text(taint, "/effect"))
        && value_fits
}

/// Whether a node has the labels that a pod's nodeSelector asks for.
pub(super) fn selected(spec: &Value, node: &Value) -> bool {
    let labels = map(node, "/metadata/labels");
    map(spec, "/nodeSelector")
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}
