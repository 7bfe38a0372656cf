//! A pressed button: what it means is looked up here, and whether it counts for this channel and still.

use super::{
    Desk, Failure, Taken,
    heeding::{self, Heed, Who},
    inspecting, questions, repairs, showing,
};
use crate::{
    channel::{
        Grant,
        button::{BUTTONS, Purpose, ReportKey},
    },
    inspection::archive,
    outbox::Subject,
    repair::{Ask, Decision},
    report::Report,
    store::Commit,
    texts,
};
use contract::{Block, Body, Button, Inbound, Token};

pub(super) async fn handle(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    token: &Token,
) -> Result<(), Failure> {
    let meaning = desk.store.get(&BUTTONS, token.as_str())?;
    let now = desk.clock.now();
    let here = meaning.filter(|meaning| meaning.channel == inbound.channel);
    let Some(meaning) = here else {
        // Forged, foreign or long gone: the same answer, so that nothing can be learned from it.
        tracing::warn!(channel = %inbound.channel, actor = ?inbound.actor.id(), "a button that means nothing here");
        let mut commit = Commit::new();
        repairs::note_foreign_press(desk, &mut commit, inbound)?;
        desk.answer_private(&mut commit, taken, inbound, texts::chat::dead_button(), "press");
        taken.done(&mut commit);
        return Ok(desk.store.commit(commit).await?);
    };
    let who = Who { desk, taken, inbound, grant };
    match &meaning.purpose {
        // An expired proposal has its own words.
        Purpose::Approve { proposal } => {
            repairs::decide(desk, taken, inbound, grant, proposal, Decision::Approve).await
        }
        Purpose::Reject { proposal } => repairs::decide(desk, taken, inbound, grant, proposal, Decision::Reject).await,
        _ if meaning.expires_at < now => {
            desk.finish(taken, |commit| {
                desk.answer_private(commit, taken, inbound, texts::chat::dead_button(), "press");
            })
            .await
        }
        Purpose::Details { report, finding } => {
            let Some(stored) = load(desk, report)? else { return gone(desk, taken, inbound).await };
            let Some(found) = stored.find(finding) else { return gone(desk, taken, inbound).await };
            let mut commit = Commit::new();
            let mut body = texts::details::details(&stored, found);
            let (to, cluster) = (&inbound.channel, &report.cluster);
            let fix = inspecting::fix_button(desk, &mut commit, to, cluster, found, None);
            let mut row: Vec<Button> = fix.into_iter().collect();
            if heeding::have_room(desk, to, 1) {
                row.extend(heeding::buttons(desk, &mut commit, to, report, found, None));
            }
            body.blocks.extend((!row.is_empty()).then_some(Block::Buttons(row)));
            let subject = Subject::Report { key: report.clone() };
            desk.answer_about(&mut commit, taken, inbound, body, "details", subject);
            taken.done(&mut commit);
            Ok(desk.store.commit(commit).await?)
        }
        Purpose::Explain { report, finding } => {
            let Some(stored) = load(desk, report)? else { return gone(desk, taken, inbound).await };
            let Some(found) = stored.find(finding) else { return gone(desk, taken, inbound).await };
            let question = texts::report::explain_question(found);
            questions::ask(desk, taken, inbound, grant, &question, Some((report.clone(), stored))).await
        }
        Purpose::Rest { report } => {
            let Some(stored) = load(desk, report)? else { return gone(desk, taken, inbound).await };
            let body = showing::whole(desk, &stored)?;
            show(desk, taken, inbound, report, body, "rest").await
        }
        Purpose::Score { report } => {
            let Some(stored) = load(desk, report)? else { return gone(desk, taken, inbound).await };
            show(desk, taken, inbound, report, texts::score::chat(&stored), "score").await
        }
        Purpose::File { report } => {
            let Some(stored) = load(desk, report)? else { return gone(desk, taken, inbound).await };
            let body = showing::file(desk, report, &stored)?;
            show(desk, taken, inbound, report, body, "file").await
        }
        Purpose::Trend { report } => {
            let body = showing::days(desk, report)?;
            show(desk, taken, inbound, report, body, "trend").await
        }
        Purpose::Ack { report, finding } => heeding::press(&who, report, finding, Heed::Ack).await,
        Purpose::Snooze { report, finding, hours } => {
            let heed = hours.map_or(Heed::AskHowLong, Heed::Snooze);
            heeding::press(&who, report, finding, heed).await
        }
        Purpose::Unmute { cluster, silence } => heeding::take_back(&who, &[cluster.as_str()], silence).await,
        Purpose::Fix { cluster, hint, finding, reason } => {
            let ask = Ask {
                hint: hint.clone(),
                channel: inbound.channel.clone(),
                requester: repairs::requester(inbound, grant),
                reason: reason.clone(),
                finding: finding.clone(),
            };
            repairs::propose(desk, taken, inbound, grant, cluster, ask).await
        }
    }
}

/// Answers with something about a report; a reply to it is about the report too.
async fn show(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    report: &ReportKey,
    body: Body,
    which: &str,
) -> Result<(), Failure> {
    let subject = Subject::Report { key: report.clone() };
    desk.finish(taken, |commit| {
        desk.answer_about(commit, taken, inbound, body, which, subject);
    })
    .await
}

fn load(desk: &Desk, key: &ReportKey) -> Result<Option<Report>, Failure> {
    Ok(archive::at(&desk.store, key)?)
}

async fn gone(desk: &Desk, taken: &Taken, inbound: &Inbound) -> Result<(), Failure> {
    desk.finish(taken, |commit| {
        desk.answer_private(commit, taken, inbound, texts::chat::dead_button(), "gone");
    })
    .await
}
