//! What is no list of the API server's: its health, its metrics, certificates on the wire, kubelets, logs, the cluster's
//! Prometheus and its provider. Each is asked beside the lists within a time of its own; one that fails is a gap and stops
//! nothing.

mod autoscaler;
mod custom;
mod health;
mod kubelet;
mod log_errors;
mod measured;
mod metrics;
pub(super) mod tls;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::Cluster;
use super::list::Paging;
use super::read::ReadRequest;
use super::wire::Wire;
use crate::signals::{Endpoint, eks::EksCluster};
use crate::snapshot::{Origin, Resource, ServedApi, Snapshot, Unread, Why};

/// What one cluster offers beside its lists, as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Ask every kubelet for its summary, and look at its certificate.
    pub kubelet_summary: bool,
    /// Read the end of the logs of containers in trouble.
    pub logs: bool,
    /// Custom resources whose conditions are looked at.
    pub custom_resources: Vec<GroupResource>,
    /// The Prometheus that scrapes it.
    pub prometheus: Option<Endpoint>,
    /// The Alertmanager that its alerts go to.
    pub alertmanager: Option<Endpoint>,
    /// What it is called in Amazon EKS.
    pub eks: Option<EksCluster>,
}

/// A kind as `kubectl` names it in full: `certificates.cert-manager.io`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupResource {
    pub plural: String,
    pub group: String,
}

impl std::str::FromStr for GroupResource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
            !text.is_empty() && text.bytes().all(plain) && !text.starts_with(['.', '-']) && !text.ends_with(['.', '-'])
        };
        match text.split_once('.') {
            Some((plural, group)) if name(plural) && name(group) => {
                Ok(Self { plural: plural.to_owned(), group: group.to_owned() })
            }
            _ => Err("write it as plural.group, such as certificates.cert-manager.io"),
        }
    }
}

impl std::fmt::Display for GroupResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.plural, self.group)
    }
}

/// One way to some of the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    Health,
    Metrics,
    Credentials,
    Autoscaler,
    CustomResources,
    Prometheus,
    Alertmanager,
    Provider,
    Kubelets,
    Logs,
}

impl Errand {
    /// What asks while the lists are read.
    pub(super) const BESIDE: &'static [Self] = &[
        Self::Health,
        Self::Metrics,
        Self::Credentials,
        Self::Autoscaler,
        Self::CustomResources,
        Self::Prometheus,
        Self::Alertmanager,
        Self::Provider,
    ];
    /// What asks when the nodes and pods are known.
    pub(super) const AFTER: &'static [Self] = &[Self::Kubelets, Self::Logs];

    /// What it may bring.
    fn brings(self) -> &'static [Resource] {
        match self {
            Self::Health => &[Resource::HealthChecks],
            Self::Metrics => &[Resource::DeprecatedApis, Resource::EtcdStatuses],
            Self::Credentials => &[Resource::Credentials],
            Self::Autoscaler => &[Resource::AutoscalerStatuses],
            Self::CustomResources => &[Resource::CustomResources],
            Self::Prometheus => {
                &[Resource::VolumeUses, Resource::CpuThrottlings, Resource::ScrapeTargets, Resource::PrometheusStatuses]
            }
            Self::Alertmanager => &[Resource::Alerts],
            Self::Provider => &[Resource::ProviderIssues],
            Self::Kubelets => &[Resource::NodeSummaries, Resource::VolumeUses, Resource::KubeletCertificates],
            Self::Logs => &[Resource::LogErrors],
        }
    }

    fn is_configured(self, sources: &Sources) -> bool {
        match self {
            Self::Health | Self::Metrics | Self::Credentials | Self::Autoscaler => true,
            Self::CustomResources => !sources.custom_resources.is_empty(),
            Self::Prometheus => sources.prometheus.is_some(),
            Self::Alertmanager => sources.alertmanager.is_some(),
            Self::Provider => sources.eks.is_some(),
            Self::Kubelets => sources.kubelet_summary,
            Self::Logs => sources.logs,
        }
    }

    /// What it brings here: how full volumes are is asked of the kubelets, which know it now, and else of Prometheus.
    fn brings_here(self, sources: &Sources) -> impl Iterator<Item = Resource> {
        let here = self.is_configured(sources);
        let from_kubelets = sources.kubelet_summary && self == Self::Prometheus;
        let all = self.brings().iter().copied();
        all.filter(move |resource| here && !(from_kubelets && *resource == Resource::VolumeUses))
    }
}

