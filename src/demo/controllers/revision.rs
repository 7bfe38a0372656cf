//! ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, so that an undo can go back to one.

use serde_json::{Value, json};

use crate::demo::json::{count, map, name, namespace, owned_by, put, uid};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for (kind, label) in
        [(Kind::StatefulSet, "controller.kubernetes.io~1hash"), (Kind::DaemonSet, "controller-revision-hash")]
    {
        for set in simulation.objects.list(kind, Some(within)) {
            note(simulation, &set, label);
        }
    }
}

/// Makes the set's template its newest revision; one that was there before moves to the top.
fn note(simulation: &mut Simulation, set: &Value, label: &str) {
    let template = &set["spec"]["template"];
    let hash = names::template_hash(template);
    let own = format!("{}-{hash}", name(set));
    let mut known = simulation.objects.list(Kind::ControllerRevision, Some(namespace(set)));
    known.retain(|revision| owned_by(revision, uid(set)));
    let newest = known.iter().map(|revision| count(revision, "/revision")).max().unwrap_or_default();
    if let Some(revision) = known.iter().find(|revision| name(revision) == own) {
        if count(revision, "/revision") < newest {
            simulation.objects.edit(Kind::ControllerRevision, namespace(set), &own, |revision| {
                put(revision, "/revision", json!(newest + 1));
            });
        }
        return;
    }
    let mut labels = json!(map(template, "/metadata/labels"));
    put(&mut labels, &format!("/{label}"), json!(hash));
    let mut template = template.clone();
    put(&mut template, "/$patch", json!("replace"));
    let revision = json!({
        "metadata": {
            "name": own, "namespace": namespace(set), "labels": labels, "ownerReferences": [pods::owner_reference(set)],
        },
        "data": { "spec": { "template": template } },
        "revision": newest + 1,
    });
    let now = simulation.now;
    simulation.objects.insert(Kind::ControllerRevision, revision, now);
}
