//! One inspection for everybody who waits for it, and its report to each of them.

use super::{Desk, Failure, Taken, afterwards, desk::reply, heeding};
use crate::{
    channel::{
        SUBSCRIPTIONS,
        button::{self, Purpose, ReportKey},
    },
    diagnosis,
    finding::{Effect, Finding, Severity},
    inspection::{
        self, Inspected, Order,
        archive::{self, Asked, Listener, RUNS, Run, SHOWN, Scope},
    },
    outbox::{Class, Draft, Promise, RowKind, SENT, Subject},
    repair::{PROPOSALS, audit::HEADS},
    report::Report,
    requests,
    schedule::Missed,
    store::{Commit, CommitError, Versioned},
    texts::{self, report::WITH_BUTTONS},
};
use anyhow::anyhow;
use contract::{Block, Button, ButtonStyle, ChannelRef, MessageRef, Visibility};

/// Listeners that are served in one commit: each has some ten rows, and a commit has a limit.
const AT_ONCE: usize = 100;
/// Where somebody else can have been faster: who joins, who decides about a proposal, who appends to the audit.
const DECIDED_AGAIN: [&str; 3] = [RUNS.name(), PROPOSALS.name(), HEADS.name()];

/// Adds the inbox item of an inspection that was just opened.
pub(super) fn open_if(asked: Asked, desk: &Desk, commit: &mut Commit, scope: Scope<'_>) {
    match asked {
        Asked::Opened => desk.inbox.add_inspection(commit, scope),
        Asked::Joined | Asked::Full => {}
    }
}

pub(super) async fn handle(desk: &Desk, taken: &Taken, scope: Scope<'_>) -> Result<(), Failure> {
    let cluster = scope.cluster;
    let reader = desk.clusters.get(cluster).ok_or_else(|| anyhow!("the cluster {cluster} is not configured any more"));
    let history = archive::history(&desk.store, scope)?;
    let outcome = match reader {
        Ok(reader) => {
            let order = Order::of(scope.namespace, desk.settings(cluster, scope.set)?);
            let inspect = inspection::run(reader, &order, &history, desk.clock.now());
            match first_chat(desk, scope)? {
                Some(channel) => desk.while_working(&channel, inspect).await.map_err(|error| error.to_string()),
                None => inspect.await.map_err(|error| error.to_string()),
            }
        }
        Err(error) => Err(error.to_string()),
    };
    serve(desk, taken, scope, &outcome, &|commit| taken.done(commit)).await
}

/// Tells everybody who waits for an inspection what came of it; `end` is part of the last commit.
pub(super) async fn serve(
    desk: &Desk,
    taken: &Taken,
    scope: Scope<'_>,
    outcome: &Result<Inspected, String>,
    end: &(dyn Fn(&mut Commit) + Sync),
) -> Result<(), Failure> {
    let key = scope.key();
    // Whoever joined while it ran conflicts with the commit below and is then served too.
    loop {
        let mut commit = Commit::new();
        let run = desk.store.get(&RUNS, &key)?;
        let audience = run.as_ref().map(|run| run.audience.as_slice()).unwrap_or_default();
        let (served, left) = audience.split_at(audience.len().min(AT_ONCE));
        for listener in served {
            tell(desk, &mut commit, taken, listener, scope, outcome)?;
        }
        match &run {
            Some(run) if left.is_empty() => commit.remove_expected(&RUNS, &key, run),
            Some(run) => {
                let rest = Run { audience: left.to_vec(), ..Run::clone(run) };
                commit.replace(&RUNS, &key, run, &rest)
            }
            None => &mut commit,
        };
        if let Ok(inspected) = outcome {
            archive::keep(&desk.store, &mut commit, scope, inspected, desk.retention)?;
            archive::let_go_of_solved(&desk.store, &mut commit, &inspected.report)?;
        }
        let over = left.is_empty();
        if over {
            if let Ok(inspected) = outcome {
                afterwards::drop_resolved(desk, &mut commit, taken, &inspected.report)?;
            }
            end(&mut commit);
        }
        match desk.store.commit(commit).await {
            Err(CommitError::Conflict { table, .. }) if DECIDED_AGAIN.contains(&table) => {}
            Ok(()) if !over => {}
            other => return Ok(other?),
        }
    }
}

fn first_chat(desk: &Desk, scope: Scope<'_>) -> Result<Option<ChannelRef>, Failure> {
    let run = desk.store.get(&RUNS, scope.key())?;
    Ok(run.and_then(|run: Versioned<Run>| {
        run.audience.iter().find_map(|listener| match listener {
            Listener::Chat { inbound } => Some(inbound.channel.clone()),
            Listener::Subscription { .. }
            | Listener::Post { .. }
            | Listener::SnoozeOver { .. }
            | Listener::Request { .. } => None,
        })
    }))
}

