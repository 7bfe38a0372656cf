//! The fake's REST API: the routes that a bot uses, with the answers that Discord gives when it refuses.

use super::{
    Fault, Scope, Shared, form, interactions, rules,
    state::{Call, File, Message, State},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract,
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
}

pub(super) fn refuse(status: u16, code: u64, message: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: json!({ "code": code, "message": message }) }
}

pub(super) fn ok(body: Value) -> Answer {
    Answer { status: 200, headers: Vec::new(), body }
}

pub(super) fn done() -> Answer {
    Answer { status: 204, headers: Vec::new(), body: Value::Null }
}

/// A request, read.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) authorized: bool,
    pub(super) gateway: String,
}

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router =
        Router::new().fallback(take).layer(extract::DefaultBodyLimit::max(64 * 1024 * 1024)).with_state(shared);
    // It ends when the fake is dropped.
    drop(axum::serve(listener, router).await);
}

async fn take(
    extract::State(shared): extract::State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response<Body> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (body, files) = form::read(text(header::CONTENT_TYPE), &bytes);
    let path = uri.path().trim_start_matches("/api/v10").to_owned();
    let authorization = text(header::AUTHORIZATION).to_owned();
    let line = format!("{method} {path}");

    let call = shared.with(|state| {
        state.calls.push(Call { method: method.to_string(), path: path.clone(), body: body.clone(), status: 0 });
        state.calls.len() - 1
    });
    let mut changed = shared.changed.subscribe();
    while shared.with_quietly(|state| state.held.iter().any(|held| line.contains(held))) {
        if changed.changed().await.is_err() {
            break;
        }
    }
    let (answer, fault) = shared.with(|state| {
        let place = state.faults.iter().position(|(route, _)| line.contains(route));
        let fault = place.map(|place| state.faults.remove(place).1);
        let answer = match fault {
            Some(Fault::Status(status)) => refuse(status, 0, "the fake was told to fail"),
            Some(Fault::RateLimited { after, scope }) => limited(after.as_secs_f64(), scope),
            Some(Fault::CutBefore) => done(),
            Some(Fault::CutAfter | Fault::LastOfBucket { .. }) | None => {
                let authorized = authorization == format!("Bot {}", state.token);
                let gateway = shared.gateway_url.clone();
                let request = Request { method, path, body, files, authorized, gateway };
                route(state, &request).unwrap_or_else(|refusal| refusal)
            }
        };
        if let Some(call) = state.calls.get_mut(call) {
            call.status = answer.status;
        }
        (answer, fault)
    });
    write(answer, fault)
}

fn write(answer: Answer, fault: Option<Fault>) -> Response<Body> {
    let cut = matches!(fault, Some(Fault::CutAfter | Fault::CutBefore));
    // 204 has no body that could break off.
    let status = if cut { 200 } else { answer.status };
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap_or_default());
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = match fault {
        // A body that breaks off: the client knows that it was heard, and not what was answered.
        Some(Fault::CutAfter | Fault::CutBefore) => {
            response = response.header(header::CONTENT_LENGTH, "1000");
            Body::from_stream(futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) }))
        }
        Some(Fault::LastOfBucket { after }) => {
            response = response
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset-after", after.as_secs_f64().to_string());
            Body::from(answer.body.to_string())
        }
        Some(Fault::Status(_) | Fault::RateLimited { .. }) | None if answer.body.is_null() => Body::empty(),
        Some(Fault::Status(_) | Fault::RateLimited { .. }) | None => Body::from(answer.body.to_string()),
    };
    response.header(header::CONTENT_TYPE, "application/json").body(body).unwrap_or_default()
}

