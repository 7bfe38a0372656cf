//! The requests that the page makes.

use crate::{
    chat::Refusal,
    config::{Room, SignIn},
    feed::Feed,
    guard,
    intake::{Job, Outcome, Task},
    session::{Refused, SESSION, Session},
    shared::Shared,
    texts, wire,
};
use axum::{
    Json, Router,
    body::Body as HttpBody,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware,
    response::{Html, IntoResponse, Response, Sse, sse::KeepAlive},
    routing::{get, post},
};
use contract::{Block, GRAMMAR, Token};
use futures::stream;
use serde::{Deserialize, Serialize};
use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Characters of one message.
const TEXT: usize = 16_000;
const BODY_BYTES: usize = 128 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type App = State<Arc<Shared>>;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/sign-in", post(sign_in))
        .route("/sign-in/{token}", get(spend_link))
        .route("/sign-out", post(sign_out))
        .route("/session", get(session))
        .route("/commands", get(commands))
        .route("/rooms/{room}/events", get(events))
        .route("/rooms/{room}/messages", post(say))
        .route("/rooms/{room}/press", post(press))
        .route("/rooms/{room}/files/{message}/{number}", get(file))
        .route("/assets/{name}", get(asset))
        .fallback(|| async { Problem(StatusCode::NOT_FOUND, texts::NO_SUCH_PAGE.into()) })
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared.hosts), guard::guard))
        .with_state(shared)
}

/// A refusal with a sentence for the person.
struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "problem": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

/// A request of somebody who is signed in.
struct SignedIn(Session);

impl FromRequestParts<Arc<Shared>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let session = cookie(&parts.headers, &shared.cookie).and_then(|secret| shared.door.session(secret));
        session.map(Self).ok_or(Problem(StatusCode::UNAUTHORIZED, texts::SIGNED_OUT.into()))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

impl Shared {
    fn set_cookie(&self, secret: &str, seconds: u64) -> (header::HeaderName, String) {
        let secure = if self.secure_cookie { "; Secure" } else { "" };
        let name = &self.cookie;
        (header::SET_COOKIE, format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"))
    }

    /// The room, where this person sees it; one that is for others is answered as one that is not there.
    fn room(&self, id: &str, session: &Session) -> Result<&Room, Problem> {
        let room = self.chat.room(id).filter(|room| room.admits(&session.name));
        room.ok_or_else(|| Problem(StatusCode::NOT_FOUND, texts::NO_SUCH_ROOM.into()))
    }

    /// Hands a job to the running console and waits for what became of it. The job goes on when the page hangs up.
    async fn work(&self, task: Task) -> Result<Json<Outcome>, Problem> {
        let unavailable = |text: &str| Problem(StatusCode::SERVICE_UNAVAILABLE, text.to_owned());
        let sender = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = sender.ok_or_else(|| unavailable(texts::NOT_RUNNING))?;
        let (reply, answer) = oneshot::channel();
        sender.try_send(Job { task, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable(texts::BUSY),
            mpsc::error::TrySendError::Closed(_) => unavailable(texts::NOT_RUNNING),
        })?;
        match answer.await {
            Ok(Ok(outcome)) => Ok(Json(outcome)),
            Ok(Err(Refusal::NoMessage)) => Err(Problem(StatusCode::CONFLICT, texts::REPLIED_TO_NOTHING.into())),
            Ok(Err(Refusal::NoButton)) => Err(Problem(StatusCode::CONFLICT, texts::NO_BUTTON.into())),
            Ok(Err(Refusal::Disk(error))) => {
                tracing::error!(%error, "the console's message log cannot be written");
                Err(unavailable(texts::NOT_STORED))
            }
            Ok(Err(Refusal::Intake(error))) => {
                tracing::warn!(%error, "a message from the console was not stored");
                Err(unavailable(texts::NOT_STORED))
            }
            Err(_) => Err(unavailable(texts::NOT_RUNNING)),
        }
    }
}

async fn page(State(shared): App, headers: HeaderMap) -> Html<&'static str> {
    let session = cookie(&headers, &shared.cookie).and_then(|secret| shared.door.session(secret));
    Html(match (session, shared.door.sign_in()) {
        (Some(_), _) => include_str!("../assets/chat.html"),
        (None, SignIn::Password { .. }) => include_str!("../assets/sign-in.html"),
        (None, SignIn::OneTimeLink { .. }) => include_str!("../assets/link.html"),
    })
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn sign_in(
    State(shared): App,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Credentials { name, password }) = credentials?;
    match shared.door.by_password(&name, password, peer.ip()).await {
        Ok(secret) => Ok((StatusCode::NO_CONTENT, [shared.set_cookie(&secret, SESSION.as_secs())]).into_response()),
        Err(refused) => Err(refused.into()),
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong => Self(StatusCode::UNAUTHORIZED, texts::WRONG_PASSWORD.into()),
            Refused::TooMany => Self(StatusCode::TOO_MANY_REQUESTS, texts::TOO_MANY_TRIES.into()),
            Refused::NoPasswords => Self(StatusCode::NOT_FOUND, texts::NO_PASSWORDS.into()),
        }
    }
}

