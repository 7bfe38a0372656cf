//! What the cluster's Prometheus, Alertmanager and provider tell.

use super::{Errand, Gathered, Round};
use crate::signals::{alertmanager, eks, prometheus};
use crate::snapshot::{Resource, Scope};

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    let Some(endpoint) = &round.sources().prometheus else { return };
    let namespace = match &round.request.scope {
        Scope::AllNamespaces => None,
        Scope::Namespace(name) => Some(name.as_str()),
    };
    // One after the other: each is one request or two, and a Prometheus has others to serve.
    for resource in round.wanted_of(Errand::Prometheus) {
        let result = match resource {
            Resource::VolumeUses => {
                prometheus::volumes(endpoint, namespace).await.map(|found| into.objects.volume_uses = found)
            }
            Resource::CpuThrottlings => {
                prometheus::throttled(endpoint, namespace).await.map(|found| into.objects.cpu_throttlings = found)
            }
            Resource::ScrapeTargets => {
                prometheus::down(endpoint, round.request.now).await.map(|found| into.objects.scrape_targets = found)
            }
            _ => prometheus::status(endpoint).await.map(|found| into.objects.prometheus_statuses = found),
        };
        into.settle(resource, result);
    }
}

pub(super) async fn read_alerts(round: &Round<'_>, into: &mut Gathered) {
    let Some(endpoint) = &round.sources().alertmanager else { return };
    let result = alertmanager::firing(endpoint).await.map(|found| into.objects.alerts = found);
    into.settle(Resource::Alerts, result);
}

pub(super) async fn read_provider(round: &Round<'_>, into: &mut Gathered) {
    let Some(cluster) = &round.sources().eks else { return };
    let result = eks::issues(cluster).await.map(|found| into.objects.provider_issues = found);
    into.settle(Resource::ProviderIssues, result);
}
