//! Gateways and their classes: whether a controller serves them and listens.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{GatewayClasses, Gateways};
use crate::snapshot::{Condition, Gateway, ObjectMeta};
use crate::texts::findings::gateway as texts;
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("gatewayclass/not-accepted"),
        kind: "GatewayClass",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(GatewayClasses, Walked)],
        gate: Some("5m"),
        means: "No controller serves the Gateways of this class.",
        advice: "Look whether the controller that it names is installed and runs.",
        find: class_not_accepted,
    },
    Check {
        id: CheckId::new("gatewayclass/unused"),
        kind: "GatewayClass",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(GatewayClasses, Walked), (Gateways, Complete)],
        gate: None,
        means: "It does nothing.",
        advice: "Keep it if it came with the controller; otherwise delete it.",
        find: class_unused,
    },
    Check {
        id: CheckId::new("gateway/class-missing"),
        kind: "Gateway",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Gateways, Walked), (GatewayClasses, Complete)],
        gate: None,
        means: "No controller feels responsible, so nothing behind it can be reached.",
        advice: "Correct gatewayClassName, or install the controller that brings the class.",
        find: class_missing,
    },
    Check {
        id: CheckId::new("gateway/not-accepted"),
        kind: "Gateway",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Gateways, Walked)],
        gate: Some("5m"),
        means: "The controller refuses it, so nothing behind it can be reached.",
        advice: "The condition's message says what the controller does not like.",
        find: not_accepted,
    },
    Check {
        id: CheckId::new("gateway/not-programmed"),
        kind: "Gateway",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Gateways, Walked)],
        gate: Some("10m"),
        means: "Nothing listens on its addresses yet.",
        advice: "Look at the condition's message, and at the load balancer or the pods that shall listen.",
        find: not_programmed,
    },
    Check {
        id: CheckId::new("gateway/listener-broken"),
        kind: "Gateway",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Gateways, Walked)],
        gate: Some("5m"),
        means: "What is reached through this listener does not answer.",
        advice: "Mostly its certificate: look whether the Secret is there, valid and in a namespace that is allowed.",
        find: listener_broken,
    },
    Check {
        id: CheckId::new("gateway/no-routes"),
        kind: "Gateway",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Gateways, Walked)],
        gate: None,
        means: "It listens and leads nowhere.",
        advice: "Attach a route, or delete it: a load balancer behind it costs money.",
        find: no_routes,
    },
];

/// The condition of that type if it is anything but True for longer than that. What no controller has looked at yet has
/// the status Unknown since its creation.
fn unmet<'a>(
    scene: &Scene<'_>,
    meta: &ObjectMeta,
    condition: Option<&'a Condition>,
    patience: chrono::TimeDelta,
) -> Option<&'a Condition> {
    let condition = condition.filter(|condition| condition.status != "True")?;
    let since = condition.last_transition_time.max(meta.creation_timestamp);
    let overdue = since.is_none_or(|since| scene.age(since) > patience);
    (overdue && meta.deletion_timestamp.is_none()).then_some(condition)
}

/// The condition as evidence: its status and reason, and its message.
pub(super) fn said(condition: &Condition) -> Vec<Evidence> {
    let value = match condition.reason.as_str() {
        "" => condition.status.as_str().to_owned(),
        reason => format!("{} ({reason})", condition.status),
    };
    let field = format!("conditions[{}]", condition.type_);
    let message =
        (!condition.message.is_empty()).then(|| Evidence::new(format!("{field}.message"), condition.message.as_str()));
    // The custom resource definitions make the condition with the epoch as its time.
    let since = condition.last_transition_time.filter(|at| at.timestamp() > 0);
    let mut evidence = vec![Evidence::since(field, value, since)];
    evidence.extend(message);
    evidence
}

