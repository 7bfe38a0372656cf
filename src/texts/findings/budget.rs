//! Titles about disruption budgets, quotas and ranges.

use super::{brief, pods, verb};

/// The name of the fact which node is being emptied.
pub(crate) fn cordoned() -> String {
    "cordoned node".to_owned()
}

pub(crate) fn blocks_drain(never: bool, draining: Option<&str>) -> String {
    let blocks = if never { "it can never let a pod be moved" } else { "it lets no pod be moved" };
    draining.map_or(blocks.to_owned(), |node| format!("{blocks}, and {node} is to be emptied"))
}

pub(crate) fn unhealthy(healthy: i32, desired: i32) -> String {
    format!("{healthy} of the {desired} pods that must be healthy are")
}

pub(crate) fn sync_failed(message: &str) -> String {
    format!("its pods cannot be counted: {}", brief(message))
}

pub(crate) fn no_pods() -> String {
    "its selector matches no pod".to_owned()
}

pub(crate) fn overlap(count: usize, budgets: &str) -> String {
    format!("{} {} several budgets at once: {budgets}", pods(count), verb(count, "has", "have"))
}

pub(crate) fn missing(replicas: i32) -> String {
    format!("no disruption budget protects its {replicas} replicas")
}

pub(crate) fn rejections(workloads: usize, times: i32) -> String {
    let workloads = if workloads == 1 { "1 workload".to_owned() } else { format!("{workloads} workloads") };
    let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    format!("it turned away pods of {workloads}, {times}")
}

pub(crate) fn limit_range(contradicts: bool, workloads: usize) -> String {
    let outside = match workloads {
        1 => "1 workload asks for what it does not allow".to_owned(),
        many => format!("{many} workloads ask for what it does not allow"),
    };
    match (contradicts, workloads) {
        (true, 0) => "it contradicts itself".to_owned(),
        (true, _) => format!("it contradicts itself, and {outside}"),
        (false, _) => outside,
    }
}
