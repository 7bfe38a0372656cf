//! Whether the process lives, and whether its parts work.

use super::Api;
use crate::health::Phase;
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use std::sync::Arc;

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// 200 when the process takes work in; the parts that are down are named either way, because one platform or cluster
/// that is down must not take the others with it.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let shown = api.health.shown();
    let status = if shown.phase == Phase::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(shown))
}
