//! One inspection for everybody who waits for it, and its report to each of them.

use super::{Desk, Failure, Taken, desk::reply};
use crate::{
    channel::{
        SUBSCRIPTIONS, Subscription,
        button::{self, Purpose, ReportKey},
    },
    inbox::{Work, inspection_lane},
    inspection::{
        self, Inspected, Order,
        archive::{self, Listener, RUNS, Run},
        finding::{Finding, Remedy},
    },
    outbox::{Class, Draft, RowKind, SENT, Subject},
    repair::PROPOSALS,
    report::Report,
    requests,
    store::{Commit, CommitError, Versioned},
    texts,
};
use anyhow::anyhow;
use contract::{Block, Body, Button, ButtonStyle, ChannelRef, MessageRef, Visibility};

/// Findings of one report that get buttons of their own.
const WITH_BUTTONS: usize = 3;

/// Adds the inbox item of an inspection that was just opened.
pub(super) fn open(desk: &Desk, commit: &mut Commit, (cluster, namespace): (&str, Option<&str>)) {
    let work = Work::Inspect { cluster: cluster.to_owned(), namespace: namespace.map(str::to_owned) };
    desk.inbox.add(commit, inspection_lane(cluster, namespace), work);
}

pub(super) async fn handle(desk: &Desk, taken: &Taken, cluster: &str, namespace: Option<&str>) -> Result<(), Failure> {
    let reader = desk.clusters.get(cluster).ok_or_else(|| anyhow!("the cluster {cluster} is not configured any more"));
    let history = archive::history(&desk.store, cluster, namespace)?;
    let outcome = match reader {
        Ok(reader) => {
            let order = Order::daily(namespace);
            let inspect = inspection::run(reader, &order, &history, desk.clock.now());
            match first_chat(desk, cluster, namespace)? {
                Some(channel) => desk.while_working(&channel, inspect).await.map_err(|error| error.to_string()),
                None => inspect.await.map_err(|error| error.to_string()),
            }
        }
        Err(error) => Err(error.to_string()),
    };
    // Whoever joined while it ran conflicts with the commit below and is then served too.
    loop {
        let key = archive::run_key(cluster, namespace);
        let Some(run) = desk.store.get(&RUNS, &key)? else {
            return desk.finish(taken, |_| {}).await;
        };
        let mut commit = Commit::new();
        commit.remove_expected(&RUNS, key, &run);
        if let Ok(inspected) = &outcome {
            archive::keep(&mut commit, namespace, inspected);
        }
        for (place, listener) in run.audience.iter().enumerate() {
            tell(desk, &mut commit, taken, listener, place, &run, &outcome)?;
        }
        taken.done(&mut commit);
        match desk.store.commit(commit).await {
            Err(CommitError::Conflict { table, .. }) if table == RUNS.name() => {}
            // A subscription changed meanwhile; the report itself is still good.
            Err(CommitError::Conflict { table, .. }) if table == SUBSCRIPTIONS.name() => {}
            other => return Ok(other?),
        }
    }
}

fn first_chat(desk: &Desk, cluster: &str, namespace: Option<&str>) -> Result<Option<ChannelRef>, Failure> {
    let run = desk.store.get(&RUNS, archive::run_key(cluster, namespace))?;
    Ok(run.and_then(|run: Versioned<Run>| {
        run.audience.iter().find_map(|listener| match listener {
            Listener::Chat { inbound } => Some(inbound.channel.clone()),
            Listener::Subscription { .. } | Listener::Post { .. } | Listener::Request { .. } => None,
        })
    }))
}

