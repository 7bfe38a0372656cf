//! What stays out of the reports: acknowledged, snoozed and muted by command or button, taken back, and over.

mod who;

use super::{Desk, Failure, Taken, commands::Order, inspecting, numbered::Found};
use crate::{
    channel::button::{self, Purpose, ReportKey},
    finding::{Finding, Fingerprint, kept_out::Kind},
    inspection::{
        archive::{self, ChatSilence, Listener, SILENCES, Scope},
        attention::{Pattern, Rule, Silence, What, until},
    },
    outbox::{Class, Draft, RowKind, Subject},
    report::Report,
    store::Commit,
    texts::attention as texts,
};
use chrono::{DateTime, TimeDelta, Utc};
use contract::{Block, Body, Button, ButtonStyle, ChannelRef};

pub(super) use who::Who;

/// For how long a button snoozes, in hours.
const CHOICES: [u32; 4] = [1, 4, 24, 168];
/// What a button asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heed {
    Ack,
    AskHowLong,
    /// For so many hours.
    Snooze(u32),
}

/// `/ack FINDING`.
pub(super) async fn ack(order: &Order<'_>) -> Result<(), Failure> {
    let who = Who::of(order);
    match who.found(order.invocation.get("finding").unwrap_or_default(), order.invocation.get("cluster"))? {
        Ok(found) => {
            let why = order.invocation.get("why").map(str::to_owned);
            who.silence(found.place(), found.what(), why, None).await
        }
        Err(refusal) => who.refuse(refusal).await,
    }
}

/// `/snooze FINDING UNTIL`.
pub(super) async fn snooze(order: &Order<'_>) -> Result<(), Failure> {
    let who = Who::of(order);
    let found = match who.found(order.invocation.get("finding").unwrap_or_default(), order.invocation.get("cluster"))? {
        Ok(found) => found,
        Err(refusal) => return who.refuse(refusal).await,
    };
    let (now, zone) = (who.desk.clock.now(), who.desk.time_zone);
    match until(order.invocation.get("until").unwrap_or_default(), now, zone) {
        Ok(until) => who.silence(found.place(), found.what(), until.why, Some(until.at)).await,
        Err(problem) => who.refuse(Body::text(problem.to_string())).await,
    }
}

/// `/mute CHECK`.
pub(super) async fn mute(order: &Order<'_>) -> Result<(), Failure> {
    let who = Who::of(order);
    match mute_asked(&who, order)? {
        Ok((cluster, rule, until)) => {
            let why = order.invocation.get("why").map(str::to_owned);
            who.silence(Scope::daily(&cluster), What::Rule(rule), why, until).await
        }
        Err(refusal) => who.refuse(refusal).await,
    }
}

type Mute = (String, Rule, Option<DateTime<Utc>>);

