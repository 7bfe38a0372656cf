//! A model that follows a script: an OpenAI-compatible server which goes on only if the request holds the evidence that
//! the run produced, and can fail in every way that real endpoints do.
#![allow(dead_code, reason = "the tests of the agent and the stories use different parts of it")]

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::task::JoinSet;

/// One reply of the model.
#[derive(Clone)]
pub(crate) struct Turn {
    needs: Vec<String>,
    lacks: Vec<String>,
    reply: Reply,
}

#[derive(Clone)]
enum Reply {
    Say(String),
    Calls(Vec<(String, Value)>),
    /// Any status and body.
    Raw(u16, String),
    /// The connection breaks in the middle of the body.
    Cut,
    /// No answer at all.
    Silence,
}

impl Turn {
    /// The model answers.
    pub(crate) fn say(text: &str) -> Self {
        Self::of(Reply::Say(text.to_owned()))
    }

    /// The model calls a tool.
    pub(crate) fn call(tool: &str, arguments: Value) -> Self {
        Self::calls([(tool, arguments)])
    }

    /// The model calls several tools at once.
    pub(crate) fn calls<const N: usize>(calls: [(&str, Value); N]) -> Self {
        Self::of(Reply::Calls(calls.map(|(tool, arguments)| (tool.to_owned(), arguments)).to_vec()))
    }

    /// The endpoint answers with this status and body.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        Self::of(Reply::Raw(status, body.to_owned()))
    }

    /// The connection breaks in the middle of the body.
    pub(crate) fn cut() -> Self {
        Self::of(Reply::Cut)
    }

    /// The endpoint never answers.
    pub(crate) fn silence() -> Self {
        Self::of(Reply::Silence)
    }

    /// Only if the messages of the request hold this; may be said several times.
    #[must_use]
    pub(crate) fn after(mut self, evidence: &str) -> Self {
        self.needs.push(evidence.to_owned());
        self
    }

    /// Only if the request does not hold this anywhere.
    #[must_use]
    pub(crate) fn without(mut self, secret: &str) -> Self {
        self.lacks.push(secret.to_owned());
        self
    }

    fn of(reply: Reply) -> Self {
        Self { needs: Vec::new(), lacks: Vec::new(), reply }
    }
}

/// A running script. The server stops when it is dropped.
pub(crate) struct Script {
    url: String,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

struct Shared {
    play: Mutex<Play>,
    asked: tokio::sync::watch::Sender<usize>,
    held: tokio::sync::watch::Sender<bool>,
}

#[derive(Default)]
struct Play {
    turns: VecDeque<Turn>,
    /// Where every question starts; empty for a script that is played once.
    anew: VecDeque<Turn>,
    problems: Vec<String>,
    requests: Vec<Value>,
    keys: Vec<String>,
}

impl Script {
    pub(crate) async fn start(turns: Vec<Turn>) -> Self {
        Self::serve(Play { turns: turns.into(), ..Play::default() }).await
    }

    /// Begins anew with every question: for a bot that may be killed over an answer and ask again.
    pub(crate) async fn for_every_question(turns: Vec<Turn>) -> Self {
        Self::serve(Play { anew: turns.into(), ..Play::default() }).await
    }

    async fn serve(play: Play) -> Self {
        let asked = tokio::sync::watch::Sender::new(0);
        let shared = Arc::new(Shared { play: Mutex::new(play), asked, held: tokio::sync::watch::Sender::new(false) });
        let app = Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared, _serving: serving }
    }

    /// The base URL, up to and with `/v1`.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.shared.play.lock().unwrap().requests.clone()
    }

    /// The `Authorization` headers so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.shared.play.lock().unwrap().keys.clone()
    }

    /// Waits until so many requests have come in.
    pub(crate) async fn asked(&self, times: usize) {
        self.shared.asked.subscribe().wait_for(|asked| *asked >= times).await.unwrap();
    }

    /// No reply is given until [`Script::release`].
    pub(crate) fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// Nothing was missing, and every turn was played.
    pub(crate) fn finished(&self) {
        let play = self.shared.play.lock().unwrap();
        assert!(play.problems.is_empty(), "the model was not given what it needs: {:#?}", play.problems);
        assert!(play.turns.is_empty(), "{} turns were not played", play.turns.len());
    }
}

