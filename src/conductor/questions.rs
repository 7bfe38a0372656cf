//! Questions: what a reply refers to, the agent's answer, and the proposals that came out of it.

use super::{Desk, Failure, Taken, inspecting, repairs};
use crate::{
    agent::{Answer, CONVERSATIONS, Conversation, Ended, Means, Place, Proposer, Question},
    channel::{Grant, button::ReportKey},
    cluster::Cluster,
    finding::ActionHint,
    ids,
    inspection::archive::{self, Scope},
    outbox::{Class, Draft, RowKind, SUBJECTS, Subject},
    repair::{Ask, PROPOSALS, Proposal, Requester},
    report::Report,
    requests::{self, Received},
    store::Commit,
    texts,
};
use anyhow::anyhow;
use contract::{Block, ChannelRef, Inbound};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// Free text: a reply goes on with what it replies to.
pub(super) async fn handle_chat(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    text: &str,
) -> Result<(), Failure> {
    let subject = match &inbound.reply_to {
        Some(message) => desk.store.get(&SUBJECTS, (message.channel.to_string(), message.id.as_str()))?,
        None => None,
    };
    match subject.map(|subject| subject.into_value()) {
        Some(Subject::Report { key }) => {
            let report = archive::at(&desk.store, &key)?;
            ask(desk, taken, inbound, grant, text, report.map(|report| (key, report))).await
        }
        Some(Subject::Conversation { id }) => {
            let known = desk.store.get(&CONVERSATIONS, id.as_str())?.map(|known| known.into_value());
            go_on(desk, taken, inbound, grant, text, None, known).await
        }
        Some(Subject::Proposal { id }) => {
            // A word about a card never decides it; it is a question about what the card repairs.
            let about = desk.store.get(&PROPOSALS, id.as_str())?.map(|proposal| proposal.into_value());
            let text = match &about {
                Some(proposal) => texts::repair::question_about(proposal, text),
                None => text.to_owned(),
            };
            ask(desk, taken, inbound, grant, &text, None).await
        }
        Some(Subject::Nothing) | None => ask(desk, taken, inbound, grant, text, None).await,
    }
}

/// A question that begins a conversation.
pub(super) async fn ask(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    text: &str,
    report: Option<(ReportKey, Report)>,
) -> Result<(), Failure> {
    go_on(desk, taken, inbound, grant, text, report, None).await
}

async fn go_on(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    text: &str,
    report: Option<(ReportKey, Report)>,
    known: Option<Conversation>,
) -> Result<(), Failure> {
    let named = match (&report, &known) {
        (Some((key, _)), _) => Some(key.cluster.as_str()),
        (None, Some(known)) => Some(known.cluster.as_str()),
        (None, None) => None,
    };
    let cluster = match desk.cluster(grant.channel, named) {
        Ok(cluster) => cluster,
        Err(body) => {
            return desk
                .finish(taken, |commit| {
                    desk.answer(commit, taken, inbound, body, "answer");
                })
                .await;
        }
    };
    let id = known.as_ref().map_or_else(|| ids::derived(&["conversation", &taken.cause("")]), |known| known.id.clone());
    let mut conversation = known.unwrap_or_else(|| Conversation::new(id, cluster.name()));
    let collected = Collected {
        desk,
        grant_clusters: &grant.channel.clusters,
        channel: &inbound.channel,
        requester: repairs::requester(inbound, grant),
        proposals: Mutex::new(Vec::new()),
    };
    let clusters = visible(desk, &grant.channel.clusters);
    let cancel = desk.cancellable(&inbound.channel);
    let asked_by = inbound.actor.name().to_owned();
    let question = Question {
        text,
        conversation: &conversation,
        report: report.as_ref().map(|(_, report)| report),
        cluster: cluster.name(),
        asked_by: &asked_by,
        place: Place::Chat,
    };
    let answering = Box::pin(answer(desk, question, &clusters, &collected, &cancel));
    let answer = desk.while_working(&inbound.channel, answering).await;
    desk.uncancellable(&inbound.channel);
    let proposals = std::mem::take(&mut *collected.proposals.lock().unwrap_or_else(PoisonError::into_inner));
    let mut commit = Commit::new();
    conversation.add(answer.exchange);
    let subject = Subject::Conversation { id: conversation.id.clone() };
    commit.put(&CONVERSATIONS, conversation.id.as_str(), &conversation);
    let mut body = answer.body;
    // What the model proposed has a card of its own.
    if let Some(root) = answer.root.as_ref().filter(|_| proposals.is_empty()) {
        let channel = &inbound.channel;
        let fix = inspecting::fix_button(desk, &mut commit, channel, &root.cluster, &root.finding, None);
        body.blocks.extend(fix.map(|button| Block::Buttons(vec![button])));
    }
    desk.answer_about(&mut commit, taken, inbound, body, "answer", subject);
    if answer.ended != Ended::Cancelled {
        for (place, proposal) in proposals.into_iter().enumerate() {
            repairs::add_proposal(desk, &mut commit, taken, inbound, proposal, &format!("card {place}"))?;
        }
    }
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}