fn class_not_accepted(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.gateway_classes.iter().filter_map(|class| {
        let accepted = class.status.conditions.get("Accepted");
        let refused = unmet(scene, &class.meta, accepted, scene.thresholds.settle)?;
        let title = texts::class_not_accepted(&refused.message);
        let mut evidence = said(refused);
        evidence.push(Evidence::new("spec.controllerName", class.spec.controller_name.as_str()));
        Some(Draft::about(target("GatewayClass", &class.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

fn class_unused(scene: &Scene<'_>) -> Vec<Draft> {
    let used: HashSet<&str> =
        scene.snapshot.gateways.iter().map(|gateway| gateway.spec.gateway_class_name.as_str()).collect();
    let unused = scene.snapshot.gateway_classes.iter().filter(|class| !used.contains(class.meta.name.as_str()));
    let draft = |class: &crate::snapshot::GatewayClass| {
        let evidence = vec![Evidence::since("Gateways of this class", "0", class.meta.creation_timestamp)];
        Draft::about(target("GatewayClass", &class.meta), Severity::Info, texts::class_unused(), evidence)
    };
    unused.map(draft).collect()
}

fn class_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let known: HashSet<&str> = scene.snapshot.gateway_classes.iter().map(|class| class.meta.name.as_str()).collect();
    let lost = living(scene).filter(|gateway| !known.contains(gateway.spec.gateway_class_name.as_str()));
    let draft = |gateway: &Gateway| {
        let class = gateway.spec.gateway_class_name.as_str();
        let evidence = vec![Evidence::since("spec.gatewayClassName", class, gateway.meta.creation_timestamp)];
        Draft::about(target("Gateway", &gateway.meta), Severity::High, texts::class_missing(class), evidence)
    };
    lost.map(draft).collect()
}

fn living<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Gateway> {
    scene.snapshot.gateways.iter().filter(|gateway| gateway.meta.deletion_timestamp.is_none())
}

fn not_accepted(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|gateway| {
        let accepted = gateway.status.conditions.get("Accepted");
        let refused = unmet(scene, &gateway.meta, accepted, scene.thresholds.settle)?;
        let title = texts::not_accepted(&refused.message);
        Some(Draft::about(target("Gateway", &gateway.meta), Severity::High, title, said(refused)))
    });
    drafts.collect()
}

fn not_programmed(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|gateway| {
        // What is refused cannot be set up: that is the other check's.
        if gateway.status.conditions.get("Accepted").is_some_and(|accepted| accepted.status != "True") {
            return None;
        }
        let programmed = gateway.status.conditions.get("Programmed");
        let waiting = unmet(scene, &gateway.meta, programmed, scene.thresholds.address)?;
        let title = texts::not_programmed(&waiting.message);
        Some(Draft::about(target("Gateway", &gateway.meta), Severity::High, title, said(waiting)))
    });
    drafts.collect()
}

fn listener_broken(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|gateway| {
        let mut names = Vec::new();
        let mut evidence = Vec::new();
        for listener in &gateway.status.listeners {
            let conditions = ["ResolvedRefs", "Accepted", "Programmed"];
            let broken = conditions.iter().find_map(|type_| {
                let condition = listener.conditions.get(type_).filter(|condition| condition.status == "False");
                unmet(scene, &gateway.meta, condition, scene.thresholds.settle)
            });
            let Some(condition) = broken else { continue };
            names.push(texts::listener(&listener.name, &condition.reason, &condition.message));
            evidence.push(Evidence::since(
                format!("listeners[{}].conditions[{}]", listener.name, condition.type_),
                condition.reason.as_str(),
                condition.last_transition_time,
            ));
        }
        (!names.is_empty()).then(|| {
            let title = texts::listener_broken(&names);
            Draft::about(target("Gateway", &gateway.meta), Severity::High, title, evidence)
        })
    });
    drafts.collect()
}

fn no_routes(scene: &Scene<'_>) -> Vec<Draft> {
    let idle = living(scene).filter(|gateway| {
        let listeners = &gateway.status.listeners;
        !listeners.is_empty() && listeners.iter().all(|listener| listener.attached_routes == 0)
    });
    let draft = |gateway: &Gateway| {
        let since = gateway.meta.creation_timestamp;
        let evidence = vec![Evidence::since("status.listeners.attachedRoutes", "0", since)];
        Draft::about(target("Gateway", &gateway.meta), Severity::Info, texts::no_routes(), evidence)
    };
    idle.map(draft).collect()
}