/// The texts of all messages, and of the calls in them.
fn texts(request: &Value) -> String {
    let messages = request["messages"].as_array().into_iter().flatten();
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    messages.map(|message| format!("{}\n{}", text(message), message["tool_calls"])).collect::<Vec<_>>().join("\n")
}

/// Whether nothing was called for it yet.
fn is_question(request: &Value) -> bool {
    request["messages"].as_array().and_then(|all| all.last()).is_some_and(|last| last["role"] == "user")
}

/// Calls without results, and results without calls.
fn orphans(request: &Value) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    for message in request["messages"].as_array().into_iter().flatten() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let Some(place) = open.iter().position(|known| known == id) else {
                return Some(format!("a result without a call: {id}"));
            };
            open.remove(place);
        } else if !open.is_empty() {
            break;
        }
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        open.extend(calls.map(|call| call["id"].as_str().unwrap_or_default().to_owned()));
    }
    open.first().map(|id| format!("a call without a result: {id}"))
}

async fn complete(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = {
        let mut play = shared.play.lock().unwrap();
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let key = headers.get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default();
        play.keys.push(key.to_owned());
        let (said, whole) = (texts(&request), String::from_utf8_lossy(&body).into_owned());
        if !play.anew.is_empty() && is_question(&request) {
            play.turns = play.anew.clone();
        }
        let number = play.requests.len() + 1;
        let orphan = orphans(&request);
        play.requests.push(request);
        shared.asked.send_modify(|asked| *asked += 1);
        let Some(turn) = play.turns.front() else {
            play.problems.push(format!("request {number} came after the last turn"));
            return (StatusCode::INTERNAL_SERVER_ERROR, "the script is over").into_response();
        };
        let missing = turn.needs.iter().filter(|need| !said.contains(*need)).map(|need| format!("misses {need:?}"));
        let leaked = turn.lacks.iter().filter(|lack| whole.contains(*lack)).map(|lack| format!("holds {lack:?}"));
        let problems: Vec<String> = missing.chain(leaked).chain(orphan).collect();
        if !problems.is_empty() {
            let problem = format!("request {number} {}", problems.join(", "));
            play.problems.push(format!("{problem}:\n{said}"));
            return (StatusCode::INTERNAL_SERVER_ERROR, problem).into_response();
        }
        play.turns.pop_front().map(|turn| (number, turn.reply))
    };
    shared.held.subscribe().wait_for(|held| !held).await.unwrap();
    let Some((number, reply)) = reply else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110});
    let completion = |message: Value, reason: &str| {
        let choices = json!([{"index": 0, "message": message, "finish_reason": reason}]);
        let body = json!({"id": format!("reply-{number}"), "object": "chat.completion", "created": 1, "model": "scripted",
            "choices": choices, "usage": usage});
        axum::Json(body).into_response()
    };
    match reply {
        Reply::Say(text) => completion(json!({"role": "assistant", "content": text}), "stop"),
        Reply::Calls(calls) => {
            let call = |(place, (tool, arguments)): (usize, (String, Value))| {
                let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
                json!({"id": format!("call-{number}-{place}"), "type": "function",
                    "function": {"name": tool, "arguments": arguments}})
            };
            let calls: Vec<Value> = calls.into_iter().enumerate().map(call).collect();
            completion(json!({"role": "assistant", "content": null, "tool_calls": calls}), "tool_calls")
        }
        Reply::Raw(status, body) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("content-type", "application/json")], body).into_response()
        }
        Reply::Cut => {
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let parts: [Result<Bytes, std::io::Error>; 2] =
                [Ok(Bytes::from_static(b"{\"choices\": [{\"mess")), Err(broken)];
            Response::new(Body::from_stream(futures::stream::iter(parts)))
        }
        Reply::Silence => std::future::pending().await,
    }
}