fn mute_asked(who: &Who<'_>, order: &Order<'_>) -> Result<Result<Mute, Body>, Failure> {
    let given = |name| order.invocation.get(name);
    let check = given("check").unwrap_or_default();
    let (cluster, mut rule) = if check.parse::<usize>().is_ok() {
        match who.found(check, given("cluster"))? {
            Ok(found) => (found.report.cluster.clone(), found.rule()),
            Err(refusal) => return Ok(Err(refusal)),
        }
    } else {
        let cluster = match who.cluster(given("cluster")) {
            Ok(cluster) => cluster,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let pattern = Pattern::from(check);
        if !pattern.means_a_check() {
            return Ok(Err(texts::no_check(check)));
        }
        let checks = if pattern.is_any() { Vec::new() } else { vec![pattern] };
        (cluster, Rule { checks, ..Rule::default() })
    };
    if let Some(namespace) = given("namespace") {
        rule.namespaces = vec![namespace.into()];
    }
    if let Some(name) = given("name") {
        rule.names = vec![name.into()];
    }
    if let Some(label) = given("label") {
        let Some((key, value)) = label.split_once('=') else { return Ok(Err(texts::no_label(label))) };
        rule.labels.insert(key.to_owned(), value.into());
    }
    if rule.is_everything() {
        return Ok(Err(texts::everything()));
    }
    let until = given("for").map(|text| until(text, who.desk.clock.now(), who.desk.time_zone)).transpose();
    Ok(match until {
        Ok(until) => Ok((cluster, rule, until.map(|until| until.at))),
        Err(problem) => Err(Body::text(problem.to_string())),
    })
}

/// `/unmute ID`.
pub(super) async fn unmute(order: &Order<'_>) -> Result<(), Failure> {
    let clusters: Vec<&str> = order.grant.channel.clusters.iter().map(String::as_str).collect();
    take_back(&Who::of(order), &clusters, order.invocation.get("id").unwrap_or_default()).await
}

/// `/muted`: everything that is silenced, also by the configuration.
pub(super) async fn muted(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, grant, invocation, .. } = *order;
    let cluster = match desk.cluster(grant.channel, invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let now = desk.clock.now();
    let asked = archive::silences(&desk.store, cluster.name(), now)?;
    let asked = asked.into_iter().map(|asked| asked.into_value().silence);
    let all: Vec<Silence> =
        desk.standing.mutes_of(cluster.name()).filter(|mute| mute.holds(now)).chain(asked).collect();
    order.say(texts::list(cluster.name(), &all, desk.time_zone)).await
}

/// A pressed *Ack*, *Snooze* or one of its choices.
pub(super) async fn press(who: &Who<'_>, report: &ReportKey, finding: &Fingerprint, heed: Heed) -> Result<(), Failure> {
    if let Err(refusal) = who.may() {
        return who.refuse(refusal).await;
    }
    let stored = archive::at(&who.desk.store, report)?;
    let found = stored.and_then(|stored| Found::by(stored, |found| found.fingerprint == *finding));
    let Some(found) = found else { return who.refuse(crate::texts::chat::dead_button()).await };
    match heed {
        Heed::Ack => who.silence(found.place(), found.what(), None, None).await,
        Heed::Snooze(hours) => {
            let until = who.desk.clock.now() + TimeDelta::hours(i64::from(hours));
            who.silence(found.place(), found.what(), None, Some(until)).await
        }
        Heed::AskHowLong => {
            let mut commit = Commit::new();
            let to = (&who.inbound.channel, who.desk.clock.now() + button::LASTS);
            let choice = |hours: u32, commit: &mut Commit| {
                let purpose = Purpose::Snooze { report: report.clone(), finding: finding.clone(), hours: Some(hours) };
                button::make(commit, to, (texts::snooze_label(hours), ButtonStyle::Neutral), purpose)
            };
            let row = CHOICES.iter().map(|hours| choice(*hours, &mut commit)).collect();
            let body = texts::how_long(&found.finding).with(Block::Buttons(row));
            who.desk.answer(&mut commit, who.taken, who.inbound, body, "how long");
            who.taken.done(&mut commit);
            Ok(who.desk.store.commit(commit).await?)
        }
    }
}

/// Tells again what was silenced under an id, in one of these clusters.
pub(super) async fn take_back(who: &Who<'_>, clusters: &[&str], id: &str) -> Result<(), Failure> {
    if let Err(refusal) = who.may() {
        return who.refuse(refusal).await;
    }
    for cluster in clusters {
        let Some(asked) = who.desk.store.get(&SILENCES, (*cluster, id))? else { continue };
        return who
            .desk
            .finish(who.taken, |commit| {
                commit.remove_expected(&SILENCES, (*cluster, id), &asked);
                let body = texts::unsilenced(&asked.silence);
                who.desk.answer(commit, who.taken, who.inbound, body, "unmuted");
            })
            .await;
    }
    let configured = clusters.iter().any(|cluster| who.desk.standing.mutes_of(cluster).any(|mute| mute.id == id));
    who.refuse(if configured { texts::only_by_configuration(id) } else { texts::nothing_to_unmute(id) }).await
}

/// The time of a silence is over: it is gone, and whoever snoozed a finding hears whether it is still so.
pub(super) async fn over(desk: &Desk, taken: &Taken, cluster: &str, silence: &str) -> Result<(), Failure> {
    let Some(asked) = desk.store.get(&SILENCES, (cluster, silence))? else {
        return desk.finish(taken, |_| {}).await;
    };
    let mut commit = Commit::new();
    commit.remove_expected(&SILENCES, (cluster, silence), &asked);
    if asked.silence.kind() == Kind::Snoozed {
        let ChatSilence { channel, set, silence, .. } = asked.into_value();
        let listener = Listener::SnoozeOver { channel, silence: Box::new(silence) };
        let scope = Scope::daily(cluster).with(set);
        let asked = archive::ask(&desk.store, &mut commit, scope, vec![listener], desk.clock.now())?;
        inspecting::open_if(asked, desk, &mut commit, scope);
    }
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}

/// Adds what is said when a snooze is over.
pub(super) fn tell_snooze_over(
    desk: &Desk,
    commit: &mut Commit,
    cause: String,
    (channel, scope): (&ChannelRef, Scope<'_>),
    silence: &Silence,
    outcome: Result<&Report, &str>,
) {
    let What::Finding { fingerprint, .. } = &silence.what else { return };
    let cluster = scope.cluster;
    let (body, subject) = match outcome {
        Err(error) => (texts::not_looked_at(cluster, silence, error), Subject::Nothing),
        // Silenced again meanwhile, in another way.
        Ok(report) if report.kept_out.iter().any(|kept| kept.finding.fingerprint == *fingerprint) => return,
        Ok(report) => {
            let key = scope.at(report.taken_at);
            let not_rechecked = &report.changes.not_rechecked;
            let body = match report.find(fingerprint) {
                Some(finding) => {
                    let severity = report.root_of(finding).severity.max(finding.severity);
                    let body = texts::still_so(cluster, silence, severity.name());
                    body.with(Block::Buttons(buttons(desk, commit, channel, &key, finding, None)))
                }
                None if not_rechecked.iter().any(|unknown| unknown.fingerprint == *fingerprint) => {
                    texts::not_looked_at(cluster, silence, &texts::not_checked())
                }
                None if report.changes.too_early.iter().any(|unknown| unknown.fingerprint == *fingerprint) => {
                    texts::not_looked_at(cluster, silence, &texts::too_early())
                }
                None => texts::solved_meanwhile(cluster, silence),
            };
            (body, Subject::Report { key })
        }
    };
    let kind = RowKind::Post { reply_to: None };
    desk.outbox
        .add(commit, Draft { cause, to: channel.clone(), kind, body, subject, class: Class::Report, promise: None });
}

/// Whether a message to that channel has room for these buttons at so many findings, and anybody in it may press them.
pub(super) fn have_room(desk: &Desk, to: &ChannelRef, findings: usize) -> bool {
    /// Details, Explain, Fix, Ack, Snooze.
    const EACH: usize = 5;
    /// And *All findings*.
    const REST: usize = 1;
    let limit = desk.adapters.get(&to.platform).map_or(0, |adapter| adapter.limits().buttons);
    let somebody = desk.access.channel(to).is_some_and(|grant| !grant.may_mute.is_empty());
    somebody && limit >= findings * EACH + REST
}

/// *Ack* and *Snooze* for a finding, with its number where a message has several.
pub(super) fn buttons(
    desk: &Desk,
    commit: &mut Commit,
    to: &ChannelRef,
    report: &ReportKey,
    finding: &Finding,
    number: Option<usize>,
) -> Vec<Button> {
    let until = desk.clock.now() + button::LASTS;
    let number = number.map(|number| format!(" {number}")).unwrap_or_default();
    let (report, finding) = (report.clone(), finding.fingerprint.clone());
    let ack = Purpose::Ack { report: report.clone(), finding: finding.clone() };
    let snooze = Purpose::Snooze { report, finding, hours: None };
    [("Ack", ack), ("Snooze", snooze)]
        .into_iter()
        .map(|(word, purpose)| {
            button::make(commit, (to, until), (format!("{word}{number}"), ButtonStyle::Neutral), purpose)
        })
        .collect()
}