/// Adds the message for one of those who wait.
fn tell(
    desk: &Desk,
    commit: &mut Commit,
    taken: &Taken,
    listener: &Listener,
    scope: Scope<'_>,
    outcome: &Result<Inspected, String>,
) -> Result<(), Failure> {
    let outcome = outcome.as_ref().map(|inspected| &inspected.report).map_err(String::as_str);
    let mut promise = None;
    let (to, kind, notice) = match listener {
        Listener::Subscription { channel, key, planned_at, late, missed, only_changes } => {
            let quiet = outcome.is_ok_and(|report| {
                let changes = &report.changes;
                let is_same = changes.new == 0 && changes.returned == 0 && changes.resolved.is_empty();
                *only_changes && is_same && missed.is_none()
            });
            if quiet {
                return Ok(());
            }
            let notice = texts::report::notice(late.then_some(*planned_at), *missed);
            let subscription = desk.store.get(&SUBSCRIPTIONS, key.as_str())?;
            promise = subscription.map(|subscription| Promise {
                subscription: subscription.id.clone(),
                missed: Missed::one(*planned_at).with(*missed),
            });
            (channel.clone(), RowKind::Post { reply_to: None }, notice)
        }
        Listener::Chat { inbound } => (inbound.channel.clone(), reply(inbound, Visibility::Channel), None),
        Listener::Post { channel, after_repair } => {
            let reply_to = match after_repair {
                Some(proposal) => card_message(desk, proposal)?,
                None => None,
            };
            let notice = after_repair.as_deref().map(texts::report::after_repair);
            (channel.clone(), RowKind::Post { reply_to }, notice)
        }
        Listener::SnoozeOver { channel, silence } => {
            let cause = taken.cause(&format!("report {}", listener.identity()));
            heeding::tell_snooze_over(desk, commit, cause, (channel, scope), silence, outcome);
            return Ok(());
        }
        Listener::Request { id } => {
            requests::answer_inspection(&desk.store, commit, id, outcome, desk.clock.now())?;
            return Ok(());
        }
    };
    let (body, subject) = match outcome {
        Ok(report) => {
            let key = scope.at(report.taken_at);
            let mut body = texts::report::chat(report, notice.as_deref());
            body.blocks.extend(buttons(desk, commit, &to, report, &key));
            commit.put(&SHOWN, (to.to_string(), report.cluster.as_str()), &key);
            (body, Subject::Report { key })
        }
        Err(error) => (texts::report::not_inspected(scope.cluster, error, notice.as_deref()), Subject::Nothing),
    };
    let cause = taken.cause(&format!("report {}", listener.identity()));
    desk.outbox.add(commit, Draft { cause, to, kind, body, subject, class: Class::Report, promise });
    Ok(())
}

/// Where a repair's card stands, so that the report after it stands in the same thread.
fn card_message(desk: &Desk, proposal: &str) -> Result<Option<MessageRef>, Failure> {
    let card = desk.store.get(&PROPOSALS, proposal)?.and_then(|proposal| proposal.card.clone());
    let Some(card) = card else { return Ok(None) };
    Ok(desk.store.get(&SENT, card.as_str())?.map(|sent| sent.message.clone()))
}

/// Buttons for the worst findings that are shown, and a row for the whole report. A healthy report is one line.
fn buttons(desk: &Desk, commit: &mut Commit, to: &ChannelRef, report: &Report, key: &ReportKey) -> Vec<Block> {
    let until = desk.clock.now() + button::LASTS;
    let make = |commit: &mut Commit, label: String, purpose: Purpose| {
        button::make(commit, (to, until), (label, ButtonStyle::Neutral), purpose)
    };
    let mut blocks = Vec::new();
    let trees = report.trees();
    let shown = trees.iter().filter(|tree| tree.severity > Severity::Info);
    for (place, tree) in shown.take(WITH_BUTTONS).enumerate() {
        let (number, finding) = (place + 1, tree.root);
        let fingerprint = finding.fingerprint.clone();
        let details = Purpose::Details { report: key.clone(), finding: fingerprint.clone() };
        let explain = Purpose::Explain { report: key.clone(), finding: fingerprint };
        let mut row = vec![
            make(commit, format!("Details {number}"), details),
            make(commit, format!("Explain {number}"), explain),
        ];
        row.extend(fix_button(desk, commit, to, &report.cluster, finding, Some(number)));
        if heeding::have_room(desk, to, WITH_BUTTONS) {
            row.extend(heeding::buttons(desk, commit, to, key, finding, Some(number)));
        }
        blocks.push(Block::Buttons(row));
    }
    if !blocks.is_empty() {
        let mut row = Vec::new();
        if trees.len() > texts::report::SHOWN {
            row.push(make(commit, "All findings".to_owned(), Purpose::Rest { report: key.clone() }));
        }
        row.push(make(commit, "Why this score".to_owned(), Purpose::Score { report: key.clone() }));
        row.push(make(commit, "Trend".to_owned(), Purpose::Trend { report: key.clone() }));
        row.push(make(commit, "Report file".to_owned(), Purpose::File { report: key.clone() }));
        blocks.push(Block::Buttons(row));
    }
    blocks
}

/// The button for the change that is proposed for a finding, where there is one and repairs are on, with the finding's
/// number where several are shown. What only relieves is not the first thing to press.
pub(super) fn fix_button(
    desk: &Desk,
    commit: &mut Commit,
    to: &ChannelRef,
    cluster: &str,
    finding: &Finding,
    number: Option<usize>,
) -> Option<Button> {
    let change = diagnosis::proposed(finding).filter(|_| desk.policy.enabled)?;
    let style = match change.effect {
        Effect::Cures => ButtonStyle::Primary,
        Effect::Relieves => ButtonStyle::Neutral,
    };
    let purpose = Purpose::Fix {
        cluster: cluster.to_owned(),
        hint: change.action.clone(),
        finding: Some(finding.fingerprint.clone()),
        reason: Some(texts::cures::reason(&change, finding)),
    };
    let label = texts::cures::button(&change, number);
    Some(button::make(commit, (to, desk.clock.now() + button::LASTS), (label, style), purpose))
}
