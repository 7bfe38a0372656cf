//! Quotas: what a namespace uses, computed from its pods, and the admission of one more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::demo::json::{map, name, namespace, put};
use crate::demo::quantity::{milli, show};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::{pods, scheduler};

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for quota in simulation.objects.list(Kind::ResourceQuota, Some(within)) {
        let used = used(simulation, &quota);
        simulation.objects.edit(Kind::ResourceQuota, namespace(&quota), name(&quota), |quota| {
            let hard = quota["spec"]["hard"].clone();
            put(quota, "/status/hard", hard);
            let shown: serde_json::Map<String, Value> =
                used.iter().map(|(resource, amount)| (resource.clone(), json!(show(resource, *amount)))).collect();
            put(quota, "/status/used", Value::Object(shown));
        });
    }
}

/// What one pod counts for a quota's resource, in thousandths.
fn share(pod: &Value, resource: &str) -> i64 {
    let requests = scheduler::requests(pod);
    let limits = scheduler::sums(pod, "/resources/limits");
    let of = |map: &BTreeMap<String, i64>, resource: &str| map.get(resource).copied().unwrap_or_default();
    match resource {
        "pods" | "count/pods" => 1000,
        "cpu" | "memory" => of(&requests, resource),
        other => match (other.strip_prefix("requests."), other.strip_prefix("limits.")) {
            (Some(resource), _) => of(&requests, resource),
            (None, Some(resource)) => of(&limits, resource),
            (None, None) => 0,
        },
    }
}

fn used(simulation: &Simulation, quota: &Value) -> BTreeMap<String, i64> {
    let pods = simulation.objects.list(Kind::Pod, Some(namespace(quota)));
    let counted: Vec<_> = pods.iter().filter(|pod| !pods::finished(pod)).collect();
    let hard = map(quota, "/spec/hard").into_iter().flatten();
    hard.map(|(resource, _)| (resource.clone(), counted.iter().map(|pod| share(pod, resource)).sum())).collect()
}

/// Whether the quotas of its namespace have room for a pod; if not, the API server's words for it.
pub(in crate::demo) fn admit(simulation: &Simulation, pod: &Value) -> Result<(), String> {
    for quota in simulation.objects.list(Kind::ResourceQuota, Some(namespace(pod))) {
        let used = used(simulation, &quota);
        let (mut asked, mut have, mut most) = (Vec::new(), Vec::new(), Vec::new());
        for (resource, limit) in map(&quota, "/spec/hard").into_iter().flatten() {
            let (wants, uses, limit) = (
                share(pod, resource),
                used.get(resource).copied().unwrap_or_default(),
                milli(limit).unwrap_or_default(),
            );
            if wants > 0 && uses + wants > limit {
                asked.push(format!("{resource}={}", show(resource, wants)));
                have.push(format!("{resource}={}", show(resource, uses)));
                most.push(format!("{resource}={}", show(resource, limit)));
            }
        }
        if !asked.is_empty() {
            let name = name(&quota);
            return Err(format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                asked.join(","),
                have.join(","),
                most.join(",")
            ));
        }
    }
    Ok(())
}
