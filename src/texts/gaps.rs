//! What could not be read, what was not checked for that, and why.

use crate::finding::CheckId;
use crate::report::{Gap, Report};
use crate::snapshot::{Resource, Why};
use std::collections::BTreeSet;

/// Why a list is missing that nobody wanted to be read.
const SWITCHED_OFF: &str = "switched off";
/// Why a source is missing that nobody has set up.
const NOT_CONFIGURED: &str = "not configured";

/// What could not be done: `list secrets`, `read the alerts of Alertmanager`.
pub(crate) fn list_of(resource: Resource) -> String {
    match resource {
        // Not the nodes and pods themselves.
        Resource::NodeMetrics | Resource::PodMetrics => return format!("list {resource}.metrics.k8s.io"),
        Resource::CustomResources => "list custom resources",
        Resource::HealthChecks => "read the health of the API server",
        Resource::DeprecatedApis => "read the deprecated APIs named in /metrics",
        Resource::EtcdStatuses => "read the size of etcd in /metrics",
        Resource::Credentials => "read the certificates of the API server and the kubeconfig",
        Resource::KubeletCertificates => "read the certificates of kubelets",
        Resource::RequestStats => "read the times of our requests",
        Resource::ServedApis => "list the served APIs",
        Resource::AutoscalerStatuses => "read the status of cluster-autoscaler",
        Resource::NodeSummaries => "read the summaries of kubelets",
        Resource::VolumeUses => "read how full volumes are",
        Resource::CpuThrottlings => "read the throttling of containers",
        Resource::ScrapeTargets => "read the targets of Prometheus",
        Resource::PrometheusStatuses => "read the state of Prometheus",
        Resource::Alerts => "read the alerts of Alertmanager",
        Resource::LogErrors => "read the logs of failing containers",
        Resource::ProviderIssues => "read the issues that the cloud provider knows of",
        other => return format!("list {other}"),
    }
    .to_owned()
}

/// Why a list is missing.
pub(crate) fn why_unread(why: &Why) -> String {
    match why {
        Why::Forbidden => "forbidden".to_owned(),
        Why::NotServed => "the cluster does not have it".to_owned(),
        Why::SwitchedOff => SWITCHED_OFF.to_owned(),
        Why::NotConfigured => NOT_CONFIGURED.to_owned(),
        Why::TimedOut => "not answered in time".to_owned(),
        Why::Failed(reason) => reason.clone(),
    }
}

/// `Not read: nodes, pods (forbidden); secrets (switched off).`
pub(crate) fn unread(gaps: &[Gap]) -> Option<String> {
    const NAMED: usize = 6;
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for gap in gaps.iter().filter(|gap| !is_not_configured(gap)) {
        let list = list_name(gap);
        match reasons.iter_mut().find(|(why, _)| *why == gap.why) {
            Some((_, lists)) => lists.push(list),
            None => reasons.push((&gap.why, vec![list])),
        }
    }
    let parts: Vec<String> = reasons
        .into_iter()
        .map(|(why, lists)| {
            let named = lists.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = match lists.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{named}{more} ({})", super::findings::brief(why))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("Not read: {}.", parts.join("; ")))
}

/// Such as `secrets`, or `how full volumes are`.
fn list_name(gap: &Gap) -> &str {
    gap.what.trim_start_matches("list ").trim_start_matches("read ")
}

/// Whether it is a source that nobody configured: said at the end, and no trouble.
pub(crate) fn is_not_configured(gap: &Gap) -> bool {
    gap.why == NOT_CONFIGURED
}

/// What could not be read although somebody expected it.
pub(crate) fn failed(gaps: &[Gap]) -> Option<String> {
    let failed: Vec<Gap> = gaps.iter().filter(|gap| gap.why != SWITCHED_OFF).cloned().collect();
    unread(&failed)
}

/// What was not checked and why, a sentence for each list; one for all sources that nobody configured.
pub(crate) fn sentences(report: &Report) -> Vec<String> {
    let (without, unread): (Vec<&Gap>, Vec<&Gap>) = report.gaps.iter().partition(|gap| is_not_configured(gap));
    let mut sentences: Vec<String> = unread.into_iter().map(|gap| not_checked(report, gap)).collect();
    if !without.is_empty() {
        let what: Vec<&str> = without.iter().map(|gap| list_name(gap)).collect();
        let checks = without.iter().flat_map(|gap| &gap.checks).filter(|check| !report.ran.contains(check));
        let checks: BTreeSet<&str> = checks.map(CheckId::as_str).collect();
        let checks = checks.into_iter().collect::<Vec<_>>().join(", ");
        sentences.push(format!("No source is configured for {}. Not checked: {checks}.", what.join(", ")));
    }
    sentences
}

/// `Could not list secrets: forbidden. Not checked: secret/tls-expiring.` A check that could do without the list ran
/// all the same.
fn not_checked(report: &Report, gap: &Gap) -> String {
    let list = |ran: bool| {
        let checks = gap.checks.iter().filter(|check| report.ran.contains(check) == ran);
        checks.map(CheckId::as_str).collect::<Vec<_>>().join(", ")
    };
    let (not, without) = (list(false), list(true));
    let not = if not.is_empty() { String::new() } else { format!(" Not checked: {not}.") };
    let without = if without.is_empty() { String::new() } else { format!(" Checked without it: {without}.") };
    format!("Could not {}: {}.{not}{without}", gap.what, gap.why)
}
