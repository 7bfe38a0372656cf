//! A running console, a core that writes down what it is given, and a person with a browser's manners.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may panic; clippy knows test functions only, not what they call"
)]
#![allow(dead_code, reason = "each test binary uses its part")]

use console::{Config, Console, Room, SignIn, User};
use contract::{
    Adapter, Block, Body, BoxFuture, ChannelRef, Connection, Inbound, Intake, IntakeError, MessageRef, Outbound,
    OutboundId, OutboundKind, Platform, StopHandle,
};
use reqwest12 as reqwest;
use reqwest12::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinSet,
};

/// A core that only writes down; it can refuse, and it can make callers wait.
#[derive(Debug)]
pub(crate) struct Core {
    seen: watch::Sender<Vec<Inbound>>,
    /// Offers, also those that were refused or wait.
    offers: watch::Sender<usize>,
    refusing: watch::Sender<bool>,
    open: watch::Sender<bool>,
    pub(crate) connections: Mutex<Vec<Connection>>,
}

impl Core {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: watch::Sender::new(Vec::new()),
            offers: watch::Sender::new(0),
            refusing: watch::Sender::new(false),
            open: watch::Sender::new(true),
            connections: Mutex::default(),
        })
    }

    pub(crate) fn refuse(&self, refusing: bool) {
        self.refusing.send_replace(refusing);
    }

    /// Closed: nothing is accepted until it is opened.
    pub(crate) fn gate(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub(crate) fn seen(&self) -> Vec<Inbound> {
        self.seen.borrow().clone()
    }

    pub(crate) async fn wait_for_offers(&self, count: usize) {
        self.offers.subscribe().wait_for(|offers| *offers >= count).await.unwrap();
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Inbound> {
        patient(async { self.seen.subscribe().wait_for(|seen| seen.len() >= count).await.unwrap().clone() }).await
    }
}

impl Intake for Core {
    fn accept<'a>(&'a self, inbound: Inbound) -> BoxFuture<'a, Result<(), IntakeError>> {
        Box::pin(async move {
            self.offers.send_modify(|offers| *offers += 1);
            self.open.subscribe().wait_for(|open| *open).await.unwrap();
            if *self.refusing.borrow() {
                return Err(IntakeError("the disk is full".into()));
            }
            self.seen.send_modify(|seen| {
                if !seen.iter().any(|known| known.id == inbound.id) {
                    seen.push(inbound);
                }
            });
            Ok(())
        })
    }

    fn connection(&self, connection: Connection) {
        self.connections.lock().unwrap().push(connection);
    }
}

/// A running console.
pub(crate) struct World {
    pub(crate) console: Arc<Console>,
    pub(crate) core: Arc<Core>,
    stop: Option<StopHandle>,
    tasks: JoinSet<()>,
    /// Its own, so that a kill ends everything of it, as the death of a process does.
    runtime: Option<Runtime>,
    deliveries: usize,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        rooms: vec![
            Room { id: "ops".into(), title: "Operations".into(), readers: None },
            Room { id: "shop".into(), title: "Shop".into(), readers: None },
        ],
        ..Config::default()
    }
}

pub(crate) fn with_log(path: &Path) -> Config {
    Config { log_path: Some(path.to_owned()), ..config() }
}

/// Argon2 at its least, so that a test does not wait for what is slow on purpose. The password is `open sesame`.
pub(crate) fn alice() -> SignIn {
    people(&["alice"])
}

/// All of these, with that password.
pub(crate) fn people(names: &[&str]) -> SignIn {
    let user = |name: &&str| User { name: (*name).to_owned(), password_hash: cheap_hash("open sesame") };
    SignIn::Password { users: names.iter().map(user).collect() }
}

fn cheap_hash(password: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version, password_hash::SaltString};
    let salt = SaltString::encode_b64(b"some salt for tests").unwrap();
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    cheap.hash_password(password.as_bytes(), &salt).unwrap().to_string()
}

