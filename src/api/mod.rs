//! The HTTP API: requests are accepted with 202 and an id after the commit, and looked up by it.

mod auth;
mod health;
mod read;
mod routing;
mod write;

use crate::{channel::Access, clock::Clock, config::ApiSettings, health::Health, inbox::Inbox, store::Store};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{collections::BTreeMap, sync::Arc};

/// The largest body that is read: an Alertmanager batch of some hundred alerts fits.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the API works with.
#[derive(Debug)]
pub struct Api {
    /// The listening address, callers and routes.
    pub settings: ApiSettings,
    /// Where everything is kept.
    pub store: Store,
    /// Where work goes.
    pub inbox: Inbox,
    /// Who is listed: routes name channels.
    pub access: Access,
    /// The clusters' names, each with the value of the `cluster` label that means it.
    pub clusters: BTreeMap<String, String>,
    /// How the parts are.
    pub health: Health,
    /// What time it is.
    pub clock: Clock,
}

/// The routes.
pub fn router(api: Api) -> Router {
    let api = Arc::new(api);
    let v1 = Router::new()
        .route("/inspections", post(write::inspection))
        .route("/inspections/{id}", get(read::inspection))
        .route("/questions", post(write::question))
        .route("/questions/{id}", get(read::request))
        .route("/alerts", post(write::alerts))
        .route("/alerts/{id}", get(read::request))
        .route("/reports/{cluster}", get(read::report))
        .route("/proposals", get(read::proposals))
        .route("/audit", get(read::audit))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&api), auth::bearer));
    Router::new()
        .nest("/api/v1", v1)
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || Problem(StatusCode::NOT_FOUND, "there is nothing here; the API begins at /api/v1".into()))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}

/// An error with its reason, as JSON.
#[derive(Debug)]
pub(crate) struct Problem(pub(crate) StatusCode, pub(crate) String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "error": self.1 }))).into_response()
    }
}

impl From<crate::store::ReadError> for Problem {
    fn from(error: crate::store::ReadError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<crate::store::CommitError> for Problem {
    fn from(error: crate::store::CommitError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let reason = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {BODY_LIMIT} bytes"),
            _ => format!("the body cannot be read: {}", rejection.body_text()),
        };
        Self(rejection.status(), reason)
    }
}

#[cfg(test)]
mod tests;
