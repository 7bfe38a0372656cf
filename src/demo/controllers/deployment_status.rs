//! What a Deployment says about its rollout: how many pods are there, and whether it still gets on.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::demo::json::{
    condition, count, drop_condition, name, namespace, number, put, set_condition, stamp, take, text, truth, when,
};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::deployment::{sets_of, unavailable};

/// Counts and conditions as `kubectl rollout status` reads them.
pub(super) fn report(
    simulation: &mut Simulation,
    deployment: &Value,
    is_new: impl Fn(&Arc<Value>) -> bool,
    created: Option<String>,
) {
    let Some(deployment) = simulation.objects.get(Kind::Deployment, namespace(deployment), name(deployment)) else {
        return;
    };
    let sets = sets_of(simulation, &deployment);
    let sum = |field: &str| -> i64 { sets.iter().map(|set| count(set, &format!("/status/{field}"))).sum() };
    let new = sets.iter().find(|set| is_new(set));
    let (replicas, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let updated = new.map_or(0, |set| count(set, "/status/replicas"));
    let desired = count(&deployment, "/spec/replicas");
    let failure = sets.iter().find_map(|set| condition(set, "ReplicaFailure")).cloned();
    let deadline = number(&deployment, "/spec/progressDeadlineSeconds");
    let now = simulation.now;

    let mut value = (*deployment).clone();
    let complete = updated == desired && replicas == desired && available == desired;
    let before = |field: &str| count(&deployment, &format!("/status/{field}"));
    let moved = updated > before("updatedReplicas")
        || replicas - updated < before("replicas") - before("updatedReplicas")
        || ready > before("readyReplicas")
        || available > before("availableReplicas");
    put(&mut value, "/status/observedGeneration", deployment["metadata"]["generation"].clone());
    for (field, number) in [
        ("replicas", replicas),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (desired.max(replicas) - available).max(0)),
    ] {
        if number > 0 {
            put(&mut value, &format!("/status/{field}"), json!(number));
        } else {
            take(&mut value, "/status", field);
        }
    }
    if available >= desired - unavailable(&deployment) {
        touch(&mut value, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now);
    } else {
        touch(
            &mut value,
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        );
    }
    let set = new.map_or_else(|| name(&deployment).to_owned(), |set| name(set).to_owned());
    let said = condition(&deployment, "Progressing")
        .map(|condition| text(condition, "/reason").to_owned())
        .unwrap_or_default();
    match deadline {
        None => drop_condition(&mut value, "Progressing"),
        Some(_) if created.is_some() => {
            touch(
                &mut value,
                "Progressing",
                "True",
                "NewReplicaSetCreated",
                &format!("Created new replica set \"{set}\""),
                now,
            );
        }
        Some(_) if complete => {
            touch(
                &mut value,
                "Progressing",
                "True",
                "NewReplicaSetAvailable",
                &format!("ReplicaSet \"{set}\" has successfully progressed."),
                now,
            );
        }
        Some(_) if moved => {
            touch(
                &mut value,
                "Progressing",
                "True",
                "ReplicaSetUpdated",
                &format!("ReplicaSet \"{set}\" is progressing."),
                now,
            );
            progressed(&mut value, now);
        }
        Some(seconds)
            if !truth(&deployment, "/spec/paused")
                && said != "NewReplicaSetAvailable"
                && said != "ProgressDeadlineExceeded" =>
        {
            let since = condition(&value, "Progressing")
                .and_then(|condition| when(condition, "/lastUpdateTime"))
                .unwrap_or(now);
            let due = since + TimeDelta::seconds(seconds);
            if now >= due {
                touch(
                    &mut value,
                    "Progressing",
                    "False",
                    "ProgressDeadlineExceeded",
                    &format!("ReplicaSet \"{set}\" has timed out progressing."),
                    now,
                );
            } else {
                simulation.wake_at(due);
            }
        }
        Some(_) => {}
    }
    match failure {
        Some(failure) => {
            touch(&mut value, "ReplicaFailure", "True", text(&failure, "/reason"), text(&failure, "/message"), now)
        }
        None => drop_condition(&mut value, "ReplicaFailure"),
    }
    simulation.objects.update(Kind::Deployment, value);
}

fn touch(value: &mut Value, kind: &str, status: &str, reason: &str, message: &str, now: DateTime<Utc>) {
    if set_condition(value, kind, status, reason, message, now) {
        update_time(value, kind, now);
    }
}

fn progressed(value: &mut Value, now: DateTime<Utc>) {
    update_time(value, "Progressing", now);
}

fn update_time(value: &mut Value, kind: &str, now: DateTime<Utc>) {
    let all = value.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    if let Some(condition) = all.into_iter().flatten().find(|condition| text(condition, "/type") == kind) {
        put(condition, "/lastUpdateTime", stamp(now));
    }
}
