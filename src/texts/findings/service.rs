//! Titles about Services, their endpoints and addresses.

use super::{brief, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn endpoints_not_ready(down: usize, all: usize) -> String {
    format!("{down} of its {all} endpoints {} not ready", verb(down, "is", "are"))
}

pub(crate) fn single_endpoint() -> String {
    "one pod alone answers: when it stops, nobody does".to_owned()
}

pub(crate) fn lb_pending(age: TimeDelta, event: Option<&str>) -> String {
    let waits = format!("no load balancer for {}", time::span(age));
    event.map_or(waits.clone(), |event| format!("{waits}: {}", brief(event)))
}

pub(crate) fn warning_event(message: &str) -> String {
    brief(message)
}

pub(crate) fn exposed(kind: &str, ports: &[String]) -> String {
    match kind {
        "NodePort" => format!("every node listens for it on {}", ports.join(", ")),
        _ => format!("a load balancer publishes it on {}", ports.join(", ")),
    }
}

pub(crate) fn everywhere() -> String {
    "Cluster: traffic may take a second hop and the client's address is lost; Local keeps both".to_owned()
}

pub(crate) fn port_style(count: usize) -> String {
    format!("{count} {} by number to pods that declare no ports", verb(count, "port leads", "ports lead"))
}

pub(crate) fn uncovered(policy: &str, uncovered: usize, nodes: usize) -> String {
    format!("{policy} is Local, and {uncovered} of {nodes} nodes {} no pod of it", verb(uncovered, "has", "have"))
}

pub(crate) fn orphan_slice(service: Option<&str>) -> String {
    match service {
        Some(service) => format!("its Service {service} does not exist"),
        None => "it belongs to no Service and nobody owns it".to_owned(),
    }
}

pub(crate) fn address_space(used: u64, size: u64) -> String {
    let percent = used * 100 / size.max(1);
    format!("{percent} % of the cluster's Service addresses are in use ({used} of {size})")
}

pub(crate) fn address_failure(message: &str) -> String {
    format!("a Service gets no address: {}", brief(message))
}