pub(crate) async fn patient<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("this did not happen within 20 s")
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self::with_core(config, Core::new())
    }

    pub(crate) fn with_core(config: Config, core: Arc<Core>) -> Self {
        let console = Arc::new(Console::bind(config).unwrap());
        let (stop, stopped) = StopHandle::new();
        let mut tasks = JoinSet::new();
        let (running, intake) = (Arc::clone(&console), Arc::clone(&core));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        tasks.spawn_on(async move { running.run(&*intake, stopped).await.unwrap() }, runtime.handle());
        Self { console, core, stop: Some(stop), tasks, runtime: Some(runtime), deliveries: 0 }
    }

    /// Ends in good order.
    pub(crate) async fn stop(mut self) {
        self.stop.take();
        while let Some(ended) = patient(self.tasks.join_next()).await {
            ended.unwrap();
        }
    }

    /// Ends like a killed process: nothing more is written.
    pub(crate) async fn kill(mut self) {
        self.tasks.detach_all();
        let runtime = self.runtime.take().unwrap();
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(10))).await.unwrap();
    }

    pub(crate) fn outbound(&mut self, kind: OutboundKind, body: Body) -> Outbound {
        self.deliveries += 1;
        let id = OutboundId(format!("{:022}", self.deliveries));
        Outbound { id, to: ops(), kind, body }
    }

    pub(crate) async fn post(&mut self, body: Body) -> MessageRef {
        let message = self.outbound(OutboundKind::Post { reply_to: None }, body);
        self.console.deliver(&message).await.unwrap()
    }

    pub(crate) async fn post_blocks(&mut self, blocks: impl IntoIterator<Item = Block>) -> MessageRef {
        self.post(Body::new(blocks)).await
    }

    pub(crate) async fn edit(&mut self, message: &MessageRef, body: Body) {
        let edit = self.outbound(OutboundKind::Edit { message: message.clone() }, body);
        assert_eq!(self.console.deliver(&edit).await.unwrap(), *message);
    }

    pub(crate) fn person(&self) -> Person {
        Person::of(&self.console)
    }

    /// Somebody who came in by a one-time link.
    pub(crate) async fn signed_in(&self) -> Person {
        let mut person = self.person();
        let link = self.console.one_time_link().unwrap();
        let answer = person.http.get(link).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        person.take_cookie(&answer);
        person
    }
}

pub(crate) fn ops() -> ChannelRef {
    ChannelRef::new(Platform::Console, "ops")
}

/// A person's browser, without the page.
pub(crate) struct Person {
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) cookie: String,
}

impl Person {
    pub(crate) fn of(console: &Console) -> Self {
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, url: console.url(), cookie: String::new() }
    }

    /// Signs in with the password of the tests.
    pub(crate) async fn sign_in(mut self, name: &str) -> Self {
        let credentials = json!({ "name": name, "password": "open sesame" });
        let answer = self.post("/sign-in", &credentials).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        self.take_cookie(&answer);
        self
    }

    pub(crate) fn take_cookie(&mut self, answer: &Response) {
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        for rule in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(rule), "{cookie}");
        }
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie)
    }

    /// As the page posts.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post_bare(path, body).header("origin", &self.url).header("x-roundsman", "1")
    }

    pub(crate) fn post_bare(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).header("cookie", &self.cookie).json(body)
    }

    pub(crate) async fn say(&self, text: &str) -> Response {
        self.post("/rooms/ops/messages", &json!({ "text": text })).send().await.unwrap()
    }

    /// The room's stream from this event on.
    pub(crate) async fn follow(&self, last: Option<&str>) -> Stream {
        let mut request = self.get("/rooms/ops/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Stream { response, text: String::new(), events: VecDeque::new() }
    }

    /// All that the room shows now.
    pub(crate) async fn history(&self) -> Vec<Event> {
        self.follow(None).await.until_ready().await
    }
}

/// Server-sent events.
pub(crate) struct Stream {
    response: Response,
    text: String,
    events: VecDeque<Event>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Event {
    /// What the message says in one line.
    pub(crate) fn summary(&self) -> &str {
        self.data["summary"].as_str().unwrap_or_default()
    }
}

impl Stream {
    /// The next event; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let chunk = patient(self.response.chunk()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let mut one = Event { name: String::new(), id: String::new(), data: Value::Null };
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => one.name = name.to_owned(),
                        Some(("id", id)) => one.id = id.to_owned(),
                        Some(("data", data)) => one.data = serde_json::from_str(data).unwrap(),
                        _ => {}
                    }
                }
                let rest = rest.to_owned();
                if !one.name.is_empty() {
                    self.events.push_back(one);
                }
                self.text = rest;
            }
        }
    }

    pub(crate) async fn until_ready(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.expect("the stream ended before it was ready");
            if event.name == "ready" {
                return events;
            }
            events.push(event);
        }
    }
}