fn limited(after: f64, scope: Scope) -> Answer {
    let global = scope == Scope::Global;
    let word = match scope {
        Scope::User => "user",
        Scope::Global => "global",
        Scope::Shared => "shared",
    };
    let mut headers = vec![
        ("retry-after", after.ceil().to_string()),
        ("x-ratelimit-scope", word.to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset-after", after.to_string()),
    ];
    if global {
        headers.push(("x-ratelimit-global", "true".to_owned()));
    }
    let body = json!({ "message": "You are being rate limited.", "retry_after": after, "global": global, "code": 0 });
    Answer { status: 429, headers, body }
}

fn route(state: &mut State, request: &Request) -> Result<Answer, Answer> {
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let method = request.method.as_str();
    match (method, parts.as_slice()) {
        ("POST", ["interactions", id, token, "callback"]) => return interactions::callback(state, id, token, request),
        ("POST", ["webhooks", application, token]) => {
            return interactions::follow_up(state, application, token, request);
        }
        (_, ["webhooks", application, token, "messages", id]) => {
            return interactions::message(state, application, token, id, request);
        }
        _ if !request.authorized => return Err(refuse(401, 0, "401: Unauthorized")),
        _ => {}
    }
    match (method, parts.as_slice()) {
        ("GET", ["gateway"]) => Ok(ok(json!({ "url": request.gateway }))),
        ("GET", ["gateway", "bot"]) => {
            let exhausted = state.gateway.exhausted;
            let remaining = if exhausted.is_some() { 0 } else { 1_000 - state.gateway.identifies };
            let reset_after = exhausted.map_or(0, |after| after.as_millis());
            Ok(ok(json!({
                "url": request.gateway, "shards": 1,
                "session_start_limit": {
                    "total": 1_000, "remaining": remaining, "reset_after": reset_after, "max_concurrency": 1,
                },
            })))
        }
        ("GET", ["users", "@me"]) => Ok(ok(state.user_json(state.me))),
        ("GET", ["applications", "@me"]) => Ok(ok(json!({ "id": state.application.to_string(), "name": "roundsman" }))),
        ("PUT", ["applications", application, "commands"]) => put_commands(state, application, None, request),
        ("PUT", ["applications", application, "guilds", guild, "commands"]) => {
            put_commands(state, application, Some((*guild).to_owned()), request)
        }
        ("POST", ["users", "@me", "channels"]) => {
            let user = number(request.body["recipient_id"].as_str().unwrap_or_default());
            let user =
                user.filter(|id| state.users.contains_key(id)).ok_or_else(|| refuse(404, 10_013, "Unknown User"))?;
            Ok(ok(json!({ "id": state.direct_with(user).to_string(), "type": 1 })))
        }
        ("POST", ["channels", channel, "typing"]) => {
            writable(state, channel)?;
            state.typing.push((*channel).to_owned());
            Ok(done())
        }
        ("POST", ["channels", channel, "messages"]) => post(state, channel, request),
        ("GET", ["channels", channel, "messages", id]) => {
            writable(state, channel)?;
            let message = own(state, channel, id)?;
            Ok(ok(state.message_json(&message)))
        }
        ("PATCH", ["channels", channel, "messages", id]) => {
            writable(state, channel)?;
            let message = own(state, channel, id)?;
            let message = fill(state, message, request)?;
            replace(state, message)
        }
        ("DELETE", ["channels", channel, "messages", id]) => {
            writable(state, channel)?;
            let message = own(state, channel, id)?;
            state.messages.retain(|other| other.id != message.id);
            Ok(done())
        }
        _ => Err(refuse(404, 0, "404: Not Found")),
    }
}

pub(super) fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn put_commands(
    state: &mut State,
    application: &str,
    guild: Option<String>,
    request: &Request,
) -> Result<Answer, Answer> {
    if number(application) != Some(state.application) {
        return Err(refuse(404, 10_002, "Unknown Application"));
    }
    if guild.as_deref().is_some_and(|guild| number(guild) != Some(state.guild)) {
        return Err(refuse(403, 50_001, "Missing Access"));
    }
    rules::commands(&request.body)?;
    let commands = request.body.as_array().cloned().unwrap_or_default();
    state.commands.insert(guild, commands);
    Ok(ok(request.body.clone()))
}

fn writable(state: &State, channel: &str) -> Result<u64, Answer> {
    let unknown = || refuse(404, 10_003, "Unknown Channel");
    let id = number(channel).ok_or_else(unknown)?;
    let channel = state.channels.get(&id).ok_or_else(unknown)?;
    if channel.forbidden {
        return Err(refuse(403, 50_001, "Missing Access"));
    }
    if channel.with.and_then(|user| state.users.get(&user)).is_some_and(|user| user.closed) {
        return Err(refuse(403, 50_007, "Cannot send messages to this user"));
    }
    Ok(id)
}

/// A message of the bot in that channel; what is ephemeral is not there for the bot's token.
fn own(state: &State, channel: &str, id: &str) -> Result<Message, Answer> {
    let found = state.message(id).filter(|message| message.channel == channel && message.only_for.is_none());
    let message = found.ok_or_else(|| refuse(404, 10_008, "Unknown Message"))?;
    if message.author != state.me.to_string() {
        return Err(refuse(403, 50_005, "Cannot edit a message authored by another user"));
    }
    Ok(message.clone())
}

fn post(state: &mut State, channel: &str, request: &Request) -> Result<Answer, Answer> {
    let channel = writable(state, channel)?;
    let body = &request.body;
    if body["enforce_nonce"] == true
        && let Some(before) = body["nonce"].as_str().and_then(|nonce| state.with_nonce(nonce))
    {
        return Ok(ok(state.message_json(before)));
    }
    let me = state.me;
    let mut message = state.blank(channel, me);
    message.nonce = body["nonce"].as_str().map(str::to_owned);
    let reference = &body["message_reference"];
    if let Some(id) = reference["message_id"].as_str() {
        let there = state.message(id).is_some_and(|other| other.channel == message.channel && other.only_for.is_none());
        if !there && reference["fail_if_not_exists"] != false {
            return Err(refuse(400, 50_035, "Invalid Form Body"));
        }
        message.reply_to = there.then(|| id.to_owned());
    }
    let message = fill(state, message, request)?;
    let message = Message { edits: 0, ..message };
    let value = state.message_json(&message);
    state.messages.push(message);
    // The bot sees its own messages come in, too.
    state.gateway.dispatch("MESSAGE_CREATE", &value);
    Ok(ok(value))
}

/// The message with the request's content; what the request does not name stays.
pub(super) fn fill(state: &State, mut message: Message, request: &Request) -> Result<Message, Answer> {
    let body = &request.body;
    let contents: Vec<Vec<u8>> = request.files.iter().map(|(_, bytes)| bytes.clone()).collect();
    rules::message(body, &contents)?;
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if let Some(content) = body.get("content") {
        // Discord trims.
        content.as_str().unwrap_or_default().trim().clone_into(&mut message.content);
    }
    if let Some(embeds) = body.get("embeds") {
        message.embeds = array(embeds);
    }
    if let Some(components) = body.get("components") {
        message.components = array(components);
    }
    if body.get("attachments").is_some() || !request.files.is_empty() {
        let described = array(&body["attachments"]);
        let text = |index: usize| described.get(index).and_then(|entry| entry["description"].as_str());
        let files = request.files.iter().enumerate();
        message.files = files
            .map(|(index, (name, bytes))| File {
                name: name.clone(),
                description: text(index).unwrap_or_default().to_owned(),
                bytes: bytes.clone(),
            })
            .collect();
    }
    if message.content.is_empty()
        && message.embeds.is_empty()
        && message.components.is_empty()
        && message.files.is_empty()
    {
        return Err(refuse(400, 50_006, "Cannot send an empty message"));
    }
    message.pings = pings(state, &message, &body["allowed_mentions"]);
    message.loading = false;
    message.edits += 1;
    Ok(message)
}

/// Embeds mention nobody; content does, unless the request says otherwise.
fn pings(state: &State, message: &Message, allowed: &Value) -> bool {
    let mentions = message.content.contains("@everyone")
        || message.content.contains("@here")
        || state.users.keys().any(|id| message.content.contains(&format!("<@{id}>")));
    let none = |key: &str| allowed[key].as_array().is_none_or(Vec::is_empty);
    let silent = allowed.is_object() && none("parse") && none("users") && none("roles");
    let replies = message.reply_to.is_some() && allowed["replied_user"] != false;
    (mentions && !silent) || replies
}

pub(super) fn replace(state: &mut State, message: Message) -> Result<Answer, Answer> {
    let value = state.message_json(&message);
    if let Some(place) = state.message_mut(&message.id) {
        *place = message;
    }
    Ok(ok(value))
}
