//! What can be looked up.

use super::{Api, Problem, auth::Caller};
use crate::{
    inspection::archive,
    repair::{self, PROPOSALS, Proposal},
    report::Report,
    requests::{self, Received, Request},
    store::{Direction, Keys},
};
use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;

/// Rows of one answer.
const ROWS: usize = 200;

/// A request and what came of it; `outcome` is null while it is worked on.
pub(super) async fn request(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Request>, Problem> {
    let found = requests::load(&api.store, &id)?.map(|request| request.into_value());
    let visible = found.filter(|request| match &request.received {
        Received::Inspection { cluster, .. }
        | Received::Question { cluster, .. }
        | Received::Alerts { cluster, .. } => caller.may_see(cluster),
    });
    visible.map(Json).ok_or_else(|| Problem(StatusCode::NOT_FOUND, format!("there is no request {id}")))
}

/// The latest report of a cluster.
pub(super) async fn report(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(cluster): Path<String>,
) -> Result<Json<Report>, Problem> {
    let known = api.clusters.contains_key(&cluster) && caller.may_see(&cluster);
    let report = if known { archive::latest(&api.store, &cluster, None)? } else { None };
    report
        .map(|stored| Json(stored.report))
        .ok_or_else(|| Problem(StatusCode::NOT_FOUND, format!("there is no report of {cluster}")))
}

/// Proposals.
pub(super) async fn proposals(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<Proposal>>, Problem> {
    let rows = api.store.scan(&PROPOSALS, &Keys::all(), 10_000, Direction::Ascending)?;
    let mut proposals: Vec<Proposal> = rows
        .into_iter()
        .map(|(_, proposal)| proposal.into_value())
        .filter(|proposal| caller.may_see(&proposal.cluster))
        .collect();
    proposals.sort_by_key(|proposal| std::cmp::Reverse(proposal.created_at));
    proposals.truncate(ROWS);
    Ok(Json(proposals))
}

/// From where the audit is read on.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// Only entries before this number.
    before: Option<u64>,
}

/// The audit, newest first, for a caller that may see every cluster.
pub(super) async fn audit(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<repair::Entry>>, Problem> {
    if !api.clusters.keys().all(|cluster| caller.may_see(cluster)) {
        return Err(Problem(StatusCode::FORBIDDEN, "the audit is for callers that may see every cluster".into()));
    }
    Ok(Json(repair::audit::before(&api.store, page.before, ROWS)?))
}
