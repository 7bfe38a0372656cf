//! Carrying out what was approved, at most once, and finding out what happened when that was interrupted.

use super::{
    action::{Action, Kind, fingerprint},
    policy::{Policy, Refusal},
    proposal::{Outcome, Proposal, State},
    request::{MARKER, RESTARTED_AT},
    revisions::{self, label, number, template_of, text},
};
use crate::{
    clock::Clock,
    cluster::{Cluster, Denied, NotSeen},
    texts::repair::plan,
};
use chrono::SecondsFormat;
use serde_json::Value;
use std::time::Duration;

/// A request that was under way when the process stopped may still arrive: "not done" is believed on the second look.
const LOOK_TWICE_AFTER: Duration = Duration::from_secs(2);

/// Carries out a proposal whose intent is stored: reads the object again, compares, and sends one write that the server
/// takes only if the object is still the one just read.
pub async fn carry_out(cluster: &Cluster, proposal: &Proposal, policy: &Policy, clock: &Clock) -> Outcome {
    let approved = match proposal.approved(policy, clock.now()) {
        Ok(approved) => approved,
        Err(refusal @ Refusal::ApprovalTooOld) => return Outcome::Changed { why: refusal.to_string() },
        Err(refusal) => return Outcome::Refused { why: refusal.to_string() },
    };
    let action = approved.action();
    let target = action.target();
    if cluster.name() != target.cluster {
        return Outcome::Refused { why: Refusal::DigestMismatch.to_string() };
    }
    let live = match cluster.peek(&target.path()).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return Outcome::Changed { why: plan::gone(&target.to_string()) },
        Err(NotSeen::Unable(said)) => return Outcome::NotDone { why: plan::unreadable(&said) },
    };
    if marker(&live) == approved.execution() {
        return found_done(&live);
    }
    if let Err(refusal) = policy.spares(&target.to_string(), |name| label(&live, name)) {
        return Outcome::Refused { why: refusal.to_string() };
    }
    if let Err(why) = still_as_planned(action, &live) {
        return Outcome::Changed { why };
    }
    let template = match earlier_template(cluster, action, &live).await {
        Ok(template) => template,
        Err(outcome) => return outcome,
    };
    match cluster.write(&approved, &live, template.as_ref()).await {
        Ok(answer) => done(&answer),
        Err(Denied::NotFound) => Outcome::Changed { why: plan::gone(&target.to_string()) },
        Err(Denied::Conflict(said)) => Outcome::Changed { why: plan::conflict(&said) },
        Err(Denied::Forbidden(said) | Denied::Invalid(said)) => Outcome::Refused { why: plan::refused(&said) },
        Err(Denied::NoWriter) => {
            Outcome::Refused { why: Refusal::NoWriter { cluster: target.cluster.clone() }.to_string() }
        }
        Err(Denied::NotSent(said)) => Outcome::NotDone { why: plan::not_sent(&said) },
        Err(Denied::Unclear(said)) => {
            // It may still be on its way: only "done" can be told by looking.
            match observe(cluster, proposal).await {
                done @ Outcome::Done { .. } => done,
                Outcome::Changed { .. }
                | Outcome::Refused { .. }
                | Outcome::NotDone { .. }
                | Outcome::Unclear { .. } => Outcome::Unclear { why: plan::no_answer(&said) },
            }
        }
    }
}

/// After a stop between the intent and its result: looks, and never writes.
pub async fn settle(cluster: &Cluster, proposal: &Proposal) -> Outcome {
    match observe(cluster, proposal).await {
        Outcome::NotDone { .. } => {
            tokio::time::sleep(LOOK_TWICE_AFTER).await;
            observe(cluster, proposal).await
        }
        other
        @ (Outcome::Done { .. } | Outcome::Changed { .. } | Outcome::Refused { .. } | Outcome::Unclear { .. }) => other,
    }
}

