//! Titles about what is another than at the last inspection.

use super::{few, verb};
use crate::inspection::checks::Change;

/// The field as the last inspection saw it.
pub(crate) fn at_last(field: &str) -> String {
    format!("{field} at the last inspection")
}

pub(crate) fn changed() -> String {
    "changed".to_owned()
}

/// Containers with their images, then and now.
pub(crate) fn image_changed(changed: &[(&str, &str, &str)]) -> String {
    match changed {
        [(container, was, is)] => format!("container {container} is to run {is} instead of {was}"),
        many => format!("{} of its containers are to run other images", many.len()),
    }
}

pub(crate) fn replicas_changed(was: i32, is: i32) -> String {
    let replicas = if is == 1 { "replica" } else { "replicas" };
    format!("it is to have {is} {replicas} instead of {was}")
}

pub(crate) fn workload_removed() -> String {
    "it was there at the last inspection and is gone".to_owned()
}

pub(crate) fn namespace_removed(workloads: usize) -> String {
    let workloads = if workloads == 1 { "a workload".to_owned() } else { format!("{workloads} workloads") };
    format!("it is gone since the last inspection, with {workloads}")
}

pub(crate) fn config_changed(workloads: &[String]) -> String {
    format!("it has other content, but {}", not_rolled_out(workloads))
}

pub(crate) fn secret_written(workloads: &[String]) -> String {
    format!("it was written, but {}", not_rolled_out(workloads))
}

fn not_rolled_out(workloads: &[String]) -> String {
    let uses = verb(workloads.len(), "uses it and was", "use it and were");
    format!("{} {uses} not rolled out since", few(workloads))
}

pub(crate) fn server_changed(was: &str, is: &str) -> String {
    format!("the API server is {is} instead of {was}")
}

pub(crate) fn kubelets_changed(nodes: usize, was: &str, is: &str) -> String {
    match nodes {
        1 => format!("the kubelet of 1 node is {is} instead of {was}"),
        nodes => format!("the kubelets of {nodes} nodes are {is} instead of {was}"),
    }
}

pub(crate) fn rule_added(rules: &[&str]) -> String {
    format!("since the last inspection it allows {}", few(rules))
}

pub(crate) fn binding_added(subjects: &[&str]) -> String {
    format!("since the last inspection it gives far-reaching rights to {}", few(subjects))
}

/// The change as a field says it.
pub(crate) fn change(change: Change) -> &'static str {
    match change {
        Change::Added => "new since",
        Change::Removed => "last seen",
        Change::Changed => "changed since",
    }
}

pub(crate) fn extension(change: Change) -> String {
    match change {
        Change::Added => "it is new since the last inspection".to_owned(),
        Change::Removed => "it was there at the last inspection and is gone".to_owned(),
        Change::Changed => "it is defined otherwise than at the last inspection".to_owned(),
    }
}

pub(crate) fn definitions(change: Change, count: usize, group: &str) -> String {
    match change {
        Change::Added => format!("{count} definitions of {group} are new since the last inspection"),
        Change::Removed => format!("{count} definitions of {group} are gone since the last inspection"),
        Change::Changed => format!("{count} definitions of {group} changed since the last inspection"),
    }
}
