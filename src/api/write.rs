//! What can be asked for: each answers 202 with an id after the commit.

use super::{Api, Problem, auth::Caller, routing};
use crate::{
    ids,
    inbox::Work,
    inspection::archive::{self, Asked, Listener, Scope},
    redact,
    report::CheckSet,
    requests::{self, AlertBatch, REQUESTS, Received, Request},
    store::{Commit, CommitError},
};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
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
    set: Option<CheckSet>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionOrder {
    cluster: String,
    question: String,
}

/// `POST /api/v1/inspections {"cluster": "prod", "namespace": null, "set": "hygiene"}`; without a set the daily checks.
pub(super) async fn inspection(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let order: InspectionOrder = parse(&body?)?;
    room(&api)?;
    known_cluster(&api, &caller, &order.cluster)?;
    let InspectionOrder { cluster, namespace, set } = order;
    let set = set.unwrap_or_default();
    let scope = Scope { cluster: &cluster, namespace: namespace.as_deref(), set };
    let received = Received::Inspection { cluster: cluster.clone(), namespace: namespace.clone(), set };
    for _ in 0..TRIES {
        let request = accepted(&api, &caller, received.clone());
        let mut commit = Commit::new();
        commit.insert(&REQUESTS, request.id.as_str(), &request);
        let listener = Listener::Request { id: request.id.clone() };
        match archive::ask(&api.store, &mut commit, scope, vec![listener], api.clock.now())? {
            Asked::Opened => api.inbox.add_inspection(&mut commit, scope),
            Asked::Joined => {}
            Asked::Full => return Err(busy()),
        }
        match api.store.commit(commit).await {
            // An inspection opened or ended meanwhile: join the one that is there now.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(answer("inspections", &[request.id])),
        }
    }
    Err(busy())
}

/// `POST /api/v1/questions {"cluster": "prod", "question": "why is checkout restarting?"}`.
pub(super) async fn question(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let order: QuestionOrder = parse(&body?)?;
    room(&api)?;
    known_cluster(&api, &caller, &order.cluster)?;
    if order.question.trim().is_empty() || order.question.chars().count() > QUESTION_LIMIT {
        let text = format!("question must have 1 to {QUESTION_LIMIT} characters");
        return Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let question = redact::text(&order.question).into_owned();
    let received = Received::Question { cluster: order.cluster, question };
    let request = accepted(&api, &caller, received);
    let mut commit = Commit::new();
    commit.insert(&REQUESTS, request.id.as_str(), &request);
    api.inbox.add(&mut commit, format!("question {}", request.id), Work::Question { request: request.id.clone() });
    api.store.commit(commit).await?;
    Ok(answer("questions", &[request.id]))
}

/// `POST /api/v1/alerts`: Alertmanager's webhook message, one request for each place that its alerts go to. A batch that
/// is delivered again is the same request.
pub(super) async fn alerts(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let batch: AlertBatch = parse(&body?)?;
    room(&api)?;
    let parts = routing::sorted(&api, &caller, batch.without_secrets())?;
    for _ in 0..TRIES {
        let mut requests = Vec::new();
        let mut commit = Commit::new();
        for part in parts.clone() {
            let digest = part.batch.digest(&[&caller.name, &part.cluster, &part.channel.to_string()]);
            let received = Received::Alerts { cluster: part.cluster, channel: part.channel.clone(), batch: part.batch };
            let request = accepted(&api, &caller, received);
            if let Some(known) = requests::told_before(&api.store, &mut commit, digest, &request)? {
                requests.push(known);
                continue;
            }
            commit.insert(&REQUESTS, request.id.as_str(), &request);
            let work = Work::Alerts { request: request.id.clone() };
            api.inbox.add(&mut commit, format!("alerts {}", part.channel), work);
            requests.push(request.id);
        }
        match api.store.commit(commit).await {
            // The same batch arrived twice at once.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(answer("alerts", &requests)),
        }
    }
    Err(busy())
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

/// `id` and `location` are those of the first request; where there are several, `locations` has them all.
fn answer(collection: &str, ids: &[String]) -> Response {
    let locations: Vec<String> = ids.iter().map(|id| format!("/api/v1/{collection}/{id}")).collect();
    let location = locations.first().cloned().unwrap_or_default();
    let mut body = serde_json::json!({ "id": ids.first(), "location": location });
    if locations.len() > 1 {
        body["locations"] = locations.into();
    }
    (StatusCode::ACCEPTED, [("location", location)], Json(body)).into_response()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem(StatusCode::UNPROCESSABLE_ENTITY, format!("the body is not as expected: {error}")))
}

pub(super) fn known_cluster(api: &Api, caller: &Caller, cluster: &str) -> Result<(), Problem> {
    if api.clusters.contains_key(cluster) && caller.may_see(cluster) {
        return Ok(());
    }
    Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, format!("there is no cluster \"{cluster}\" for this token")))
}
