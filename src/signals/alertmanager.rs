//! Alertmanager: the alerts that fire, are not silenced and are not inhibited by others.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Endpoint;
use super::http::get;
use crate::snapshot::{Alert, ObjectMeta, Why};

/// More are a storm, of which the first say enough.
const MOST_ALERTS: usize = 2000;
const LONGEST_SUMMARY: usize = 300;

/// One alert as the API has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Firing {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    starts_at: Option<DateTime<Utc>>,
    #[serde(default)]
    fingerprint: String,
}

/// The alerts.
///
/// # Errors
/// Why they are not known.
pub async fn firing(endpoint: &Endpoint) -> Result<Vec<Alert>, Why> {
    let filters = endpoint.matchers();
    let filters = filters.iter().map(|matcher| ("filter", matcher.as_str()));
    let state = [("active", "true"), ("silenced", "false"), ("inhibited", "false")];
    let query: Vec<(&str, &str)> = state.into_iter().chain(filters).collect();
    let alerts: Vec<Firing> = get(endpoint, "/api/v2/alerts", &query).await?;
    Ok(alerts.into_iter().take(MOST_ALERTS).map(alert).collect())
}

fn alert(firing: Firing) -> Alert {
    let clean = |text: &str| crate::redact::text(text).into_owned();
    let said = ["summary", "message", "description"].iter().find_map(|name| firing.annotations.get(*name));
    let summary: String = said.map(|said| clean(said).chars().take(LONGEST_SUMMARY).collect()).unwrap_or_default();
    let name = firing.labels.get("alertname").map(String::as_str).unwrap_or_default();
    Alert {
        meta: ObjectMeta { name: name.into(), uid: firing.fingerprint.as_str().into(), ..ObjectMeta::default() },
        labels: firing.labels.iter().map(|(name, value)| (name.as_str(), clean(value))).collect(),
        summary: summary.as_str().into(),
        starts_at: firing.starts_at,
    }
}
