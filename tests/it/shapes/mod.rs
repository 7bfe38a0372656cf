//! The demo cannot lie: whatever the bot asks a cluster for in any test, `tests/data/shapes.jsonl`, is asked of the demo and of
//! a real API server that holds the same objects in the same trouble, and the answers are alike in all that the bot reads.

mod cases;
mod fields;
mod place;
mod seed;
mod sides;
mod values;

use crate::world::PATIENCE;
use cases::{Both, Case};
use std::{collections::BTreeMap, time::Duration};

/// Where the demo is not like a real cluster, and why it need not be: the resource, what differs, the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "events",
        "/items/*/involvedObject/fieldPath: demo \"string\", real \"\"",
        "a kubelet names the container, kwok does not",
    ),
    ("persistentvolumes", "status/lastPhaseTransitionTime: demo \"\"", "the demo's volumes do not change their phase"),
    ("apiservices", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("clusterrolebindings", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("clusterroles", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("customresourcedefinitions", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("rolebindings", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("roles", "/items/*: demo \"\"", "the demo serves the list and holds none"),
    ("leases", "/items/*/metadata/", "a kubelet owns and labels its lease, which nobody reads"),
    ("statefulsets", "spec/volumeMode: demo \"\"", "the demo fills in no defaults of a claim inside of a template"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_answers_as_a_real_api_server_does() {
    let both = Both::start().await;
    let cases = both.cases().await;
    let mut open: Vec<(&Case, Vec<String>)> = cases.iter().map(|case| (case, Vec::new())).collect();
    let mut excepted = Vec::new();
    // Controllers and kubelets need their time: what differs is asked again.
    let asking = async {
        let mut every = tokio::time::interval(Duration::from_millis(500));
        while !open.is_empty() {
            every.tick().await;
            for (case, found) in &mut open {
                *found = both.differences(case).await;
                found.retain(|difference| {
                    let known = EXCEPTIONS
                        .iter()
                        .position(|(resource, what, _)| case.resource() == *resource && difference.contains(what));
                    excepted.extend(known);
                    known.is_none()
                });
            }
            open.retain(|(_, found)| !found.is_empty());
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (case, found) in &open {
        for difference in found {
            told.entry(format!("{} {difference}", case.resource())).or_default().push(case.label());
        }
    }
    let lines: Vec<String> = told.iter().map(|(what, cases)| format!("{what}\n    {}", cases.join("\n    "))).collect();
    assert!(lines.is_empty(), "{} of {} cases differ\n{}", open.len(), cases.len(), lines.join("\n"));
    for (at, (resource, what, _)) in EXCEPTIONS.iter().enumerate() {
        assert!(excepted.contains(&at), "no longer needed: {resource} {what}");
    }
}
