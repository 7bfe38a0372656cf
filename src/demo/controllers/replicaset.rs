//! ReplicaSets: as many pods as asked for, unless a quota says no; a refusal is tried again after a pause.

use serde_json::{Value, json};

use crate::demo::json::{condition, count, drop_condition, name, namespace, put, set_condition, take, text, when};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

const COMPONENT: &str = "replicaset-controller";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for set in simulation.objects.list(Kind::ReplicaSet, Some(within)) {
        reconcile(simulation, &set);
    }
}

fn reconcile(simulation: &mut Simulation, set: &Value) {
    let wanted = count(set, "/spec/replicas");
    let mut mine = pods::of(simulation, set);
    mine.retain(|pod| pods::active(pod));
    let have = i64::try_from(mine.len()).unwrap_or(i64::MAX);
    let mut refusal = None;
    if have < wanted {
        for _ in have..wanted {
            let pod = pods::from_template(set, &set["spec"]["template"], &pods::next_name(simulation, set));
            if !pods::may_create(simulation, set, &pod) {
                break;
            }
            if let Err(why) = pods::create(simulation, set, pod, COMPONENT) {
                refusal = Some(why);
                break;
            }
        }
    } else if have > wanted {
        // The pods that are worth least go first: not scheduled, not ready, youngest.
        mine.sort_by_key(|pod| {
            (
                !text(pod, "/spec/nodeName").is_empty(),
                pods::ready(pod),
                std::cmp::Reverse(when(pod, "/metadata/creationTimestamp")),
            )
        });
        let surplus = usize::try_from(have - wanted).unwrap_or_default();
        for pod in mine.iter().take(surplus) {
            pods::retire(simulation, set, pod, COMPONENT);
        }
    }
    report(simulation, set, wanted, refusal);
}

fn report(simulation: &mut Simulation, set: &Value, wanted: i64, refusal: Option<String>) {
    let mut mine = pods::of(simulation, set);
    mine.retain(|pod| pods::active(pod));
    let (ready, available) = pods::tally(simulation, &mine, count(set, "/spec/minReadySeconds"));
    let have = i64::try_from(mine.len()).unwrap_or(i64::MAX);
    let now = simulation.now;
    simulation.objects.edit(Kind::ReplicaSet, namespace(set), name(set), |set| {
        let generation = set["metadata"]["generation"].clone();
        put(set, "/status/observedGeneration", generation);
        put(set, "/status/replicas", json!(have));
        put(set, "/status/fullyLabeledReplicas", json!(have));
        for (field, value) in [("readyReplicas", ready), ("availableReplicas", available)] {
            if value > 0 {
                put(set, &format!("/status/{field}"), json!(value));
            } else {
                take(set, "/status", field);
            }
        }
        match refusal {
            // The message names the pod that was tried, so it is kept from the first time: a new one each time would be noise.
            Some(why) if condition(set, "ReplicaFailure").is_none() => {
                set_condition(set, "ReplicaFailure", "True", "FailedCreate", &why, now);
            }
            Some(_) => {}
            None if have >= wanted => drop_condition(set, "ReplicaFailure"),
            None => {}
        }
    });
}