/// What came of an errand.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) objects: Snapshot,
    pub(super) unread: Vec<Unread>,
    settled: BTreeSet<Resource>,
}

impl Gathered {
    fn settle(&mut self, resource: Resource, result: Result<(), Why>) {
        self.settled.insert(resource);
        self.unread.extend(result.err().map(|why| Unread { resource, why }));
    }

    /// Moves it over into a snapshot.
    pub(super) fn into(mut self, snapshot: &mut Snapshot) {
        snapshot.reads.objects += self.objects.reads.objects;
        for resource in self.settled {
            snapshot.take(resource, &mut self.objects);
        }
        snapshot.unread.append(&mut self.unread);
    }
}

/// The errands of one inspection.
pub(super) struct Round<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) wire: &'a Wire,
    pub(super) request: &'a ReadRequest,
    pub(super) served: &'a Result<Vec<ServedApi>, Why>,
    pub(super) paging: Paging,
    pub(super) deadline: Instant,
}

impl Round<'_> {
    fn sources(&self) -> &Sources {
        &self.cluster.sources
    }

    fn wants(&self, resource: Resource) -> bool {
        self.request.resources.contains(&resource)
    }

    fn wanted_of(&self, errand: Errand) -> impl Iterator<Item = Resource> {
        errand.brings_here(self.sources()).filter(|resource| self.wants(*resource))
    }

    /// Facts that nobody brings here.
    pub(super) fn not_configured(&self) -> Vec<Unread> {
        let errands = || Errand::BESIDE.iter().chain(Errand::AFTER);
        let ours = |resource: &Resource| {
            let read_otherwise = [Resource::ServedApis, Resource::RequestStats].contains(resource);
            resource.origin() == Origin::Source && !read_otherwise
        };
        let brought: BTreeSet<Resource> = errands().flat_map(|errand| errand.brings_here(self.sources())).collect();
        let missing = self.request.resources.iter().copied().filter(ours).filter(|one| !brought.contains(one));
        missing.map(|resource| Unread { resource, why: Why::NotConfigured }).collect()
    }

    /// Carries these errands out at the same time; `seen` is what was read before.
    pub(super) async fn gather(&self, errands: &[Errand], seen: &Snapshot) -> Vec<Gathered> {
        let wanted = errands.iter().filter(|errand| self.wanted_of(**errand).next().is_some());
        join_all(wanted.map(|errand| self.carry_out(*errand, seen))).await
    }

    async fn carry_out(&self, errand: Errand, seen: &Snapshot) -> Gathered {
        let mut gathered = Gathered::default();
        let into = &mut gathered;
        let asking = async {
            match errand {
                Errand::Health => health::read(self, into).await,
                Errand::Metrics => metrics::read(self, into).await,
                Errand::Credentials => tls::read(self, into).await,
                Errand::Autoscaler => autoscaler::read(self, into).await,
                Errand::CustomResources => custom::read(self, into).await,
                Errand::Prometheus => measured::read(self, into).await,
                Errand::Alertmanager => measured::read_alerts(self, into).await,
                Errand::Provider => measured::read_provider(self, into).await,
                Errand::Kubelets => kubelet::read(self, seen, into).await,
                Errand::Logs => log_errors::read(self, seen, into).await,
            }
        };
        // What asks many times limits each of them by itself.
        let longest = match errand {
            Errand::Kubelets | Errand::Logs | Errand::CustomResources => Duration::MAX,
            Errand::Health
            | Errand::Metrics
            | Errand::Credentials
            | Errand::Autoscaler
            | Errand::Prometheus
            | Errand::Alertmanager
            | Errand::Provider => self.cluster.limits.request_timeout,
        };
        let until = Instant::now().checked_add(longest).map_or(self.deadline, |own| own.min(self.deadline));
        let _in_time = timeout_at(until, asking).await;
        for resource in self.wanted_of(errand) {
            if !gathered.settled.contains(&resource) {
                gathered.settle(resource, Err(Why::TimedOut));
            }
        }
        gathered
    }
}
