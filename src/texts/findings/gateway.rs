//! Titles about the Gateway API.

use super::{brief, verb};

pub(crate) fn class_not_accepted(message: &str) -> String {
    said("its controller does not accept it", message)
}

pub(crate) fn class_unused() -> String {
    "no Gateway uses it".to_owned()
}

pub(crate) fn class_missing(class: &str) -> String {
    format!("its class {class} does not exist, so no controller serves it")
}

pub(crate) fn not_accepted(message: &str) -> String {
    said("its controller does not accept it", message)
}

pub(crate) fn not_programmed(message: &str) -> String {
    said("it is not set up: nothing listens on its addresses", message)
}

pub(crate) fn listener_broken(listeners: &[String]) -> String {
    let broken = verb(listeners.len(), "listener does not work", "listeners do not work");
    format!("{} {broken}: {}", listeners.len(), brief(&listeners.join("; ")))
}

/// `https (InvalidCertificateRef: no such Secret)`.
pub(crate) fn listener(name: &str, reason: &str, message: &str) -> String {
    match (reason, message) {
        ("", "") => name.to_owned(),
        (reason, "") => format!("{name} ({reason})"),
        (_, message) => format!("{name} ({message})"),
    }
}

pub(crate) fn no_routes() -> String {
    "no route is attached to any of its listeners".to_owned()
}

pub(crate) fn parent_missing(parents: &[String]) -> String {
    format!("it is attached to {}, which {}", parents.join(", "), verb(parents.len(), "does not exist", "do not exist"))
}

pub(crate) fn not_allowed(gateways: &[String]) -> String {
    format!("{} {} no routes from its namespace", gateways.join(", "), verb(gateways.len(), "takes", "take"))
}

pub(crate) fn allowed_from(listener: &str, from: &str) -> String {
    match from {
        "Selector" => format!("listener {listener} takes routes from namespaces with other labels"),
        "Same" => format!("listener {listener} takes routes from the Gateway's own namespace only"),
        _ => format!("listener {listener} takes no routes"),
    }
}

pub(crate) fn backend_missing(services: &[String]) -> String {
    let there = verb(services.len(), "does not exist", "do not exist");
    format!("it sends to {} {}, which {there}", verb(services.len(), "Service", "Services"), services.join(", "))
}

pub(crate) fn not_granted(services: &[String]) -> String {
    format!("it sends to {} in another namespace, which no ReferenceGrant allows", services.join(", "))
}

pub(crate) fn backend_port(ports: &[String]) -> String {
    format!(
        "it sends to {}, {} not on the Service",
        ports.join(", "),
        verb(ports.len(), "a port that is", "ports that are")
    )
}

pub(crate) fn rejected(reasons: &[String]) -> String {
    brief(&format!("its Gateway rejects it: {}", reasons.join("; ")))
}

fn said(what: &str, message: &str) -> String {
    if message.is_empty() { what.to_owned() } else { format!("{what}: {}", brief(message)) }
}
