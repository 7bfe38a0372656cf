//! The fake's gateway: sessions, sequence numbers, replay, and everything that goes wrong with them.

use super::Shared;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// What goes to the bot.
#[derive(Debug)]
pub(super) enum Frame {
    Json(Value),
    Close(Option<u16>),
    /// The TCP connection ends without a word.
    Cut,
}

#[derive(Debug)]
struct Session {
    id: String,
    sequence: u64,
    log: Vec<(u64, Value)>,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    frames: mpsc::UnboundedSender<Frame>,
}

#[derive(Debug)]
pub(super) struct Gateway {
    session: Option<Session>,
    connection: Option<Connection>,
    connections: u64,
    pub(super) identifies: u32,
    pub(super) resumes: u32,
    /// The next dispatches come twice.
    pub(super) duplicate: u32,
    /// The next dispatches never come.
    pub(super) lose: u32,
    pub(super) silent: bool,
    pub(super) heartbeat: u64,
    pub(super) heartbeats: u32,
    pub(super) hold_ready: bool,
    waits_for_ready: bool,
    /// No session is left for so long.
    pub(super) exhausted: Option<Duration>,
    /// The next IDENTIFY or RESUME is answered by this close code.
    pub(super) refuse: Option<u16>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            session: None,
            connection: None,
            connections: 0,
            identifies: 0,
            resumes: 0,
            duplicate: 0,
            lose: 0,
            silent: false,
            heartbeat: 41_250,
            heartbeats: 0,
            hold_ready: false,
            waits_for_ready: false,
            exhausted: None,
            refuse: None,
        }
    }
}

impl Gateway {
    /// Whether a bot is connected and has had its READY or RESUMED.
    pub(super) fn is_ready(&self) -> bool {
        self.connection.is_some() && self.session.is_some() && !self.waits_for_ready
    }

    pub(super) fn send(&self, frame: Frame) {
        if let Some(connection) = &self.connection {
            // A connection that has just ended takes nothing; a session's log keeps the dispatch.
            drop(connection.frames.send(frame));
        }
    }

    /// Ends the connection; the session can be resumed unless `forget`.
    pub(super) fn end(&mut self, frame: Frame) {
        self.send(frame);
        self.connection = None;
    }

    /// The session can be resumed no longer.
    pub(super) fn forget(&mut self) {
        self.session = None;
    }

    pub(super) fn dispatch(&mut self, kind: &str, data: &Value) {
        if self.lose > 0 {
            self.lose -= 1;
            return;
        }
        let times = if self.duplicate > 0 { 2 } else { 1 };
        self.duplicate = self.duplicate.saturating_sub(1);
        for _ in 0..times {
            let Some(session) = &mut self.session else { return };
            session.sequence += 1;
            let event = json!({ "op": 0, "t": kind, "s": session.sequence, "d": data });
            session.log.push((session.sequence, event.clone()));
            if !self.waits_for_ready {
                self.send(Frame::Json(event));
            }
        }
    }
}

/// Takes connections until the fake is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut sink, mut incoming) = socket.split();
    let (frames, mut outgoing) = mpsc::unbounded_channel();
    let number = shared.with(|state| {
        state.gateway.connections += 1;
        state.gateway.connections
    });
    let interval = shared.with(|state| state.gateway.heartbeat);
    drop(frames.send(Frame::Json(json!({ "op": 10, "d": { "heartbeat_interval": interval } }))));
    loop {
        tokio::select! {
            frame = outgoing.recv() => {
                let sent = match frame {
                    Some(Frame::Json(value)) => sink.send(Message::Text(value.to_string())).await,
                    Some(Frame::Close(code)) => {
                        let frame = code.map(|code| CloseFrame { code: CloseCode::from(code), reason: "".into() });
                        drop(sink.send(Message::Close(frame)).await);
                        break;
                    }
                    Some(Frame::Cut) | None => break,
                };
                if sent.is_err() {
                    break;
                }
            }
            message = incoming.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let value = serde_json::from_str(&text).unwrap_or(Value::Null);
                    shared.with(|state| take(state, &value, number, &frames, &shared.gateway_url));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    shared.with(|state| {
        let connection = &mut state.gateway.connection;
        if connection.as_ref().is_some_and(|connection| connection.number == number) {
            *connection = None;
        }
    });
}

fn take(state: &mut super::state::State, value: &Value, number: u64, frames: &mpsc::UnboundedSender<Frame>, url: &str) {
    let send = |frame| drop(frames.send(frame));
    let data = &value["d"];
    let gateway = &mut state.gateway;
    match value["op"].as_u64() {
        Some(1) => {
            gateway.heartbeats += 1;
            if !gateway.silent {
                send(Frame::Json(json!({ "op": 11 })));
            }
        }
        Some(2 | 6) if gateway.refuse.is_some() => send(Frame::Close(gateway.refuse.take())),
        Some(2 | 6) if data["token"] != state.token.as_str() => send(Frame::Close(Some(4004))),
        Some(2) => {
            gateway.identifies += 1;
            let id = format!("session-{}", gateway.identifies);
            gateway.session = Some(Session { id, sequence: 0, log: Vec::new() });
            gateway.connection = Some(Connection { number, frames: frames.clone() });
            gateway.waits_for_ready = true;
            if !gateway.hold_ready {
                ready(state, url);
            }
        }
        Some(6) => {
            gateway.resumes += 1;
            let since = data["seq"].as_u64().unwrap_or_default();
            match &mut gateway.session {
                Some(session) if data["session_id"] == session.id.as_str() => {
                    gateway.connection = Some(Connection { number, frames: frames.clone() });
                    for (_, event) in session.log.iter().filter(|(sequence, _)| *sequence > since) {
                        send(Frame::Json(event.clone()));
                    }
                    session.sequence += 1;
                    send(Frame::Json(json!({ "op": 0, "t": "RESUMED", "s": session.sequence, "d": {} })));
                }
                Some(_) | None => send(Frame::Json(json!({ "op": 9, "d": false }))),
            }
        }
        _ => {}
    }
}

/// Sends the READY that an IDENTIFY waits for.
pub(super) fn ready(state: &mut super::state::State, url: &str) {
    if !state.gateway.waits_for_ready {
        return;
    }
    let (me, guild, application) = (state.user_json(state.me), state.guild.to_string(), state.application.to_string());
    let gateway = &mut state.gateway;
    gateway.waits_for_ready = false;
    let Some(session) = &mut gateway.session else { return };
    session.sequence += 1;
    let event = json!({ "op": 0, "t": "READY", "s": session.sequence, "d": {
        "v": 10, "user": me, "guilds": [{ "id": guild, "unavailable": true }], "session_id": session.id,
        "resume_gateway_url": format!("{url}/resume"), "shard": [0, 1],
        "application": { "id": application, "flags": 0 },
    }});
    gateway.send(Frame::Json(event));
}
