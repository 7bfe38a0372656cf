//! Whether the process lives, and whether its parts work.

use super::{Api, Problem};
use crate::{
    health::{Phase, Shown},
    inbox::{INBOX, PARKED},
    outbox::{DEAD, OUTBOX},
    store::{Direction, Keys, ReadError},
};
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::Arc;

/// How the parts are, and what waits.
#[derive(Debug, Serialize)]
struct Readiness {
    #[serde(flatten)]
    shown: Shown,
    waiting: Waiting,
}

/// What is not done, and what was given up.
#[derive(Debug, Serialize)]
struct Waiting {
    inbox: usize,
    outbox: usize,
    /// Since when the oldest message of the outbox waits.
    outbox_since: Option<DateTime<Utc>>,
    /// Items that failed too often.
    parked: usize,
    /// Messages that no platform took.
    dead: usize,
}

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// 200 when the process takes work in; the parts that are down are named either way, because one platform or cluster
/// that is down must not take the others with it.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, Problem> {
    let shown = api.health.shown();
    let status = if shown.phase == Phase::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(Readiness { shown, waiting: waiting(&api)? })))
}

fn waiting(api: &Api) -> Result<Waiting, ReadError> {
    let all = Keys::all();
    let rows = api.store.scan(&OUTBOX, &all, usize::MAX, Direction::Ascending)?;
    Ok(Waiting {
        inbox: api.store.count(&INBOX, &all)?,
        outbox: rows.len(),
        outbox_since: rows.iter().map(|(_, row)| row.created_at).min(),
        parked: api.store.count(&PARKED, &all)?,
        dead: api.store.count(&DEAD, &all)?,
    })
}
