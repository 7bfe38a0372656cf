//! One inspection per cluster and answer: the tools of one answer talk about the same moment, and read it once.

use super::Means;
use crate::{
    cluster::Cluster,
    inspection::{self, History, Order},
    report::{CheckSet, Report},
    snapshot::Snapshot,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// A cluster as it is now.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) snapshot: Snapshot,
    pub(super) report: Report,
}

type Cell = Arc<OnceCell<Result<Arc<Surveyed>, String>>>;

/// What this answer has read so far.
#[derive(Debug, Default)]
pub(super) struct Survey {
    clusters: Mutex<BTreeMap<String, Cell>>,
}

impl Survey {
    /// Reads and inspects the cluster, the first time; a failure is remembered too, so that a cluster that is down
    /// costs one deadline and not one per question.
    pub(super) async fn of(&self, cluster: &Cluster, means: &Means<'_>) -> Result<Arc<Surveyed>, String> {
        let cell = {
            let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clusters.entry(cluster.name().to_owned()).or_default())
        };
        let surveyed = cell.get_or_init(|| async {
            let order = Order::of(None, means.standing.whole_truth(cluster.name(), CheckSet::Daily));
            let read = inspection::read(cluster, &order, means.clock.now()).await;
            let snapshot = read.map_err(|error| error.to_string())?;
            let history = (means.latest)(cluster.name()).as_ref().map(History::since).unwrap_or_default();
            let report = inspection::inspect(&snapshot, &history, &order.settings);
            Ok(Arc::new(Surveyed { snapshot, report }))
        });
        surveyed.await.clone()
    }
}

impl Survey {
    /// What was read of the cluster before, without reading it.
    pub(super) fn peek(&self, cluster: &str) -> Option<Arc<Surveyed>> {
        let clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.get(cluster)?.get()?.as_ref().ok().cloned()
    }
}