/// Spends a link. Answers with a page that goes on to the chat by itself, because the cookie is not sent along a
/// redirect that began on another site (a link in a web terminal).
async fn spend_link(
    State(shared): App,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let looks_ahead = headers.get("sec-purpose").is_some() || method == Method::HEAD;
    if looks_ahead {
        // A browser that guesses where somebody will go, or a link preview: the link stays good.
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match shared.door.by_link(&token, peer.ip()) {
        Ok(secret) => {
            let cookie = shared.set_cookie(&secret, SESSION.as_secs());
            ([cookie], Html(include_str!("../assets/welcome.html"))).into_response()
        }
        Err(Refused::TooMany) => (StatusCode::TOO_MANY_REQUESTS, texts::TOO_MANY_TRIES).into_response(),
        Err(Refused::Wrong | Refused::NoPasswords) => {
            (StatusCode::FORBIDDEN, Html(include_str!("../assets/spent.html"))).into_response()
        }
    }
}

async fn sign_out(State(shared): App, SignedIn(session): SignedIn) -> Response {
    shared.door.sign_out(&session);
    shared.chat.wake();
    (StatusCode::NO_CONTENT, [shared.set_cookie("", 0)]).into_response()
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
}

async fn session(State(shared): App, SignedIn(session): SignedIn) -> Response {
    let config = &shared.chat.config;
    let rooms = config.rooms.iter().filter(|room| room.admits(&session.name));
    let rooms: Vec<Entry<'_>> = rooms.map(|room| Entry { id: &room.id, title: &room.title }).collect();
    let links: Vec<Entry<'_>> = config.links.iter().map(|link| Entry { id: &link.url, title: &link.title }).collect();
    Json(serde_json::json!({ "name": session.name, "rooms": rooms, "links": links, "longest": TEXT })).into_response()
}

async fn commands(_: SignedIn) -> Response {
    let row = |spec: &contract::CommandSpec| {
        serde_json::json!({
            "word": spec.word,
            "synopsis": spec.synopsis(),
            "summary": spec.summary,
            "example": spec.example,
            "arguments": spec.arguments.len(),
        })
    };
    Json(GRAMMAR.iter().map(row).collect::<Vec<_>>()).into_response()
}

#[derive(Deserialize)]
struct After {
    /// The last event that the page has seen, where it opens a new connection.
    after: Option<String>,
}

async fn events(
    State(shared): App,
    SignedIn(session): SignedIn,
    Path(room): Path<String>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shared.room(&room, &session)?;
    let place = Arc::clone(&shared.readers)
        .try_acquire_owned()
        .map_err(|_| Problem(StatusCode::SERVICE_UNAVAILABLE, texts::TOO_MANY_READERS.into()))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned).or(after);
    let feed = Feed::new(shared, session, room, last.as_deref().filter(|id| !id.is_empty()), place);
    Ok(Sse::new(stream::unfold(feed, Feed::next)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

#[derive(Deserialize)]
struct NewMessage {
    text: String,
    reply_to: Option<String>,
    key: Option<String>,
}

async fn say(
    State(shared): App,
    SignedIn(session): SignedIn,
    Path(room): Path<String>,
    message: Result<Json<NewMessage>, JsonRejection>,
) -> Result<Json<Outcome>, Problem> {
    let Json(NewMessage { text, reply_to, key }) = message?;
    shared.room(&room, &session)?;
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, texts::EMPTY.into()));
    }
    if text.chars().count() > TEXT || key.as_ref().is_some_and(|key| key.len() > 64) {
        return Err(Problem(StatusCode::PAYLOAD_TOO_LARGE, texts::too_long(TEXT)));
    }
    shared.work(Task::Say { room, who: session.name, text, reply_to, key }).await
}

