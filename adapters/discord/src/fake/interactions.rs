//! The fake's interactions: three seconds for the first response, fifteen minutes for what follows, and who sees what.

use super::{
    rest::{Answer, Request, done, fill, number, ok, refuse, replace},
    state::{Interaction, Message, State},
};
use axum::http::Method;
use chrono::TimeDelta;

const EPHEMERAL: u64 = 1 << 6;

pub(super) fn callback(state: &mut State, id: &str, token: &str, request: &Request) -> Result<Answer, Answer> {
    let unknown = || refuse(404, 10_062, "Unknown interaction");
    let id = number(id).ok_or_else(unknown)?;
    let interaction = state.interactions.get(&id).filter(|known| known.token == token).ok_or_else(unknown)?.clone();
    if interaction.response.is_some() {
        return Err(refuse(400, 40_060, "Interaction has already been acknowledged."));
    }
    if state.now - interaction.at > TimeDelta::seconds(3) {
        return Err(unknown());
    }
    let kind = request.body["type"].as_u64().unwrap_or_default();
    let component = interaction.kind == 3;
    let data = Request {
        method: Method::POST,
        path: String::new(),
        body: request.body["data"].clone(),
        files: request.files.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect(),
        authorized: true,
        gateway: String::new(),
    };
    let private = request.body["data"]["flags"].as_u64().unwrap_or_default() & EPHEMERAL != 0;
    let mut original = interaction.original.clone();
    match kind {
        4 | 5 => {
            let me = state.me;
            let mut message = state.blank(interaction.channel, me);
            message.only_for = private.then(|| interaction.user.to_string());
            message.loading = true;
            if kind == 4 {
                message = fill(state, message, &data)?;
            }
            original = Some(message.id.clone());
            state.messages.push(message);
        }
        6 if component => {}
        7 if component => {
            if let Some(message) = original.as_deref().and_then(|id| state.message(id)).cloned() {
                let message = fill(state, message, &data)?;
                replace(state, message)?;
            }
        }
        _ => return Err(refuse(400, 50_035, "Invalid Form Body")),
    }
    if let Some(known) = state.interactions.get_mut(&id) {
        known.response = Some(kind);
        known.original = original;
    }
    Ok(done())
}

/// The interaction of a webhook route, while it can be used.
fn open(state: &State, application: &str, token: &str) -> Result<Interaction, Answer> {
    let unknown = || refuse(404, 10_015, "Unknown Webhook");
    if number(application) != Some(state.application) {
        return Err(unknown());
    }
    let known = state.interactions.values().find(|known| known.token == token).ok_or_else(unknown)?;
    if known.response.is_none() {
        return Err(unknown());
    }
    if state.now - known.at > TimeDelta::minutes(15) {
        return Err(refuse(401, 50_027, "Invalid Webhook Token"));
    }
    Ok(known.clone())
}

pub(super) fn follow_up(
    state: &mut State,
    application: &str,
    token: &str,
    request: &Request,
) -> Result<Answer, Answer> {
    let interaction = open(state, application, token)?;
    // While "thinking" stands there, the first follow-up becomes it, and is as visible as it was.
    let thinking = interaction.original.as_deref().and_then(|id| state.message(id)).filter(|message| message.loading);
    if let Some(thinking) = thinking.cloned() {
        let message = fill(state, thinking, request)?;
        return replace(state, message);
    }
    let me = state.me;
    let mut message = state.blank(interaction.channel, me);
    let private = request.body["flags"].as_u64().unwrap_or_default() & EPHEMERAL != 0;
    message.only_for = private.then(|| interaction.user.to_string());
    let message = fill(state, message, request)?;
    let message = Message { edits: 0, ..message };
    let value = state.message_json(&message);
    state.messages.push(message);
    Ok(ok(value))
}

pub(super) fn message(
    state: &mut State,
    application: &str,
    token: &str,
    id: &str,
    request: &Request,
) -> Result<Answer, Answer> {
    let interaction = open(state, application, token)?;
    let id = if id == "@original" { interaction.original.unwrap_or_default() } else { id.to_owned() };
    let message = state.message(&id).cloned().ok_or_else(|| refuse(404, 10_008, "Unknown Message"))?;
    match request.method.as_str() {
        "GET" => Ok(ok(state.message_json(&message))),
        "PATCH" => {
            let message = fill(state, message, request)?;
            replace(state, message)
        }
        "DELETE" => {
            state.messages.retain(|other| other.id != message.id);
            Ok(done())
        }
        _ => Err(refuse(405, 0, "405: Method Not Allowed")),
    }
}
