//! The HTTP side: `/bot<token>/<method>`, long polling, and faults on the way.

use super::{
    Fault, Shared, TOKEN,
    form::Form,
    methods,
    refusal::Refusal,
    world::{Bot, World},
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::{Value, json};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// A little above the largest document, so that the method can refuse it in its own words.
const BODY: usize = 60_000_000;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/{bot}/{method}", any(handle)).layer(DefaultBodyLimit::max(BODY)).with_state(shared)
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let method = method.to_lowercase();
    let fault = shared.change(|world| {
        *world.calls.entry(method.clone()).or_default() += 1;
        world.take_fault(&method)
    });
    match bot.strip_prefix("bot") {
        None => return answer(Err(Refusal::new(404, "Not Found"))),
        Some(token) if token != TOKEN => return answer(Err(Refusal::new(401, "Unauthorized"))),
        Some(_) => {}
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(form) = Form::read(content_type, &body) else {
        return answer(Err(Refusal::bad("can't parse request JSON object")));
    };
    let chat = form.number("chat_id");
    match fault {
        None => {}
        Some(Fault::RetryAfter { seconds, everything }) => {
            shared.change(|world| world.freeze(chat.filter(|_| !everything), seconds));
            return answer(Err(Refusal::flood(Duration::from_secs(seconds))));
        }
        Some(Fault::CannotParse) => {
            let problem = "can't parse entities: Unsupported start tag \"x\" at byte offset 0";
            return answer(Err(Refusal::bad(problem)));
        }
        Some(Fault::Kicked) => {
            if let Some(chat) = chat {
                shared.change(|world| world.chat(chat).bot = Bot::Out);
            }
        }
        Some(Fault::Migrate) => {
            if let Some(chat) = chat {
                shared.change(|world| world.migrate(chat));
            }
        }
        Some(Fault::Refuse { code, description }) => return answer(Err(Refusal::new(code, description))),
        Some(Fault::Conflict) => return answer(Err(Refusal::conflict())),
        Some(Fault::ServerError) => return answer(Err(Refusal::new(500, "Internal Server Error"))),
        Some(Fault::BadGateway) => return (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response(),
        Some(Fault::DropBefore) => return broken(),
        Some(Fault::DropAfter) => {
            // What the method says is lost with the connection.
            drop(shared.change(|world| methods::run(world, &method, &form)));
            return broken();
        }
        Some(Fault::Delay(wait)) => tokio::time::sleep(wait).await,
    }
    if method == "getupdates" {
        return answer(get_updates(&shared, &form).await);
    }
    answer(shared.change(|world| methods::run(world, &method, &form)))
}

async fn get_updates(shared: &Shared, form: &Form) -> Result<Value, Refusal> {
    let mut changed = shared.changed.subscribe();
    let limit = form.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100).clamp(1, 100);
    let wait = Duration::from_secs(form.number("timeout").and_then(|wait| u64::try_from(wait).ok()).unwrap_or(0));
    let poller = shared.change(|world| {
        if world.webhook.is_some() {
            return Err(Refusal::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                 webhook first",
            ));
        }
        if let Some(offset) = form.number("offset") {
            world.updates.retain(|(id, _)| *id >= offset);
            world.acknowledged = world.acknowledged.max(offset - 1);
        }
        if let Some(allowed) = form.object("allowed_updates").and_then(|list| list.as_array().cloned()) {
            world.allowed_updates = Some(allowed.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        }
        world.poller += 1;
        Ok(world.poller)
    })?;
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let found = shared.read(|world| {
            if world.poller != poller {
                return Err(Refusal::conflict());
            }
            Ok(waiting(world, limit))
        })?;
        if !found.is_empty() {
            return Ok(json!(found));
        }
        if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
            return Ok(json!([]));
        }
    }
}

fn waiting(world: &World, limit: usize) -> Vec<Value> {
    let allowed = |update: &Value| match &world.allowed_updates {
        // The real one leaves out what was not asked for when it happens; unknown kinds are always let through here.
        Some(kinds) => {
            kinds.is_empty()
                || kinds.iter().any(|kind| update.get(kind).is_some())
                || !["message", "callback_query", "my_chat_member"].iter().any(|kind| update.get(kind).is_some())
        }
        None => true,
    };
    let found = world.updates.iter().map(|(_, update)| update).filter(|update| allowed(update)).take(limit).cloned();
    if world.duplicate_updates { found.flat_map(|update| [update.clone(), update]).collect() } else { found.collect() }
}

fn answer(result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(refusal.json())).into_response()
        }
    }
}

/// A response whose connection breaks before it is whole.
fn broken() -> Response {
    Response::new(Body::new(Broken))
}

struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))))
    }
}
