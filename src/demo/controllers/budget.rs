//! Disruption budgets: how many of their pods are healthy, how many have to be, and how many may go.

use serde_json::{Value, json};

use crate::demo::json::{count, deleting, map, name, namespace, number, put, set_condition, text, uid};
use crate::demo::resources::Kind;
use crate::demo::select::selects;
use crate::demo::simulation::Simulation;

use super::pods;

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for budget in simulation.objects.list(Kind::PodDisruptionBudget, Some(within)) {
        report(simulation, &budget);
    }
}

fn report(simulation: &mut Simulation, budget: &Value) {
    let mut mine = simulation.objects.list(Kind::Pod, Some(namespace(budget)));
    mine.retain(|pod| selects(map(budget, "/spec/selector/matchLabels"), pod) && pods::active(pod));
    let (expected, desired) = match number(budget, "/spec/minAvailable") {
        Some(least) => (i64::try_from(mine.len()).unwrap_or_default(), least),
        None => {
            let expected = wanted(simulation, budget, &mine);
            let share = |field: &str| budget.pointer(&format!("/spec/{field}")).map(|value| portion(value, expected));
            let least = share("minAvailable");
            (expected, least.or(share("maxUnavailable").map(|most| (expected - most).max(0))).unwrap_or_default())
        }
    };
    let healthy = i64::try_from(mine.iter().filter(|pod| pods::ready(pod)).count()).unwrap_or_default();
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let now = simulation.now;
    simulation.objects.edit(Kind::PodDisruptionBudget, namespace(budget), name(budget), |budget| {
        let generation = budget["metadata"]["generation"].clone();
        let (status, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        set_condition(budget, "DisruptionAllowed", status, reason, "", now);
        for (field, value) in [
            ("/status/observedGeneration", generation.clone()),
            ("/status/currentHealthy", json!(healthy)),
            ("/status/desiredHealthy", json!(desired)),
            ("/status/expectedPods", json!(expected)),
            ("/status/disruptionsAllowed", json!(allowed)),
        ] {
            put(budget, field, value);
        }
        // This kind's conditions say more than those of older APIs, and say an empty message.
        if let Some(condition) = budget.pointer_mut("/status/conditions/0") {
            put(condition, "/message", json!(""));
            put(condition, "/observedGeneration", generation);
        }
    });
}

/// The pods that the controllers of these pods want.
fn wanted(simulation: &Simulation, budget: &Value, mine: &[std::sync::Arc<Value>]) -> i64 {
    let owners = [Kind::ReplicaSet, Kind::StatefulSet].into_iter().flat_map(|kind| {
        let all = simulation.objects.list(kind, Some(namespace(budget)));
        all.into_iter().filter(|owner| mine.iter().any(|pod| crate::demo::json::owned_by(pod, uid(owner))))
    });
    owners.filter(|owner| !deleting(owner)).map(|owner| count(&owner, "/spec/replicas")).sum()
}

/// A number, or a percentage of all, rounded up.
fn portion(value: &Value, all: i64) -> i64 {
    let percent = text(value, "").strip_suffix('%').and_then(|percent| percent.parse::<i64>().ok());
    percent.map_or_else(|| value.as_i64().unwrap_or_default(), |percent| (all * percent + 99) / 100)
}