/// Adds the message for one of those who wait.
fn tell(
    desk: &Desk,
    commit: &mut Commit,
    taken: &Taken,
    listener: &Listener,
    place: usize,
    run: &Run,
    outcome: &Result<Inspected, String>,
) -> Result<(), Failure> {
    let outcome = outcome.as_ref().map(|inspected| &inspected.report).map_err(String::as_str);
    let (to, kind, notice) = match listener {
        Listener::Subscription { channel, key, planned_at, late, missed, only_changes } => {
            if let Some(subscription) = desk.store.get(&SUBSCRIPTIONS, key.as_str())? {
                let told = Subscription { missed: None, ..Subscription::clone(&subscription) };
                commit.replace(&SUBSCRIPTIONS, key.as_str(), &subscription, &told);
            }
            let quiet = outcome.is_ok_and(|report| {
                *only_changes && report.changes.new == 0 && report.changes.resolved.is_empty() && missed.is_none()
            });
            if quiet {
                return Ok(());
            }
            let notice = texts::report::notice(late.then_some(*planned_at), *missed);
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
        Listener::Request { id } => {
            requests::answer_inspection(&desk.store, commit, id, outcome, desk.clock.now())?;
            return Ok(());
        }
    };
    let (body, subject) = match outcome {
        Ok(report) => {
            let key = ReportKey {
                cluster: report.cluster.clone(),
                namespace: run.namespace.clone(),
                taken_at: report.taken_at,
            };
            let mut body = texts::report::chat(report, notice.as_deref());
            body.blocks.extend(buttons(desk, commit, &to, report, &key));
            (body, Subject::Report { key })
        }
        Err(error) => (texts::report::not_inspected(&run.cluster, error, notice.as_deref()), Subject::Nothing),
    };
    let cause = taken.cause(&format!("report {place}"));
    desk.outbox.add(commit, Draft { cause, to, kind, body, subject, class: Class::Report });
    Ok(())
}

/// Where a repair's card stands, so that the report after it stands in the same thread.
fn card_message(desk: &Desk, proposal: &str) -> Result<Option<MessageRef>, Failure> {
    let card = desk.store.get(&PROPOSALS, proposal)?.and_then(|proposal| proposal.card.clone());
    let Some(card) = card else { return Ok(None) };
    Ok(desk.store.get(&SENT, card.as_str())?.map(|sent| sent.message.clone()))
}

/// Buttons for the worst findings, and one for those that did not fit.
fn buttons(desk: &Desk, commit: &mut Commit, to: &ChannelRef, report: &Report, key: &ReportKey) -> Vec<Block> {
    let until = desk.clock.now() + button::LASTS;
    let mut blocks = Vec::new();
    let trees = report.trees();
    for (place, tree) in trees.iter().take(WITH_BUTTONS).enumerate() {
        let (number, finding) = (place + 1, tree.root);
        let mut row = vec![
            button::make(
                commit,
                (to, until),
                (format!("Details {number}"), ButtonStyle::Neutral),
                Purpose::Details { report: key.clone(), finding: finding.fingerprint.clone() },
            ),
            button::make(
                commit,
                (to, until),
                (format!("Explain {number}"), ButtonStyle::Neutral),
                Purpose::Explain { report: key.clone(), finding: finding.fingerprint.clone() },
            ),
        ];
        row.extend(fix_button(desk, commit, to, &report.cluster, (finding, None), &format!("Fix {number}…")));
        blocks.push(Block::Buttons(row));
    }
    if trees.len() > texts::report::SHOWN {
        let rest = button::make(
            commit,
            (to, until),
            ("All findings", ButtonStyle::Neutral),
            Purpose::Rest { report: key.clone() },
        );
        blocks.push(Block::Buttons(vec![rest]));
    }
    blocks
}

/// The button for the remedy that cures a finding, where there is one and repairs are on; `why` it is that one, where
/// a cause chain tells.
pub(super) fn fix_button(
    desk: &Desk,
    commit: &mut Commit,
    to: &ChannelRef,
    cluster: &str,
    (finding, why): (&Finding, Option<&str>),
    label: &str,
) -> Option<Button> {
    if !desk.policy.enabled {
        return None;
    }
    let hint = finding.remedies.iter().find_map(Remedy::as_action)?.clone();
    let purpose = Purpose::Fix {
        cluster: cluster.to_owned(),
        hint,
        finding: Some(finding.fingerprint.clone()),
        reason: Some(format!("{}.", why.unwrap_or(&finding.title))),
    };
    Some(button::make(commit, (to, desk.clock.now() + button::LASTS), (label, ButtonStyle::Primary), purpose))
}

/// The whole of a report for somebody who asks again.
pub(super) fn whole(report: &Report) -> Body {
    texts::report::whole(report)
}
