//! What the logs of failing containers say.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting};
use crate::finding::{Evidence, Severity};
use crate::snapshot::LogErrors;
use crate::snapshot::Resource::{LogErrors as Logs, Pods};
use crate::texts::findings::pod as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/log-errors"),
    kind: "Pod",
    severity: Severity::Low,
    set: Set::Extra,
    data: &[(Logs, Walked), (Pods, Detail)],
    gate: None,
    means: "A container that fails also writes down errors: mostly they say why.",
    advice: "Read the lines around it in the log.",
    find: log_errors,
}];

pub(super) fn log_errors(scene: &Scene<'_>) -> Vec<Draft> {
    let logs = scene.snapshot.log_errors.iter().filter(|log| log.errors > 0);
    let sightings = logs.filter_map(|what| {
        let id = scene.graph.find("Pod", &what.meta.namespace, &what.meta.name)?;
        let container = Some(what.container.as_str()).filter(|name| !name.is_empty());
        scene.graph.as_pod(id).map(|pod| Sighting { pod, container, what })
    });
    let draft = |group: Group<'_, &LogErrors>| {
        let log = group.most(|sighting| sighting.what.errors)?.what;
        let mut evidence = vec![Evidence::new("errors in the log", format!("{} / {}", log.errors, log.lines))];
        if !log.sample.is_empty() {
            evidence.push(Evidence::new("log", &*log.sample));
        }
        let title = texts::log_errors(log.errors, log.lines, &log.sample);
        Some(group.draft(Severity::Low, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}
