//! The status that a kubelet writes for a pod: phase, conditions and the state of each container.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::demo::json::{items, name, namespace, put, put_default, set_condition, stamp, text, truth, uid};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::container::{Container, Ended, Stage};

/// Writes what the containers of a pod are doing into its status.
pub(super) fn write(simulation: &mut Simulation, pod: &Value, containers: &[Container]) {
    let now = simulation.now;
    let node = simulation.objects.get(Kind::Node, "", text(pod, "/spec/nodeName"));
    let host = node.as_deref().map(|node| internal_ip(node).to_owned()).unwrap_or_default();
    let address = match text(pod, "/status/podIP") {
        "" if truth(pod, "/spec/hostNetwork") => host.clone(),
        "" => free_address(simulation, pod, node.as_deref()),
        known => known.to_owned(),
    };
    let statuses: Vec<Value> = items(pod, "/spec/containers")
        .iter()
        .zip(containers)
        .map(|(spec, container)| status(pod, spec, container, now))
        .collect();
    let unready: Vec<&str> =
        statuses.iter().filter(|status| !truth(status, "/ready")).map(|status| text(status, "/name")).collect();
    let (phase, over) = phase(containers);

    let mut value = pod.clone();
    put(&mut value, "/status/phase", json!(phase));
    put(&mut value, "/status/observedGeneration", pod["metadata"]["generation"].clone());
    put_default(&mut value, "/status/startTime", stamp(now));
    put(&mut value, "/status/hostIP", json!(host));
    put(&mut value, "/status/hostIPs", json!([{ "ip": host }]));
    put(&mut value, "/status/podIP", json!(address));
    put(&mut value, "/status/podIPs", json!([{ "ip": address }]));
    for kind in ["PodReadyToStartContainers", "Initialized"] {
        set_condition(&mut value, kind, "True", "", "", now);
    }
    let (ready, reason, message) = if over {
        ("False", if phase == "Succeeded" { "PodCompleted" } else { "PodFailed" }, String::new())
    } else if unready.is_empty() {
        ("True", "", String::new())
    } else {
        ("False", "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
    };
    for kind in ["Ready", "ContainersReady"] {
        set_condition(&mut value, kind, ready, reason, &message, now);
    }
    set_condition(&mut value, "PodScheduled", "True", "", "", now);
    put(&mut value, "/status/containerStatuses", Value::Array(statuses));
    if value != *pod {
        simulation.objects.update(Kind::Pod, value);
    }
}

fn phase(containers: &[Container]) -> (&'static str, bool) {
    let ends: Vec<&Ended> = containers
        .iter()
        .filter_map(|container| if let Stage::Done(ended) = &container.stage { Some(ended) } else { None })
        .collect();
    if !containers.is_empty() && ends.len() == containers.len() {
        return (if ends.iter().all(|ended| ended.code == 0) { "Succeeded" } else { "Failed" }, true);
    }
    let never_ran = |container: &Container| !container.stage.waiting_reason().is_empty() && container.last.is_none();
    (if containers.iter().any(never_ran) { "Pending" } else { "Running" }, false)
}

fn status(pod: &Value, spec: &Value, container: &Container, now: DateTime<Utc>) -> Value {
    let image = text(spec, "/image");
    let running = matches!(container.stage, Stage::Running { .. });
    let ready = matches!(&container.stage, Stage::Running { ready, .. } if now >= *ready);
    let last = container.last.as_ref().map_or_else(
        || json!({}),
        |ended| json!({ "terminated": terminated(pod, spec, ended, container.restarts - i64::from(running)) }),
    );
    let state = match &container.stage {
        Stage::Running { since, .. } => json!({ "running": { "startedAt": stamp(*since) } }),
        Stage::Done(ended) => {
            json!({ "terminated": terminated(pod, spec, ended, container.restarts) })
        }
        waiting => {
            let mut state = json!({ "reason": waiting.waiting_reason() });
            let message = message(pod, spec, waiting);
            if !message.is_empty() {
                state["message"] = json!(message);
            }
            json!({ "waiting": state })
        }
    };
    let mut status = json!({
        "name": spec["name"], "image": image, "ready": ready, "started": running, "restartCount": container.restarts,
        "imageID": "", "state": state, "lastState": last,
    });
    if running || container.last.is_some() || matches!(container.stage, Stage::Done(_)) {
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        put(&mut status, "/imageID", json!(format!("{repository}@sha256:{}", names::hex(image))));
        put(&mut status, "/containerID", json!(container_id(pod, spec, container.restarts)));
    }
    status
}

fn container_id(pod: &Value, spec: &Value, run: i64) -> String {
    format!("containerd://{}", names::hex(&format!("{}/{}/{run}", uid(pod), text(spec, "/name"))))
}

fn terminated(pod: &Value, spec: &Value, ended: &Ended, run: i64) -> Value {
    json!({
        "exitCode": ended.code, "reason": ended.reason, "startedAt": stamp(ended.started), "finishedAt": stamp(ended.finished),
        "containerID": container_id(pod, spec, run),
    })
}

fn message(pod: &Value, spec: &Value, stage: &Stage) -> String {
    let image = text(spec, "/image");
    match stage {
        Stage::PullFailed { backing_off, .. } => {
            let resolve = format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
            );
            let error = format!("rpc error: code = NotFound desc = {resolve}");
            if *backing_off { format!("Back-off pulling image \"{image}\": ErrImagePull: {error}") } else { error }
        }
        Stage::Unconfigured { problem, .. } => problem.clone(),
        Stage::Backoff { pause, .. } => {
            let container = text(spec, "/name");
            format!(
                "back-off {} restarting failed container={container} pod={}_{}({})",
                go_duration(*pause),
                name(pod),
                namespace(pod),
                uid(pod)
            )
        }
        Stage::Pulling { .. } | Stage::Unmounted { .. } | Stage::Running { .. } | Stage::Done(_) => String::new(),
    }
}

/// `10s`, `1m20s`, `5m0s`: as Go prints durations.
fn go_duration(seconds: i64) -> String {
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

fn internal_ip(node: &Value) -> &str {
    let addresses = items(node, "/status/addresses");
    addresses
        .iter()
        .find(|address| text(address, "/type") == "InternalIP")
        .map(|address| text(address, "/address"))
        .unwrap_or_default()
}

/// The next address of the node's range that no pod has.
fn free_address(simulation: &Simulation, pod: &Value, node: Option<&Value>) -> String {
    let range = node.map(|node| text(node, "/spec/podCIDR")).unwrap_or_default();
    let prefix = range.rsplit_once('.').map_or("10.244.0", |(prefix, _)| prefix);
    let taken: Vec<String> =
        simulation.objects.all(Kind::Pod).iter().map(|pod| text(pod, "/status/podIP").to_owned()).collect();
    let first = names::number(uid(pod), 250);
    let all = (0..250).map(|step| format!("{prefix}.{}", (first + step) % 250 + 2));
    all.into_iter().find(|address| !taken.contains(address)).unwrap_or_default()
}
