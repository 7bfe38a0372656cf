//! The demo cannot lie: whatever the bot asks a cluster for in any test, `tests/data/shapes.jsonl`, is asked of the demo and of
//! a real API server that holds the same objects in the same trouble, and the answers are alike in all that the bot reads.

mod cases;
mod fields;
mod place;
mod seed;
mod sides;
mod values;

pub(crate) use place::Way;

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
    ("leases", "/items/*/metadata/labels", "kwok labels the lease of a node, a kubelet does not"),
    (
        "ingresses",
        "/status/loadBalancer/ingress/*/ip: demo \"string\", real \"\"",
        "no controller of Ingresses runs beside the real API server",
    ),
    ("apiservices", NONE, SERVED),
    ("clusterrolebindings", NONE, SERVED),
    ("clusterroles", NONE, SERVED),
    ("customresourcedefinitions", NONE, SERVED),
    ("rolebindings", NONE, SERVED),
    ("roles", NONE, SERVED),
];
const NONE: &str = "/items/*: demo \"\"";
const SERVED: &str = "the demo serves the list and holds none";

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

/// A test that lets a bot ask a cluster, and nobody looks what it asked, would leave shapes out.
#[test]
fn every_test_that_asks_a_cluster_is_watched() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("tests/it"), root.join("src")];
    let (mut seen, mut unwatched) = (0, Vec::new());
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.ends_with(file!()) || path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let asks = ["ControlPlane::shared()", "plane().await", "Demo::start("].iter().any(|word| text.contains(word));
        let watched = ["Covered", "Kubeconfig::of(", "World"].iter().any(|word| text.contains(word));
        seen += usize::from(asks && watched);
        // The demo's own tests ask it for more than the bot does; its command is no test.
        // What compares the answers brings shapes of its own making.
        let own = ["src/demo/tests", "src/cli/demo.rs", "tests/it/shapes/cases.rs"]
            .iter()
            .any(|own| path.starts_with(root.join(own)));
        if (asks && !watched && !own) || text.contains("let (cluster, _) =") {
            unwatched.push(path);
        }
    }
    assert!(seen > 5 && unwatched.is_empty(), "{seen} are, these are not: {unwatched:#?}");
}
