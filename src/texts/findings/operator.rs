//! Titles about what operators look after.

use super::{brief, verb};
use crate::texts::time;
use chrono::TimeDelta;

/// A value, or that there is none.
pub(crate) fn written(value: &str) -> String {
    if value.is_empty() { super::none() } else { value.to_owned() }
}

fn with(said: String, message: &str) -> String {
    if message.is_empty() { said } else { format!("{said}: {}", brief(message)) }
}

pub(crate) fn condition_failed(condition: &str, reason: &str, message: &str) -> String {
    let state = condition.to_lowercase();
    let said = if reason.is_empty() { format!("not {state}") } else { format!("not {state} ({reason})") };
    with(said, message)
}

pub(crate) fn sync_failed(message: &str) -> String {
    with("the last sync failed".to_owned(), message)
}

pub(crate) fn app_ill(status: &str, message: &str) -> String {
    let said = match status {
        "Missing" => "something that Git names does not exist",
        _ => "what it deploys does not run well",
    };
    with(said.to_owned(), message)
}

pub(crate) fn out_of_sync(ago: Option<TimeDelta>) -> String {
    match ago {
        Some(ago) => format!("what runs is not what Git says; the last sync was {} ago", time::span(ago)),
        None => "what runs is not what Git says; it was never synced".to_owned(),
    }
}

pub(crate) fn suspended() -> String {
    "it is suspended: changes in Git are not applied".to_owned()
}

pub(crate) fn flux_not_ready(kind: &str, message: &str) -> String {
    let said = match kind {
        "Kustomization" | "HelmRelease" => "what Git says is not applied",
        _ => "the source cannot be read",
    };
    with(said.to_owned(), message)
}

pub(crate) fn catalog(state: &str) -> String {
    match state {
        "" => "nobody has connected to the catalog yet".to_owned(),
        "CONNECTING" => "the catalog is still being connected to".to_owned(),
        _ => "the catalog does not answer".to_owned(),
    }
}

pub(crate) fn csv(phase: &str, message: &str) -> String {
    let said = match phase {
        "Failed" => "the operator failed".to_owned(),
        "" => "nobody installs the operator".to_owned(),
        phase => format!("the operator does not get installed (phase {phase})"),
    };
    with(said, message)
}

pub(crate) fn subscription(state: &str, newest: &str) -> String {
    match state {
        "" => "the catalog has said nothing about it yet".to_owned(),
        "UpgradeFailed" => format!("the upgrade to {newest} failed"),
        "UpgradePending" => format!("the upgrade to {newest} waits"),
        "UpgradeAvailable" => format!("an upgrade is there: {newest}"),
        other => format!("its state is {other}"),
    }
}

pub(crate) fn install_plan(phase: &str, message: &str) -> String {
    let said = match phase {
        "RequiresApproval" => "it waits for somebody to approve it".to_owned(),
        "Failed" => "it failed".to_owned(),
        "" => "nobody has looked at it yet".to_owned(),
        phase => format!("it does not come to an end (phase {phase})"),
    };
    with(said, message)
}

pub(crate) fn operator_groups(count: usize) -> String {
    format!("{count} of them in one namespace: OLM installs nothing there")
}

pub(crate) fn olm_condition(condition: &str, reason: &str, message: &str) -> String {
    let said = match condition {
        "Serving" => format!("the catalog is not served ({reason})"),
        "Installed" => format!("it is not installed ({reason})"),
        _ => format!("it does not get on ({reason})"),
    };
    with(said, message)
}

pub(crate) fn bad_image(image: &str) -> String {
    if image.is_empty() { "it names no image".to_owned() } else { format!("{image} is no valid image name") }
}

pub(crate) fn unresolved(resolved: &str) -> String {
    if resolved.is_empty() {
        "its image was never resolved".to_owned()
    } else {
        format!("its image was resolved to {resolved}, which names no digest")
    }
}

pub(crate) fn bad_source_type(found: &str) -> String {
    format!("its source type {} is not known; it has to be Catalog", written(found))
}

pub(crate) fn bad_policy(policy: &str) -> String {
    format!("its upgrade policy {policy} is not known; it has to be CatalogProvided or SelfCertified")
}

pub(crate) fn policy_fail(objects: usize, message: &str) -> String {
    let said = format!("{objects} {} against it", verb(objects, "object is", "objects are"));
    with(said, message)
}

pub(crate) fn provider_issue(code: &str, message: &str) -> String {
    with(format!("the provider reports {code}"), message)
}
