//! One inspection with its I/O: read the cluster, look at the snapshot, and measure both together.

use super::{Day, History, Memory, Settings, attention::StandingOrders, checks, history, inspect};
use crate::{
    cluster::{Cluster, Obstacle, ReadRequest, Unreachable},
    diagnosis::{self, Chain},
    finding::Finding,
    report::{CheckSet, Report},
    snapshot::{Resource, Scope, Snapshot},
};
use chrono::{DateTime, Utc};
use std::{collections::BTreeSet, time::Instant};

/// What to inspect.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// One namespace only.
    pub namespace: Option<String>,
    /// Which checks, from which numbers on, and what is not to be told.
    pub settings: Settings,
    /// Read Secrets also where the cluster's configuration does not say so.
    pub secrets: bool,
}

impl Order {
    /// The daily checks over a namespace, or over the whole cluster, as usual.
    pub fn daily(namespace: Option<&str>) -> Self {
        Self::of(namespace, Settings::default())
    }

    /// An inspection of a namespace, or of the whole cluster.
    pub fn of(namespace: Option<&str>, settings: Settings) -> Self {
        Self { namespace: namespace.map(str::to_owned), settings, secrets: false }
    }
}

/// What an inspection brought.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The report.
    pub report: Report,
    /// What the next one is compared with.
    pub memory: Memory,
    /// Its figures.
    pub day: Day,
}

/// Inspects a cluster.
///
/// # Errors
/// When nothing at all could be read. What could not be read in part stands in the report's gaps.
pub async fn run(
    cluster: &Cluster,
    order: &Order,
    history: &History,
    now: DateTime<Utc>,
) -> Result<Inspected, Unreachable> {
    let begun = Instant::now();
    let snapshot = read(cluster, order, now).await?;
    let mut report = inspect(&snapshot, history, &order.settings);
    report.duration_ms = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
    let memory = Memory::of(&snapshot, history.memory()).and(&report);
    let day = Day::of(&report).measured(&snapshot, history.memory(), &memory);
    Ok(Inspected { report, memory, day })
}

/// Why an object is as it is.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The chain of causes.
    pub chain: Chain,
    /// The finding at its root, with its remedies, where there is one.
    pub root: Option<Finding>,
}

/// Reads the cluster and explains one object. The whole cluster is read, because a cause can be anywhere; its namespace
/// alone where the identity may read no more. Disorder explains no trouble, so the daily checks do.
///
/// # Errors
/// When nothing at all could be read.
pub async fn why(
    cluster: &Cluster,
    (kind, namespace, name): (&str, Option<&str>, &str),
    standing: &StandingOrders,
    now: DateTime<Utc>,
) -> Result<Explained, Unreachable> {
    let whole = Order::of(None, standing.whole_truth(cluster.name(), CheckSet::Daily));
    let snapshot = match read(cluster, &whole, now).await {
        Err(Unreachable { obstacle: Obstacle::Forbidden, .. }) if namespace.is_some() => {
            read(cluster, &Order { namespace: namespace.map(str::to_owned), ..whole.clone() }, now).await?
        }
        read => read?,
    };
    let report = inspect(&snapshot, &History::default(), &whole.settings);
    let chain = diagnosis::why(&snapshot, &report, kind, namespace.unwrap_or_default(), name);
    let root = chain.root.as_ref().and_then(|root| report.find(root)).cloned();
    Ok(Explained { chain, root })
}

/// What the checks of a set, the graph and the next inspection look at.
pub fn reads(set: CheckSet) -> BTreeSet<Resource> {
    let checked = checks::resources(set).into_iter();
    checked.chain(diagnosis::resources()).chain(history::resources()).collect()
}

/// Reads what the checks of an order and the graph look at.
///
/// # Errors
/// When nothing at all could be read.
pub async fn read(cluster: &Cluster, order: &Order, now: DateTime<Utc>) -> Result<Snapshot, Unreachable> {
    let scope = order.namespace.clone().map_or(Scope::AllNamespaces, Scope::Namespace);
    let mut request = ReadRequest::new(now).only(&reads(order.settings.set)).in_scope(scope);
    if order.secrets || cluster.reads_secrets() {
        request = request.with_secrets();
    }
    cluster.read(&request).await
}
