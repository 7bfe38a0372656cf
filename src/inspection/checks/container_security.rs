//! What a container could do if somebody took it over.

use super::check::row::*;
use super::scene::{Draft, Scene, is_system};
use super::templates::{Flaw, Place, READS, Template, flaws};
use crate::finding::Severity;
use crate::snapshot::{PodSecurityContext, PodSpec, SecurityContext};
use crate::texts::findings::container as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("container/privileged"),
        kind: "Container",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "Whoever gets into the container has the node, and with it every pod on it.",
        advice: "Give it the few capabilities that it needs; if it is a node's agent, allow it in the configuration.",
        find: privileged,
    },
    Check {
        id: CheckId::new("container/no-security-context"),
        kind: "Container",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "It runs with whatever the image and the runtime allow.",
        advice: "Say runAsNonRoot, allowPrivilegeEscalation: false, and drop all capabilities.",
        find: no_security_context,
    },
    Check {
        id: CheckId::new("container/run-as-root"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "It may run as root: a hole in the runtime or the kernel is then worth more.",
        advice: "Say runAsNonRoot: true, with an image or a runAsUser that is not root.",
        find: run_as_root,
    },
    Check {
        id: CheckId::new("container/privilege-escalation"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "A process in it can get more rights than it started with, by setuid programs for one.",
        advice: "Say allowPrivilegeEscalation: false.",
        find: privilege_escalation,
    },
    Check {
        id: CheckId::new("container/added-capabilities"),
        kind: "Container",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "These capabilities let it act on the node or on other processes: near to being privileged.",
        advice: "Take them away, or add only the one that is needed.",
        find: added_capabilities,
    },
];

fn context<'a>(place: &Place<'a>) -> Option<&'a SecurityContext> {
    place.container.security_context.as_deref()
}

fn is_privileged(place: &Place<'_>) -> bool {
    context(place).is_some_and(|context| context.privileged == Some(true))
}

pub(super) fn privileged(scene: &Scene<'_>) -> Vec<Draft> {
    let allowed = &scene.thresholds.allowed.privileged;
    let is_allowed = |template: &Template<'_>| {
        let namespace = template.namespace();
        let named = |name: &str| allowed.iter().any(|entry| entry.strip_prefix(namespace) == Some(name));
        named("") || named(&format!("/{}", template.place.name)) || named(&format!("/{}", template.owner.name))
    };
    let look = |template: &Template<'_>| {
        if is_system(template.namespace()) || is_allowed(template) {
            return Vec::new();
        }
        let privileged = template.all().filter(is_privileged);
        privileged.map(|place| place.flaw(&*place.container.name, "securityContext.privileged", "true")).collect()
    };
    flaws(scene, Severity::Medium, look, texts::privileged)
}

pub(super) fn no_security_context(scene: &Scene<'_>) -> Vec<Draft> {
    // The server makes an empty one for every pod.
    let none = |template: &Template<'_>| {
        template.spec.security_context.as_deref().is_none_or(|context| *context == PodSecurityContext::default())
    };
    let look = |template: &Template<'_>| {
        let bare = template.all().filter(|place| {
            none(template) && context(place).is_none_or(|context| *context == SecurityContext::default())
        });
        bare.map(|place| place.flaw(&*place.container.name, "securityContext", texts::absent())).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Info, look, texts::no_security_context)
}

pub(super) fn run_as_root(scene: &Scene<'_>) -> Vec<Draft> {
    let look =
        |template: &Template<'_>| template.all().filter_map(|place| root(template.spec, &place)).collect::<Vec<_>>();
    flaws(scene, Severity::Low, look, texts::run_as_root)
}

/// How a container may be root: what it says itself goes before what its pod says.
fn root(spec: &PodSpec, place: &Place<'_>) -> Option<Flaw> {
    let (own, pod) = (context(place), spec.security_context.as_deref());
    let user = own.and_then(|own| own.run_as_user).or(pod.and_then(|pod| pod.run_as_user));
    let not_root = own.and_then(|own| own.run_as_non_root).or(pod.and_then(|pod| pod.run_as_non_root));
    match (user, not_root) {
        // The kubelet refuses to start root then.
        (_, Some(true)) => None,
        (Some(0), _) => Some(place.flaw(&*place.container.name, "runAsUser", "0")),
        (Some(_), _) => None,
        (None, Some(false)) => Some(place.flaw(&*place.container.name, "runAsNonRoot", "false")),
        (None, None) => Some(place.flaw(&*place.container.name, "runAsNonRoot", texts::absent())),
    }
}

pub(super) fn privilege_escalation(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let open = template.all().filter_map(|place| {
            let says = context(&place).and_then(|context| context.allow_privilege_escalation);
            // Who has all rights, or nearly, cannot get more; the server lets nobody say otherwise.
            let has_all = is_privileged(&place) || added(&place).any(|capability| capability == "SYS_ADMIN");
            let says = match says {
                Some(false) => return None,
                Some(true) => "true".to_owned(),
                None => texts::absent(),
            };
            let field = "securityContext.allowPrivilegeEscalation";
            (!has_all).then(|| place.flaw(&*place.container.name, field, says))
        });
        open.collect::<Vec<_>>()
    };
    flaws(scene, Severity::Low, look, texts::privilege_escalation)
}

/// Capabilities that reach beyond the container.
const STRONG: &[&str] = &["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "ALL"];

/// The capabilities that a container adds, without the prefix that some write.
fn added<'a>(place: &Place<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let added = context(place).and_then(|context| context.capabilities.as_deref()).into_iter();
    let added = added.flat_map(|capabilities| &capabilities.add);
    added.map(|name| name.as_str().strip_prefix("CAP_").unwrap_or(name))
}

pub(super) fn added_capabilities(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let places = template.all().filter(|_| !is_system(template.namespace()));
        let strong = places.flat_map(|place| {
            let strong = added(&place).filter(|capability| STRONG.contains(capability));
            strong.map(move |capability| place.flaw(capability, "securityContext.capabilities.add", capability))
        });
        strong.collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, texts::added_capabilities)
}
