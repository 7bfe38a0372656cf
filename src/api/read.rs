//! What can be looked up.

use super::{Api, Problem, auth::Caller};
use crate::{
    finding::{Severity, UnknownSeverity},
    forms::{Form, UnknownForm, View},
    inspection::archive::{self, Scope},
    repair::{self, PROPOSALS, Proposal},
    report::{CheckSet, Report, UnknownSet},
    requests::{self, Outcome, Received, Request},
    store::{Direction, Keys},
};
use axum::{
    Extension, Json,
    extract::{FromRequestParts, Path, Query, State},
    http::{
        StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse, Response},
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
    find(&api, &caller, &id).map(Json)
}

/// An inspection's request, or once it is done its report in another form than JSON: `?form=html`, or by `Accept`.
pub(super) async fn inspection(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    wish: Wish,
) -> Result<Response, Problem> {
    let request = find(&api, &caller, &id)?;
    if !matches!(request.received, Received::Inspection { .. }) {
        return Err(Problem(StatusCode::NOT_FOUND, format!("there is no inspection {id}")));
    }
    let Some(form) = wish.form.filter(|form| *form != Form::Json) else { return Ok(Json(request).into_response()) };
    match (&request.received, request.outcome.as_ref().map(|outcome| &outcome.result)) {
        (_, None) => Ok((StatusCode::ACCEPTED, Json(request)).into_response()),
        (Received::Inspection { namespace, .. }, Some(Outcome::Report(report))) => {
            written(&api, report, namespace.as_deref(), form, &wish)
        }
        (_, Some(Outcome::Failed(why))) => Err(Problem(StatusCode::CONFLICT, format!("there is no report: {why}"))),
        (_, Some(Outcome::Report(_) | Outcome::Answer(_))) => {
            Err(Problem(StatusCode::NOT_FOUND, format!("there is no inspection {id}")))
        }
    }
}

fn find(api: &Api, caller: &Caller, id: &str) -> Result<Request, Problem> {
    let found = requests::load(&api.store, id)?.map(|request| request.into_value());
    let visible = found.filter(|request| match &request.received {
        Received::Inspection { cluster, .. }
        | Received::Question { cluster, .. }
        | Received::Alerts { cluster, .. } => caller.may_see(cluster),
    });
    visible.ok_or_else(|| Problem(StatusCode::NOT_FOUND, format!("there is no request {id}")))
}

/// The latest report of a cluster, as JSON or in the form that is asked for; of other than the daily checks by `?set=`.
pub(super) async fn report(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(cluster): Path<String>,
    wish: Wish,
) -> Result<Response, Problem> {
    let known = api.clusters.contains_key(&cluster) && caller.may_see(&cluster);
    let report = if known { archive::latest(&api.store, Scope::daily(&cluster).with(wish.set))? } else { None };
    match report {
        Some(stored) => written(&api, &stored.report, None, wish.form.unwrap_or(Form::Json), &wish),
        None => Err(Problem(StatusCode::NOT_FOUND, format!("there is no report of {cluster}"))),
    }
}

fn written(api: &Api, report: &Report, namespace: Option<&str>, form: Form, wish: &Wish) -> Result<Response, Problem> {
    let trend = match form {
        Form::Html => Some(archive::trend(&api.store, Scope::of(report, namespace))?),
        Form::Text | Form::Json | Form::Markdown | Form::Junit | Form::Prometheus => None,
    };
    let view = View { fail_on: wish.fail_on, explain_score: true, trend, ..View::default() };
    let text = form.write(report, &view).map_err(|error| {
        Problem(StatusCode::INTERNAL_SERVER_ERROR, format!("the report cannot be written: {error}"))
    })?;
    Ok(([(CONTENT_TYPE, form.media_type())], text).into_response())
}

/// In which form somebody wants a report.
#[derive(Debug)]
pub(super) struct Wish {
    /// By `?form=`, else by `Accept`; None takes what there is.
    form: Option<Form>,
    /// From which severity on a JUnit test case fails: `?fail_on=`.
    fail_on: Severity,
    /// Of which checks, where a cluster's latest one is wanted: `?set=`.
    set: CheckSet,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    form: Option<String>,
    fail_on: Option<String>,
    set: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Wish {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unprocessable = |error: String| Problem(StatusCode::UNPROCESSABLE_ENTITY, error);
        let asked = Query::<Asked>::from_request_parts(parts, state).await;
        let Query(asked) = asked.map_err(|rejection| unprocessable(rejection.body_text()))?;
        let accept = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let form = match asked.form {
            Some(name) => Some(name.parse().map_err(|unknown: UnknownForm| unprocessable(unknown.to_string()))?),
            None => accept.and_then(Form::accepted),
        };
        let fail_on = match asked.fail_on {
            Some(name) => name.parse().map_err(|unknown: UnknownSeverity| unprocessable(unknown.to_string()))?,
            None => Severity::High,
        };
        let set = match asked.set {
            Some(name) => name.parse().map_err(|unknown: UnknownSet| unprocessable(unknown.to_string()))?,
            None => CheckSet::Daily,
        };
        Ok(Self { form, fail_on, set })
    }
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