#[derive(Deserialize)]
struct NewPress {
    message: String,
    token: Token,
}

async fn press(
    State(shared): App,
    SignedIn(session): SignedIn,
    Path(room): Path<String>,
    press: Result<Json<NewPress>, JsonRejection>,
) -> Result<Json<Outcome>, Problem> {
    let Json(NewPress { message, token }) = press?;
    shared.room(&room, &session)?;
    shared.work(Task::Press { room, who: session.name, message, token }).await
}

async fn file(
    State(shared): App,
    SignedIn(session): SignedIn,
    Path((room, message, number)): Path<(String, String, usize)>,
) -> Result<Response, Problem> {
    shared.room(&room, &session)?;
    let found = shared.chat.read(&room, |state, names| {
        let message = state.get(names.number_in(&message)?)?;
        let body = message.body().filter(|_| message.is_visible_to(&session.name))?;
        wire::files(body).nth(number).cloned()
    });
    let (name, media_type, disposition, bytes) = match found {
        Some(Block::Image { name, bytes, .. }) => match picture(&bytes) {
            Some(media_type) => (name, media_type.to_owned(), "inline", bytes),
            None => (name, "application/octet-stream".into(), "attachment", bytes),
        },
        Some(Block::File { name, media_type, bytes }) => (name, media_type, "attachment", bytes),
        _ => return Err(Problem(StatusCode::NOT_FOUND, texts::NO_SUCH_FILE.into())),
    };
    let mut response = Response::new(HttpBody::from(bytes));
    let headers = response.headers_mut();
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&media_type).unwrap_or(octets));
    if let Ok(value) = HeaderValue::from_str(&format!("{disposition}; filename=\"{}\"", file_name(&name))) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let (policy, value) = guard::file_policy();
    headers.insert(policy, value);
    Ok(response)
}

/// The media type of the two kinds of picture that are shown in the page.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    }
}

/// A name that is a name only, whatever the system.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' };
    name.chars().take(120).map(plain).collect()
}

async fn asset(Path(name): Path<String>) -> Response {
    let (media_type, text) = match name.as_str() {
        "chat.js" => ("text/javascript; charset=utf-8", include_str!("../assets/chat.js")),
        "message.js" => ("text/javascript; charset=utf-8", include_str!("../assets/message.js")),
        "composer.js" => ("text/javascript; charset=utf-8", include_str!("../assets/composer.js")),
        "server.js" => ("text/javascript; charset=utf-8", include_str!("../assets/server.js")),
        "texts.js" => ("text/javascript; charset=utf-8", include_str!("../assets/texts.js")),
        "sign-in.js" => ("text/javascript; charset=utf-8", include_str!("../assets/sign-in.js")),
        "style.css" => ("text/css; charset=utf-8", include_str!("../assets/style.css")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return Problem(StatusCode::NOT_FOUND, texts::NO_SUCH_FILE.into()).into_response(),
    };
    // Looked at again each time: a new version must not run with the old one's script.
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}
