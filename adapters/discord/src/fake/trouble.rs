//! What goes wrong with Discord, on demand.

use super::{
    FakeDiscord,
    gateway::{self, Frame},
};
use serde_json::json;
use std::time::Duration;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The request is refused with this status, and has no effect.
    Status(u16),
    /// 429 with Discord's headers.
    RateLimited {
        /// How long to wait.
        after: Duration,
        /// Whose limit it is.
        scope: Scope,
    },
    /// The request succeeds, and is the last one that its bucket allows for this long.
    LastOfBucket {
        /// Until the bucket is full again.
        after: Duration,
    },
    /// The request has its effect; the answer breaks off.
    CutAfter,
    /// The request has no effect; the answer breaks off.
    CutBefore,
}

/// Discord's `X-RateLimit-Scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The bot, on this route.
    User,
    /// The bot, everywhere.
    Global,
    /// Everybody, on this resource.
    Shared,
}

/// How the gateway's connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Opcode 7: connect again and resume.
    Reconnect,
    /// Opcode 9 with `d: true`: the session can be resumed.
    InvalidResumable,
    /// Opcode 9 with `d: false`: identify again.
    Invalid,
    /// A close frame with this code; 1000 and 1001 and 4009 end the session, too.
    Close(u16),
    /// A close frame without a code.
    CloseWithoutCode,
    /// The TCP connection ends without a word.
    Cut,
}

impl FakeDiscord {
    /// The next request whose `METHOD /path` (without `/api/v10`) contains `route` meets this fault.
    pub fn fail_next(&self, route: &str, fault: Fault) {
        self.shared.with(|state| state.faults.push((route.to_owned(), fault)));
    }

    /// Requests whose `METHOD /path` contains `route` wait at the door.
    pub fn hold(&self, route: &str) {
        self.shared.with(|state| state.held.push(route.to_owned()));
    }

    /// They wait no longer.
    pub fn release(&self, route: &str) {
        self.shared.with(|state| state.held.retain(|held| held != route));
    }

    /// Any event at all, such as one that Discord has just invented.
    pub fn dispatch(&self, kind: &str, data: &serde_json::Value) {
        self.shared.with(|state| state.gateway.dispatch(kind, data));
    }

    /// Any frame at all.
    pub fn send_frame(&self, frame: serde_json::Value) {
        self.shared.with(|state| state.gateway.send(Frame::Json(frame)));
    }

    /// The next dispatch comes twice.
    pub fn duplicate_next(&self) {
        self.shared.with(|state| state.gateway.duplicate += 1);
    }

    /// The next dispatch never comes.
    pub fn lose_next(&self) {
        self.shared.with(|state| state.gateway.lose += 1);
    }

    /// Breaks the gateway's connection.
    pub fn break_gateway(&self, how: Break) {
        self.shared.with(|state| {
            let gateway = &mut state.gateway;
            match how {
                Break::Reconnect => gateway.end(Frame::Json(json!({ "op": 7, "d": null }))),
                Break::InvalidResumable => gateway.end(Frame::Json(json!({ "op": 9, "d": true }))),
                Break::Invalid => {
                    gateway.forget();
                    gateway.end(Frame::Json(json!({ "op": 9, "d": false })));
                }
                Break::Close(code) => {
                    if matches!(code, 1000 | 1001 | 4009) {
                        gateway.forget();
                    }
                    gateway.end(Frame::Close(Some(code)));
                }
                Break::CloseWithoutCode => gateway.end(Frame::Close(None)),
                Break::Cut => gateway.end(Frame::Cut),
            }
        });
    }

    /// The next IDENTIFY or RESUME is answered by this close code (4004 bad token, 4014 disallowed intents).
    pub fn refuse_identify(&self, code: u16) {
        self.shared.with(|state| state.gateway.refuse = Some(code));
    }

    /// From the next connection on, heartbeats are asked for this often, and not acknowledged while `silent`.
    pub fn heartbeats_every(&self, interval: Duration) {
        self.shared.with(|state| {
            state.gateway.heartbeat = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        });
    }

    /// Heartbeats are not acknowledged any more.
    pub fn ignore_heartbeats(&self) {
        self.shared.with(|state| state.gateway.silent = true);
    }

    /// Heartbeats are acknowledged again.
    pub fn acknowledge_heartbeats(&self) {
        self.shared.with(|state| state.gateway.silent = false);
    }

    /// The day's sessions are used up; the count begins again after this long.
    pub fn exhaust_sessions(&self, reset_after: Duration) {
        self.shared.with(|state| state.gateway.exhausted = Some(reset_after));
    }

    /// A new day.
    pub fn restore_sessions(&self) {
        self.shared.with(|state| state.gateway.exhausted = None);
    }

    /// READY does not come before [`FakeDiscord::release_ready`].
    pub fn hold_ready(&self) {
        self.shared.with(|state| state.gateway.hold_ready = true);
    }

    /// READY comes now.
    pub fn release_ready(&self) {
        let url = self.shared.gateway_url.clone();
        self.shared.with(|state| {
            state.gateway.hold_ready = false;
            gateway::ready(state, &url);
        });
    }

    /// The token that is taken from now on; [`super::TOKEN`] is not, if it is another one.
    pub fn change_token(&self, token: &str) {
        self.shared.with(|state| token.clone_into(&mut state.token));
    }
}
