//! What each check is, in words: one line of a list, one explanation, and the page that has them all.

use crate::inspection::checks::{Check, Set};
use crate::report::CheckSet;
use crate::snapshot::Resource;

/// Which checks a report is of, after the cluster's name, where they are not the daily ones.
pub(crate) fn of_set(set: CheckSet) -> &'static str {
    match set {
        CheckSet::Daily => "",
        CheckSet::Hygiene => " (hygiene checks)",
        CheckSet::All => " (all checks)",
    }
}

/// One line of the list.
pub fn line(check: &Check) -> String {
    format!("{:<34} {:<8} {:<7} {}\n", check.id.as_str(), check.severity.name(), short(check.set), check.means)
}

/// One check, explained.
pub fn explained(check: &Check) -> String {
    let facts = format!("{}\n  {}, {}\n", check.id, check.severity, set(check.set));
    let from = check.gate.map(|gate| format!("  reports from: {gate}\n")).unwrap_or_default();
    let reads = format!("  reads: {}\n", data(check));
    format!("{facts}{from}{reads}\n{}\n\nWhat to do: {}\n", check.means, check.advice)
}

/// Nothing is called so.
pub fn unknown(id: &str, similar: &[&str]) -> String {
    let hint = match similar {
        [] => "`roundsman checks` lists all".to_owned(),
        some => format!("did you mean {}?", some.join(", ")),
    };
    format!("no check is called \"{id}\"; {hint}")
}

/// The page of all checks.
pub fn page<'a>(checks: impl Iterator<Item = &'a Check>) -> String {
    let mut checks: Vec<&Check> = checks.collect();
    checks.sort_by_key(|check| check.id.as_str());
    let kinds: Vec<&str> = {
        let mut kinds: Vec<&str> = checks.iter().map(|check| kind(check)).collect();
        kinds.dedup();
        kinds
    };
    let count = |of: Set| checks.iter().filter(|check| check.set == of).count();
    let mut page = format!(
        "# Checks\n\n\
         What roundsman looks for, {} checks: {} every day, {} more for order and prevention (`--set hygiene`), and {} every day\n\
         where a source beside the API server's lists is there. A finding can be above or below its check's usual severity.\n\
         Made by `roundsman checks --format markdown`; `roundsman checks ID` explains one.\n\n",
        checks.len(),
        count(Set::Daily),
        count(Set::Hygiene),
        count(Set::Extra),
    );
    let links: Vec<String> = kinds.iter().map(|kind| format!("[{kind}](#{kind})")).collect();
    page.push_str(&format!("{}\n", links.join(" · ")));
    for of in kinds {
        page.push_str(&format!("\n## {of}\n"));
        for check in checks.iter().filter(|check| kind(check) == of) {
            let from = check.gate.map(|gate| format!("; reports from {gate}")).unwrap_or_default();
            page.push_str(&format!(
                "\n### {}\n\n*{}, {}{from}; reads {}*\n\n{}\n\n**What to do:** {}\n",
                check.id,
                check.severity,
                set(check.set),
                data(check),
                check.means,
                check.advice,
            ));
        }
    }
    page
}

fn kind(check: &Check) -> &str {
    check.id.as_str().split('/').next().unwrap_or_default()
}

fn short(set: Set) -> &'static str {
    match set {
        Set::Daily => "daily",
        Set::Hygiene => "hygiene",
        Set::Extra => "extra",
    }
}

fn set(set: Set) -> &'static str {
    match set {
        Set::Daily => "daily",
        Set::Hygiene => "hygiene",
        Set::Extra => "daily, where its source is there",
    }
}

/// What it reads, each once.
fn data(check: &Check) -> String {
    let mut read: Vec<String> = Vec::new();
    for (resource, _) in check.data {
        let name = source(*resource);
        if !read.contains(&name) {
            read.push(name);
        }
    }
    read.join(", ")
}

fn source(resource: Resource) -> String {
    let other = match resource {
        Resource::HealthChecks => "/livez and /readyz",
        Resource::DeprecatedApis | Resource::EtcdStatuses => "/metrics",
        Resource::AutoscalerStatuses => "the status of cluster-autoscaler",
        Resource::NodeSummaries | Resource::VolumeUses => "kubelets or Prometheus",
        Resource::CpuThrottlings | Resource::ScrapeTargets | Resource::PrometheusStatuses => "Prometheus",
        Resource::Alerts => "Alertmanager",
        Resource::LogErrors => "logs",
        Resource::Credentials | Resource::KubeletCertificates => "certificates on the wire",
        Resource::RequestStats => "the times of our requests",
        Resource::ServedApis => "discovery",
        Resource::CustomResources => "custom resources that the configuration names",
        Resource::NodeMetrics | Resource::PodMetrics => return format!("{resource} of metrics-server"),
        list => return list.to_string(),
    };
    other.to_owned()
}
