//! The service behind `kube::Client`: one request in, one answer out. Time catches up before each answer; no task runs in between.

use std::convert::Infallible;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use kube::client::Body;
use serde_json::Value;

use super::recorder::Shape;
use super::request::{Call, Verb, parse_query};
use super::resources::{self, Verbs};
use super::status::{self, Failure};
use super::watch::Watch;
use super::{Answer, Identity, Shared, State, delete, discover, logs, read, write};

/// The type of the answers' bodies.
pub(super) type Out = UnsyncBoxBody<Bytes, Infallible>;

/// How often an open watch lets time catch up while nobody else asks.
const TICK: Duration = Duration::from_secs(1);

/// Answers one request.
pub(super) async fn serve(
    shared: Arc<Shared>,
    identity: Identity,
    request: Request<Body>,
) -> Result<Response<Out>, kube::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    let header = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let call = Call {
        path: parts.uri.path().to_owned(),
        query: parse_query(parts.uri.query().unwrap_or_default()),
        content_type: header(header::CONTENT_TYPE),
        accept: header(header::ACCEPT),
        method: parts.method,
        body: body.to_vec(),
    };
    let answer = {
        let mut state = lock(&shared);
        state.recorder.note(Shape::of(identity, &call));
        state.catch_up(&shared);
        let answer = handle(&mut state, identity, &call);
        state.catch_up(&shared);
        answer
    };
    Ok(match answer {
        Ok(Answer::Watch(watch)) => stream_watch(shared, watch),
        Ok(Answer::Json(code, value)) => json(code, "application/json", &value),
        Ok(Answer::Typed(kind, value)) => json(StatusCode::OK, kind, &value),
        Ok(Answer::Text(StatusCode::NO_CONTENT, _)) => respond(StatusCode::NO_CONTENT, "", Bytes::new()),
        Ok(Answer::Text(code, words)) => respond(code, "text/plain; charset=utf-8", words.into()),
        Err(Failure::Status(status, code)) => json(code, "application/json", &status),
        Err(Failure::NoSuchPath) => {
            respond(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", Bytes::from_static(b"404 page not found\n"))
        }
    })
}

pub(super) fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn handle(state: &mut State, identity: Identity, call: &Call) -> Result<Answer, Failure> {
    let simulation = &mut state.simulation;
    let Some(target) = call.target() else {
        let verb = call.method.as_str().to_lowercase();
        if !identity.may_read(&call.path) {
            return Err(status::forbidden_path(identity.user(), &verb, &call.path));
        }
        return if call.method == http::Method::GET { discover::get(call) } else { Err(status::method_not_allowed()) };
    };
    let verb = call.verb(&target);
    if !identity.may(verb, &target) {
        return Err(status::forbidden(identity.user(), verb.as_str(), &target));
    }
    let Some(row) = resources::find(&target.group, &target.version, &target.resource) else {
        return Err(discover::missing(&target.group, &target.version));
    };
    if target.subresource.as_deref().is_some_and(|wanted| !row.subresources.contains(&wanted)) {
        return Err(status::no_such_resource());
    }
    if row.verbs == Verbs::CreateOnly && verb != Verb::Create {
        return Err(status::method_not_allowed());
    }
    match verb {
        Verb::Get if target.subresource.as_deref() == Some("log") => logs::get(simulation, row, &target, call),
        Verb::Get => read::get(simulation, row, &target, call),
        Verb::List => read::list(simulation, row, &target, call),
        Verb::Watch => Ok(Answer::Watch(Watch::open(row, &target, call)?)),
        Verb::Create => write::create(simulation, identity, row, &target, call),
        Verb::Update => write::update(simulation, identity, row, &target, call),
        Verb::Patch => write::patch(simulation, identity, row, &target, call),
        Verb::Delete => delete::delete(simulation, row, &target, call),
        Verb::DeleteCollection => Err(status::method_not_allowed()),
    }
}

fn json(code: StatusCode, kind: &str, value: &Value) -> Response<Out> {
    respond(code, kind, value.to_string().into())
}

fn respond(code: StatusCode, kind: &str, body: Bytes) -> Response<Out> {
    with_body(code, kind, Full::new(body).boxed_unsync())
}

fn with_body(code: StatusCode, kind: &str, body: Out) -> Response<Out> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    if let Ok(kind) = header::HeaderValue::from_str(kind)
        && !kind.is_empty()
    {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// The lines of a watch as they come: after each change, and once a second for what only time changes.
fn stream_watch(shared: Arc<Shared>, watch: Watch) -> Response<Out> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(watch.timeout);
    let changes = shared.changes.subscribe();
    let frames = stream::unfold(Some((shared, watch, changes)), move |open| async move {
        let (shared, mut watch, mut changes) = open?;
        loop {
            let lines = {
                let mut state = lock(&shared);
                state.catch_up(&shared);
                watch.poll(&state.simulation)
            };
            if !lines.is_empty() {
                let over = watch.ended();
                return Some((frame(&lines), (!over).then_some((shared, watch, changes))));
            }
            if tokio::time::Instant::now() >= deadline {
                return watch.farewell().map(|line| (frame(&[line]), None));
            }
            // Whichever comes first; both only mean: look again.
            drop(tokio::time::timeout_at(deadline.min(tokio::time::Instant::now() + TICK), changes.changed()).await);
        }
    });
    with_body(StatusCode::OK, "application/json", StreamBody::new(frames).boxed_unsync())
}

fn frame(lines: &[Value]) -> Result<Frame<Bytes>, Infallible> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Ok(Frame::data(text.into()))
}
