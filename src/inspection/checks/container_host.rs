//! Pods that reach into their node: its namespaces, its files.

use super::check::row::*;
use super::scene::{Draft, Scene, is_system};
use super::templates::{Flaw, READS, Template, flaws};
use crate::finding::Severity;
use crate::texts::findings::container as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("container/host-namespaces"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "The pod sees the node's network, processes or shared memory as if it ran beside them; NetworkPolicies do not hold it.",
        advice: "Take it away unless the pod is an agent of the node.",
        find: host_namespaces,
    },
    Check {
        id: CheckId::new("container/host-path"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "Who can write the node's files, or talk to its container runtime, has the node.",
        advice: "Use a volume of the cluster; if it has to be the node's, mount only what is needed, read-only.",
        find: host_path,
    },
];

pub(super) fn host_namespaces(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let spec = template.spec;
        let shared = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
        let shared = shared.into_iter().filter(|(_, shared)| *shared && !is_system(template.namespace()));
        let flaw = |(field, _): (&str, bool)| Flaw {
            container: None,
            named: field.to_owned(),
            facts: vec![(field.to_owned(), "true".to_owned())],
        };
        shared.map(flaw).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, |_, named| texts::host_namespaces(named))
}

/// What gives the node away even when it is only read.
const SENSITIVE: &[&str] =
    &["/", "/etc", "/etc/kubernetes", "/root", "/run", "/var/run", "/run/containerd", "/var/lib/kubelet"];

/// By these one talks to the container runtime.
const SOCKETS: &[&str] = &["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock"];

pub(super) fn host_path(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let volumes = template.spec.volumes.iter().filter(|_| !is_system(template.namespace()));
        let paths: HashMap<&str, &str> = volumes
            .filter_map(|volume| Some((volume.name.as_str(), volume.host_path.as_ref()?.path.as_str())))
            .collect();
        let mounts =
            template.all().flat_map(|place| place.container.volume_mounts.iter().map(move |mount| (place, mount)));
        let bad = mounts.filter_map(|(place, mount)| {
            let path = *paths.get(mount.name.as_str())?;
            let bare = if path.len() > 1 { path.trim_end_matches('/') } else { path };
            let sensitive =
                SENSITIVE.contains(&bare) || SOCKETS.iter().any(|socket| bare.rsplit('/').next() == Some(socket));
            let says = if mount.read_only { texts::read_only(path) } else { texts::writable(path) };
            let field = format!("volumeMounts[{}]", mount.name);
            (sensitive || !mount.read_only).then(|| place.flaw(path, &field, says))
        });
        bad.collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, |_, paths| texts::host_path(paths))
}