async fn observe(cluster: &Cluster, proposal: &Proposal) -> Outcome {
    let action = &proposal.action;
    let target = action.target();
    let State::Executing { execution, at, .. } = &proposal.state else {
        return Outcome::Unclear {
            why: Refusal::OutOfTurn { step: "settle", state: proposal.state.name() }.to_string(),
        };
    };
    let gone = |what: String| match action {
        Action::DeletePod { .. } => Outcome::Done { response: plan::FOUND_DONE.to_owned(), resource_version: None },
        Action::RestartRollout { .. } | Action::UndoRollout { .. } | Action::Scale { .. } => {
            Outcome::Unclear { why: what }
        }
    };
    let live = match cluster.peek(&target.path()).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return gone(plan::gone(&target.to_string())),
        Err(NotSeen::Unable(said)) => return Outcome::Unclear { why: plan::cannot_look(&said) },
    };
    if text(&live, "/metadata/uid") != target.uid {
        return gone(plan::another(&target.to_string()));
    }
    let effect = match action {
        Action::DeletePod { .. } => live.pointer("/metadata/deletionTimestamp").is_some(),
        Action::Scale { to, .. } => replicas(&live) == i64::from(*to),
        Action::UndoRollout { earlier, .. } => template_of(&live) == *earlier,
        Action::RestartRollout { .. } => {
            let annotations = live.pointer("/spec/template/metadata/annotations");
            let restarted = annotations.and_then(|all| all.get(RESTARTED_AT)).and_then(Value::as_str);
            restarted == Some(at.to_rfc3339_opts(SecondsFormat::Secs, true).as_str())
        }
    };
    if effect || marker(&live) == execution {
        return found_done(&live);
    }
    match still_as_planned(action, &live) {
        Ok(()) => Outcome::NotDone { why: plan::NOT_CARRIED_OUT.to_owned() },
        Err(_) => Outcome::Unclear { why: plan::interrupted(&target.to_string()) },
    }
}

/// Whether the object still means what it meant when the action was planned.
fn still_as_planned(action: &Action, live: &Value) -> Result<(), String> {
    let target = action.target();
    if text(live, "/metadata/uid") != target.uid {
        return Err(plan::another(&target.to_string()));
    }
    let generation = live.pointer("/metadata/generation").and_then(Value::as_i64);
    let fields = match action {
        Action::RestartRollout { template, .. } | Action::UndoRollout { template, .. } => {
            template_of(live) == *template
        }
        Action::Scale { from, .. } => replicas(live) == i64::from(*from),
        Action::DeletePod { .. } => live.pointer("/metadata/deletionTimestamp").is_none(),
    };
    let generation = target.kind == Kind::Pod || generation == target.generation;
    if fields && generation { Ok(()) } else { Err(plan::changed(&target.to_string())) }
}

/// The template of an undo, read again, if it is still the one that was planned with.
async fn earlier_template(cluster: &Cluster, action: &Action, live: &Value) -> Result<Option<Value>, Outcome> {
    let Action::UndoRollout { target, keeper, earlier, .. } = action else { return Ok(None) };
    let list = match cluster.peek(&super::plan::revisions_path(target.kind, &target.namespace, live)).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => Value::Null,
        Err(NotSeen::Unable(said)) => return Err(Outcome::NotDone { why: plan::unreadable(&said) }),
    };
    let known = revisions::known(target.kind, live, &list);
    let kept = known.into_iter().find(|revision| revision.keeper.uid == keeper.uid);
    match kept.filter(|revision| fingerprint(&revision.template) == *earlier) {
        Some(revision) => Ok(Some(revision.template)),
        None => Err(Outcome::Changed { why: plan::earlier_changed(&keeper.name) }),
    }
}

pub(super) fn marker(live: &Value) -> &str {
    let annotations = live.pointer("/metadata/annotations");
    annotations.and_then(|all| all.get(MARKER)).and_then(Value::as_str).unwrap_or_default()
}

/// `spec.replicas`, which is 1 where it is absent.
pub(super) fn replicas(live: &Value) -> i64 {
    live.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

fn done(answer: &Value) -> Outcome {
    let version = text(answer, "/metadata/resourceVersion");
    let response = format!(
        "{} {}, generation {}, resourceVersion {version}",
        text(answer, "/kind"),
        text(answer, "/metadata/name"),
        number(answer, "/metadata/generation")
    );
    Outcome::Done { response, resource_version: Some(version.to_owned()).filter(|version| !version.is_empty()) }
}

fn found_done(live: &Value) -> Outcome {
    let version = text(live, "/metadata/resourceVersion").to_owned();
    Outcome::Done { response: plan::FOUND_DONE.to_owned(), resource_version: Some(version) }
}