async fn answer(
    desk: &Desk,
    question: Question<'_>,
    clusters: &BTreeMap<String, Arc<Cluster>>,
    proposer: &dyn Proposer,
    cancel: &CancellationToken,
) -> Answer {
    let latest =
        |cluster: &str| archive::latest(&desk.store, Scope::daily(cluster)).ok().flatten().map(|stored| stored.report);
    let means = Means { clusters, clock: &desk.clock, proposer, latest: &latest, standing: &desk.standing };
    desk.agent.answer(question, &means, cancel).await
}

fn visible(desk: &Desk, names: &[String]) -> BTreeMap<String, Arc<Cluster>> {
    names.iter().filter_map(|name| Some((name.clone(), Arc::clone(desk.clusters.get(name)?)))).collect()
}

/// Plans what the model proposes, and keeps it until the answer is committed.
struct Collected<'a> {
    desk: &'a Desk,
    grant_clusters: &'a [String],
    channel: &'a ChannelRef,
    requester: Requester,
    proposals: Mutex<Vec<Proposal>>,
}

/// Proposals in one answer.
const PROPOSALS_PER_ANSWER: usize = 3;

impl Proposer for Collected<'_> {
    fn propose<'a>(
        &'a self,
        cluster: &'a str,
        hint: ActionHint,
        reason: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        Box::pin(async move {
            let full = || self.proposals.lock().unwrap_or_else(PoisonError::into_inner).len() >= PROPOSALS_PER_ANSWER;
            if full() {
                return Err(texts::repair::ENOUGH_PROPOSALS.to_owned());
            }
            if !self.grant_clusters.iter().any(|known| known == cluster) {
                return Err(format!("this channel does not see a cluster {cluster}"));
            }
            let cluster = self.desk.configured(cluster).map_err(|error| error.to_string())?;
            let ask = Ask {
                hint,
                channel: self.channel.clone(),
                requester: self.requester.clone(),
                reason: Some(reason),
                finding: None,
            };
            let planned = repairs::plan(self.desk, &cluster, ask).await.map_err(|error| error.to_string())?;
            let proposal = planned.map_err(|refusal| repairs::for_model(&refusal))?;
            let summary = texts::repair::for_model(&proposal);
            self.proposals.lock().unwrap_or_else(PoisonError::into_inner).push(proposal);
            Ok(summary)
        })
    }
}

/// A caller of the API gets advice only: a proposal needs a channel in which somebody can approve it.
struct NoProposals;

impl Proposer for NoProposals {
    fn propose<'a>(
        &'a self,
        _cluster: &'a str,
        _hint: ActionHint,
        _reason: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        Box::pin(async { Err(texts::repair::NO_CHANNEL_FOR_PROPOSALS.to_owned()) })
    }
}

/// A question that came by the API.
pub(super) async fn handle_request(desk: &Desk, taken: &Taken, id: &str) -> Result<(), Failure> {
    let request = requests::load(&desk.store, id)?.ok_or_else(|| anyhow!("there is no request {id}"))?;
    let Received::Question { cluster, question } = &request.received else {
        return desk.finish(taken, |_| {}).await;
    };
    let clusters = visible(desk, std::slice::from_ref(cluster));
    let conversation = Conversation::new(id.to_owned(), cluster);
    let question = Question {
        text: question,
        conversation: &conversation,
        report: None,
        cluster,
        asked_by: &request.caller,
        place: Place::Chat,
    };
    let answer = answer(desk, question, &clusters, &NoProposals, &CancellationToken::new()).await;
    let mut commit = Commit::new();
    requests::answer_text(&mut commit, &request, &answer.text, desk.clock.now());
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}

/// Alerts that came by the API: one post per batch, with the cause chain of what they name.
pub(super) async fn handle_alerts(desk: &Desk, taken: &Taken, id: &str) -> Result<(), Failure> {
    let request = requests::load(&desk.store, id)?.ok_or_else(|| anyhow!("there is no request {id}"))?;
    let Received::Alerts { cluster, channel, batch } = &request.received else {
        return desk.finish(taken, |_| {}).await;
    };
    let firing = batch.question();
    let conversation = Conversation::new(ids::derived(&["alerts", id]), cluster);
    let answered = match &firing {
        Some(question) => {
            let clusters = visible(desk, std::slice::from_ref(cluster));
            let question = Question {
                text: question,
                conversation: &conversation,
                report: None,
                cluster,
                asked_by: &request.caller,
                place: Place::Chat,
            };
            Some(answer(desk, question, &clusters, &NoProposals, &CancellationToken::new()).await)
        }
        None => None,
    };
    let mut commit = Commit::new();
    let text = answered.as_ref().map_or_else(String::new, |answer| answer.text.clone());
    let mut body = texts::alert::posted(batch, cluster);
    let mut subject = Subject::Nothing;
    if let Some(answer) = answered {
        body.blocks.extend(answer.body.blocks);
        let mut conversation = conversation;
        conversation.add(answer.exchange);
        commit.put(&CONVERSATIONS, conversation.id.as_str(), &conversation);
        subject = Subject::Conversation { id: conversation.id };
    }
    desk.outbox.add(
        &mut commit,
        Draft {
            cause: taken.cause("alerts"),
            to: channel.clone(),
            kind: RowKind::Post { reply_to: None },
            body,
            subject,
            class: Class::Report,
            promise: None,
        },
    );
    requests::answer_text(&mut commit, &request, &text, desk.clock.now());
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}
