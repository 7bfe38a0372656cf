//! Titles about what changes the number of replicas and of nodes.

use super::{brief, pods};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn target_missing(target: &str) -> String {
    format!("what it should scale does not exist: {target}")
}

pub(crate) fn unsupported_target(kind: &str, served: bool) -> String {
    if served { format!("a {kind} cannot be scaled") } else { format!("the cluster knows no {kind}") }
}

pub(crate) fn cannot_scale(reason: &str, message: &str) -> String {
    format!("it cannot scale: {}", brief(if message.is_empty() { reason } else { message }))
}

pub(crate) fn no_metrics(reason: &str, message: &str) -> String {
    format!("it does not see the load: {}", brief(if message.is_empty() { reason } else { message }))
}

pub(crate) fn utilization(now: i32, wanted: i32) -> String {
    format!("{now} % (target {wanted} %)")
}

pub(crate) fn at_max(most: i32, over: bool) -> String {
    if over {
        format!("it has reached its maximum of {most} replicas and would need more")
    } else {
        format!("it has reached its maximum of {most} replicas")
    }
}

pub(crate) fn flapping(count: i32) -> String {
    format!("it changed the number of replicas {count} times within a day")
}

pub(crate) fn no_requests(resources: &str) -> String {
    format!("it scales by {resources}, and its target requests none")
}

pub(crate) fn min_equals_max(replicas: i32) -> String {
    let replicas = if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") };
    format!("it may choose between {replicas} and {replicas}")
}

pub(crate) fn burst(most: i32, more: i128) -> String {
    format!("its maximum of {most} replicas does not fit: {more} more are more than what is free")
}

pub(crate) fn burst_together(count: usize) -> String {
    format!("{count} autoscalers together may ask for more than what is free")
}

pub(crate) fn ambiguous(count: usize) -> String {
    format!("{count} autoscalers set its number of replicas")
}

pub(crate) fn ambiguous_selector() -> String {
    "its target selects pods that another autoscaler scales too".to_owned()
}

pub(crate) fn keda_not_ready(message: &str) -> String {
    format!("KEDA cannot scale it: {}", brief(message))
}

pub(crate) fn keda_warning(message: &str) -> String {
    format!("KEDA has trouble: {}", brief(message))
}

fn because(what: &str, message: &str) -> String {
    if message.is_empty() { what.to_owned() } else { format!("{what}: {}", brief(message)) }
}

pub(crate) fn autoscaler_unhealthy(message: &str) -> String {
    because("the autoscaler of nodes is not healthy", message)
}

pub(crate) fn autoscaler_backoff(message: &str) -> String {
    because("new nodes failed, and it waits before it tries again", message)
}

pub(crate) fn scale_up_failed(message: &str) -> String {
    because("a new node could not be made", message)
}

pub(crate) fn not_triggered(count: usize, message: &str) -> String {
    because(&format!("no new node would help {} that wait", pods(count)), message)
}

pub(crate) fn node_claim_stuck(step: &str, age: TimeDelta, message: &str) -> String {
    let what = match step {
        "Launched" => "the cloud has not started it",
        "Registered" => "it has not joined the cluster",
        _ => "it is not ready for pods",
    };
    because(&format!("{what} after {}", time::span(age)), message)
}
