//! Whether Kubernetes can tell that a container lives and serves.

use super::check::row::*;
use super::scene::{Draft, Scene};
use super::templates::{Flaw, Place, READS, Template, flaws};
use crate::finding::Severity;
use crate::snapshot::Resource::{CronJobs, DaemonSets, Deployments, Jobs, Pods, Services, StatefulSets};
use crate::snapshot::{IntOrString, Probe, Service, selects};
use crate::texts::findings::container as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("container/no-probes"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "A container that hangs is neither restarted nor taken out of its Services.",
        advice: "Give it a readiness probe that asks whether it can serve; a liveness probe only for what a restart cures.",
        find: no_probes,
    },
    Check {
        id: CheckId::new("container/no-liveness"),
        kind: "Container",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "A container that hangs is not restarted.",
        advice: "Give it a liveness probe, if a restart would cure what can go wrong.",
        find: no_liveness,
    },
    Check {
        id: CheckId::new("container/no-readiness"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[
            (Pods, Walked),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
            (CronJobs, Walked),
            (Jobs, Walked),
            (Services, Walked),
        ],
        gate: None,
        means: "The Service sends to the pod as soon as it starts and while it hangs: callers get errors in every rollout.",
        advice: "Give it a readiness probe that asks whether it can serve.",
        find: no_readiness,
    },
    Check {
        id: CheckId::new("container/liveness-equals-readiness"),
        kind: "Container",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "A container that is only busy is restarted at the moment when it is taken out of its Services.",
        advice: "Let liveness ask less, or fail later, than readiness.",
        find: liveness_equals_readiness,
    },
    Check {
        id: CheckId::new("container/port-style"),
        kind: "Container",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "Probes and Services that name a port by its number break when the number changes.",
        advice: "Name the ports, and refer to them by name.",
        find: port_style,
    },
];

/// The containers whose probes matter: what ends by itself needs none, nor does what runs beside the pod's own.
fn probed<'a>(template: &Template<'a>) -> impl Iterator<Item = Place<'a>> + use<'a> {
    let ends = template.ends();
    template.own().filter(move |_| !ends)
}

fn lacks<'a>(template: &Template<'a>, which: &[&str], is: impl Fn(&Place<'a>) -> bool) -> Vec<Flaw> {
    let facts = || which.iter().map(|probe| (*probe, texts::absent()));
    probed(template).filter(is).map(|place| place.flaws(&*place.container.name, facts())).collect()
}

pub(super) fn no_probes(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        lacks(template, &["livenessProbe", "readinessProbe"], |place| {
            place.container.liveness_probe.is_none() && place.container.readiness_probe.is_none()
        })
    };
    flaws(scene, Severity::Low, look, texts::no_probes)
}

pub(super) fn no_liveness(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        lacks(template, &["livenessProbe"], |place| {
            place.container.liveness_probe.is_none() && place.container.readiness_probe.is_some()
        })
    };
    flaws(scene, Severity::Info, look, texts::no_liveness)
}

pub(super) fn no_readiness(scene: &Scene<'_>) -> Vec<Draft> {
    // Under one pair of each selector: who fits a selector carries all of its pairs.
    let mut services: HashMap<(&str, &str, &str), Vec<&Service>> = HashMap::new();
    for service in &scene.snapshot.services {
        let matters = service.spec.type_ != "ExternalName" && !service.spec.publish_not_ready_addresses;
        if let Some((key, value)) = service.spec.selector.iter().next().filter(|_| matters) {
            services.entry((&service.meta.namespace, key, value)).or_default().push(service);
        }
    }
    let look = |template: &Template<'_>| {
        let pairs = template.labels.iter();
        let possible = pairs.filter_map(|(key, value)| services.get(&(template.namespace(), &**key, &**value)));
        let service = possible.flatten().find(|service| selects(&service.spec.selector, template.labels));
        let Some(service) = service else { return Vec::new() };
        let mut lacking = lacks(template, &["readinessProbe"], |place| {
            place.container.readiness_probe.is_none() && place.container.liveness_probe.is_some()
        });
        for flaw in &mut lacking {
            flaw.facts.push((texts::behind().to_owned(), service.meta.name.as_str().to_owned()));
        }
        lacking
    };
    flaws(scene, Severity::Low, look, texts::no_readiness)
}

pub(super) fn liveness_equals_readiness(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let same = probed(template).filter_map(|place| {
            let (liveness, readiness) =
                (place.container.liveness_probe.as_deref()?, place.container.readiness_probe.as_deref()?);
            let flaw = || place.flaw(&*place.container.name, "livenessProbe", asks(liveness));
            is_same(liveness, readiness).then(flaw)
        });
        same.collect::<Vec<_>>()
    };
    flaws(scene, Severity::Info, look, texts::liveness_equals_readiness)
}

/// Whether both ask the same and give up at the same time.
fn is_same(a: &Probe, b: &Probe) -> bool {
    let asks = |probe: &Probe| {
        let Probe { http_get, tcp_socket, grpc, exec, .. } = probe;
        (http_get.clone(), tcp_socket.clone(), grpc.clone(), exec.clone())
    };
    let times = |probe: &Probe| (probe.period_seconds, probe.timeout_seconds, probe.failure_threshold);
    times(a) == times(b) && asks(a) == asks(b)
}

/// What a probe asks, without what may be secret.
fn asks(probe: &Probe) -> String {
    match (&probe.http_get, &probe.tcp_socket, &probe.grpc) {
        (Some(http), ..) => texts::http(&http.path, &http.port.to_string()),
        (_, Some(tcp), _) => texts::tcp(&tcp.port.to_string()),
        (.., Some(grpc)) => texts::grpc(grpc.port),
        (None, None, None) => texts::exec(),
    }
}

pub(super) fn port_style(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let styled = template.lasting().flat_map(|place| {
            let ports = place.container.ports.iter().filter(|port| port.name.is_empty());
            let unnamed = ports.map(|port| (texts::unnamed(port.container_port), "ports", port.container_port));
            let probes = [
                ("livenessProbe", &place.container.liveness_probe),
                ("readinessProbe", &place.container.readiness_probe),
                ("startupProbe", &place.container.startup_probe),
            ];
            let numbers = probes.into_iter().filter_map(|(field, probe)| Some((field, number(probe.as_deref()?)?)));
            let numbers = numbers.map(|(field, port)| (texts::by_number(field, port), field, port));
            let each = unnamed.chain(numbers);
            each.map(|(named, field, port)| place.flaw(named, field, port.to_string())).collect::<Vec<_>>()
        });
        styled.collect::<Vec<_>>()
    };
    flaws(scene, Severity::Info, look, |_, named| texts::port_style(named))
}

/// The port of a probe that is given by its number.
fn number(probe: &Probe) -> Option<i32> {
    let http = probe.http_get.as_ref().map(|http| &http.port);
    match http.or(probe.tcp_socket.as_ref().map(|tcp| &tcp.port))? {
        IntOrString::Int(port) => Some(*port),
        IntOrString::String(_) => None,
    }
}
