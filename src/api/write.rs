//! What can be asked for: each answers 202 with an id after the commit.

use super::{Api, Problem, auth::Caller, route};
use crate::{
    ids,
    inbox::{Work, inspection_lane},
    inspection::archive::{self, Asked, Listener},
    requests::{AlertBatch, REQUESTS, Received, Request},
    store::{Commit, CommitError},
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;

/// Tries of a commit that somebody else's commit got in the way of.
const TRIES: usize = 8;
/// Characters of a question.
const QUESTION_LIMIT: usize = 4_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InspectionOrder {
    cluster: String,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionOrder {
    cluster: String,
    question: String,
}

/// `POST /api/v1/inspections {"cluster": "prod", "namespace": null}`.
pub(super) async fn inspection(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let order: InspectionOrder = parse(&body)?;
    room(&api)?;
    known_cluster(&api, &caller, &order.cluster)?;
    let namespace = order.namespace.as_deref();
    let received = Received::Inspection { cluster: order.cluster.clone(), namespace: order.namespace.clone() };
    for _ in 0..TRIES {
        let request = accepted(&api, &caller, received.clone());
        let mut commit = Commit::new();
        commit.insert(&REQUESTS, request.id.as_str(), &request);
        let listener = Listener::Request { id: request.id.clone() };
        let scope = (order.cluster.as_str(), namespace);
        match archive::ask(&api.store, &mut commit, scope, vec![listener], api.clock.now())? {
            Asked::Opened => {
                let work = Work::Inspect { cluster: order.cluster.clone(), namespace: order.namespace.clone() };
                api.inbox.add(&mut commit, inspection_lane(&order.cluster, namespace), work);
            }
            Asked::Joined => {}
            Asked::Full => return Err(busy()),
        }
        match api.store.commit(commit).await {
            // An inspection opened or ended meanwhile: join the one that is there now.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(answer("inspections", &request)),
        }
    }
    Err(busy())
}

/// `POST /api/v1/questions {"cluster": "prod", "question": "why is checkout restarting?"}`.
pub(super) async fn question(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let order: QuestionOrder = parse(&body)?;
    room(&api)?;
    known_cluster(&api, &caller, &order.cluster)?;
    if order.question.trim().is_empty() || order.question.chars().count() > QUESTION_LIMIT {
        let text = format!("question must have 1 to {QUESTION_LIMIT} characters");
        return Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let received = Received::Question { cluster: order.cluster, question: order.question };
    let request = accepted(&api, &caller, received);
    let mut commit = Commit::new();
    commit.insert(&REQUESTS, request.id.as_str(), &request);
    api.inbox.add(&mut commit, format!("question {}", request.id), Work::Question { request: request.id.clone() });
    api.store.commit(commit).await?;
    Ok(answer("questions", &request))
}

/// `POST /api/v1/alerts`: Alertmanager's webhook message. The cluster is the label `cluster`, or the only one that is
/// configured; the channel is that of the first route that fits.
pub(super) async fn alerts(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, Problem> {
    let batch: AlertBatch = parse(&body)?;
    room(&api)?;
    let unprocessable = |text: String| Problem(StatusCode::UNPROCESSABLE_ENTITY, text);
    let first = batch.alerts.first().ok_or_else(|| unprocessable("alerts is empty".into()))?;
    let mut labels = first.labels.clone();
    labels.extend(batch.common_labels.clone());
    let cluster = match labels.get("cluster") {
        Some(label) => api
            .clusters
            .iter()
            .find(|(name, alert_label)| *alert_label == label || *name == label)
            .map(|(name, _)| name.clone())
            .ok_or_else(|| unprocessable(format!("the label cluster=\"{label}\" names no configured cluster")))?,
        None => match api.clusters.keys().collect::<Vec<_>>().as_slice() {
            [only] => (*only).clone(),
            _ => return Err(unprocessable("the alerts carry no label cluster, and several are configured".into())),
        },
    };
    known_cluster(&api, &caller, &cluster)?;
    let route = route(&api.settings.routes, &cluster, &labels).ok_or_else(|| {
        unprocessable(format!("no [[api.route]] fits alerts of the cluster {cluster} with these labels"))
    })?;
    let channel = api
        .access
        .by_name(&route.channel)
        .ok_or_else(|| unprocessable(format!("the route's channel {} is not listed", route.channel)))?;
    let request = accepted(&api, &caller, Received::Alerts { cluster, channel: channel.clone(), batch });
    let mut commit = Commit::new();
    commit.insert(&REQUESTS, request.id.as_str(), &request);
    api.inbox.add(&mut commit, format!("alerts {channel}"), Work::Alerts { request: request.id.clone() });
    api.store.commit(commit).await?;
    Ok(answer("alerts", &request))
}

/// Refuses while too much waits already.
fn room(api: &Api) -> Result<(), Problem> {
    if api.inbox.is_full()? { Err(busy()) } else { Ok(()) }
}

fn busy() -> Problem {
    Problem(StatusCode::SERVICE_UNAVAILABLE, "too much waits already; try again later".into())
}

fn accepted(api: &Api, caller: &Caller, received: Received) -> Request {
    Request { id: ids::random(), caller: caller.name.clone(), at: api.clock.now(), received, outcome: None }
}

fn answer(collection: &str, request: &Request) -> Response {
    let location = format!("/api/v1/{collection}/{}", request.id);
    let body = Json(serde_json::json!({ "id": request.id, "location": location }));
    (StatusCode::ACCEPTED, [("location", location)], body).into_response()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem(StatusCode::UNPROCESSABLE_ENTITY, format!("the body is not as expected: {error}")))
}

fn known_cluster(api: &Api, caller: &Caller, cluster: &str) -> Result<(), Problem> {
    if api.clusters.contains_key(cluster) && caller.may_see(cluster) {
        return Ok(());
    }
    Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, format!("there is no cluster \"{cluster}\" for this token")))
}
