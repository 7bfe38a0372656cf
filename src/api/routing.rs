//! Which cluster an alert is about, and which channel it goes to.

use super::{Api, Problem, auth::Caller, write::known_cluster};
use crate::{
    config::Route,
    requests::{Alert, AlertBatch},
};
use axum::http::StatusCode;
use contract::ChannelRef;
use std::collections::BTreeMap;

/// The alerts of a batch that go to one place.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) cluster: String,
    pub(super) channel: ChannelRef,
    pub(super) batch: AlertBatch,
}

/// The parts of a batch, each alert by its own labels.
///
/// # Errors
/// When one of them belongs nowhere: then none of them is taken, so that nothing is lost unseen.
pub(super) fn sorted(api: &Api, caller: &Caller, batch: AlertBatch) -> Result<Vec<Part>, Problem> {
    let AlertBatch { group_key, alerts, common_labels, external_url } = batch;
    if alerts.is_empty() {
        return Err(unprocessable("alerts is empty"));
    }
    let mut places: BTreeMap<(String, ChannelRef), Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        let mut labels = common_labels.clone();
        labels.extend(alert.labels.clone());
        let cluster = cluster(api, &labels)?;
        known_cluster(api, caller, &cluster)?;
        let channel = channel(api, &cluster, &labels)?;
        places.entry((cluster, channel)).or_default().push(alert);
    }
    let part = |((cluster, channel), alerts)| {
        let (group_key, external_url) = (group_key.clone(), external_url.clone());
        let batch = AlertBatch { group_key, alerts, common_labels: common_labels.clone(), external_url };
        Part { cluster, channel, batch }
    };
    Ok(places.into_iter().map(part).collect())
}

/// By the label `cluster`, or the only cluster that is configured.
fn cluster(api: &Api, labels: &BTreeMap<String, String>) -> Result<String, Problem> {
    match (labels.get("cluster"), api.clusters.keys().collect::<Vec<_>>().as_slice()) {
        (Some(label), _) => {
            let mut known = api.clusters.iter();
            let found = known.find(|(name, alert_label)| *alert_label == label || *name == label);
            let unknown = || unprocessable(format!("the label cluster=\"{label}\" names no configured cluster"));
            found.map(|(name, _)| name.clone()).ok_or_else(unknown)
        }
        (None, [only]) => Ok((*only).clone()),
        (None, _) => Err(unprocessable("an alert carries no label cluster, and several are configured")),
    }
}

/// By the first route that fits.
fn channel(api: &Api, cluster: &str, labels: &BTreeMap<String, String>) -> Result<ChannelRef, Problem> {
    let fits = |route: &&Route| {
        route.cluster.as_deref().is_none_or(|wanted| wanted == cluster)
            && route.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    };
    let route = api.settings.routes.iter().find(fits).ok_or_else(|| {
        unprocessable(format!("no [[api.route]] fits alerts of the cluster {cluster} with these labels"))
    })?;
    let listed = api.access.by_name(&route.channel);
    listed.ok_or_else(|| unprocessable(format!("the route's channel {} is not listed", route.channel)))
}

fn unprocessable(text: impl Into<String>) -> Problem {
    Problem(StatusCode::UNPROCESSABLE_ENTITY, text.into())
}
