//! Somebody who asks that something stays out: whether they may, which finding they mean, and what is kept of it.

use crate::{
    channel::{
        Grant,
        button::{self, Purpose},
    },
    conductor::{Desk, Failure, Taken, commands::Order},
    ids,
    inbox::{Work, silence_lane},
    inspection::{
        archive::{self, ChatSilence, MOST, SILENCES},
        attention::{Level, Rule, Silence, What},
        finding::Finding,
    },
    outbox::{SUBJECTS, Subject},
    report::Report,
    store::Commit,
    texts::attention as texts,
};
use chrono::{DateTime, Utc};
use contract::{Block, Body, ButtonStyle, Inbound};

/// Digits of a fingerprint from which on it is taken for one.
const LEAST_DIGITS: usize = 6;

/// Somebody who asks for something, by command or by button.
#[derive(Clone, Copy)]
pub(in crate::conductor) struct Who<'a> {
    pub(in crate::conductor) desk: &'a Desk,
    pub(in crate::conductor) taken: &'a Taken,
    pub(in crate::conductor) inbound: &'a Inbound,
    pub(in crate::conductor) grant: &'a Grant<'a>,
}

/// A finding with the report that it stands in.
pub(super) struct Found {
    pub(super) report: Report,
    pub(super) finding: Finding,
}

impl<'a> Who<'a> {
    pub(super) fn of(order: &Order<'a>) -> Self {
        let Order { desk, taken, inbound, grant, .. } = *order;
        Self { desk, taken, inbound, grant }
    }

    pub(super) async fn refuse(&self, body: Body) -> Result<(), Failure> {
        self.desk
            .finish(self.taken, |commit| {
                self.desk.answer_private(commit, self.taken, self.inbound, body, "refusal");
            })
            .await
    }

    /// Whether they may silence anything here.
    pub(super) fn may(&self) -> Result<(), Body> {
        if self.grant.may_mute() {
            return Ok(());
        }
        Err(texts::may_not_mute(&self.grant.channel.name, self.grant.person.map(String::as_str)))
    }

    pub(super) fn cluster(&self, named: Option<&str>) -> Result<String, Body> {
        self.may()?;
        self.desk.cluster(self.grant.channel, named).map(|cluster| cluster.name().to_owned())
    }

    /// The finding of that number (or fingerprint) in the report that is replied to, or else was shown here last.
    pub(super) fn found(&self, named: &str, cluster: Option<&str>) -> Result<Result<Found, Body>, Failure> {
        let replied = match &self.inbound.reply_to {
            Some(message) => self.desk.store.get(&SUBJECTS, (message.channel.to_string(), message.id.as_str()))?,
            None => None,
        };
        let replied = match replied.map(|subject| subject.into_value()) {
            Some(Subject::Report { key }) => Some(key),
            Some(Subject::Conversation { .. } | Subject::Proposal { .. } | Subject::Nothing) | None => None,
        };
        let cluster = match self.cluster(cluster.or(replied.as_ref().map(|key| key.cluster.as_str()))) {
            Ok(cluster) => cluster,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let store = &self.desk.store;
        let report = match replied.filter(|key| key.cluster == cluster) {
            Some(key) => archive::at(store, &cluster, key.namespace.as_deref(), key.taken_at)?,
            None => archive::shown(store, &self.inbound.channel, &cluster)?,
        };
        let Some(report) = report else { return Ok(Err(crate::texts::report::none_yet(&cluster))) };
        let known = report.trees().len();
        let found = match named.parse::<usize>() {
            Ok(number) => {
                let root = report.trees().get(number.wrapping_sub(1)).map(|tree| tree.root.fingerprint.clone());
                root.and_then(|root| Found::by(report, |finding| finding.fingerprint == root))
            }
            Err(_) if named.len() < LEAST_DIGITS => None,
            Err(_) => Found::by(report, |finding| finding.fingerprint.as_str().starts_with(named)),
        };
        Ok(found.ok_or_else(|| texts::no_finding(named, &cluster, known)))
    }

    /// Keeps a silence and says so, with a button to take it back.
    pub(super) async fn silence(
        &self,
        cluster: &str,
        what: What,
        why: Option<String>,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), Failure> {
        let Self { desk, taken, inbound, grant } = *self;
        let now = desk.clock.now();
        let known = archive::silences(&desk.store, cluster, now)?;
        if known.len() >= MOST {
            return self.refuse(texts::too_many(MOST)).await;
        }
        let by = grant.person.cloned().unwrap_or_else(|| inbound.actor.name().to_owned());
        let silence = Silence { id: ids::short("m"), what, by, why, at: now, until };
        let mut commit = Commit::new();
        // Said again about the same finding: the last word counts.
        for earlier in known.iter().filter(|known| known.silence.is_about_the_same(&silence)) {
            commit.remove_expected(&SILENCES, (cluster, earlier.silence.id.as_str()), earlier);
        }
        let key = (cluster, silence.id.as_str());
        if let Some(until) = until {
            let work = Work::SilenceOver { cluster: cluster.to_owned(), silence: silence.id.clone() };
            desk.inbox.add_later(&mut commit, silence_lane(&silence.id), work, until);
        }
        let purpose = Purpose::Unmute { cluster: cluster.to_owned(), silence: silence.id.clone() };
        let place = (&inbound.channel, now + button::LASTS);
        let undo = button::make(&mut commit, place, ("Undo", ButtonStyle::Neutral), purpose);
        let body = texts::silenced(&silence, desk.time_zone).with(Block::Buttons(vec![undo]));
        let channel = inbound.channel.clone();
        let asked = ChatSilence { cluster: cluster.to_owned(), channel, silence: silence.clone() };
        commit.insert(&SILENCES, key, &asked);
        desk.answer(&mut commit, taken, inbound, body, "silenced");
        taken.done(&mut commit);
        Ok(desk.store.commit(commit).await?)
    }
}

impl Found {
    pub(super) fn by(report: Report, wanted: impl Fn(&Finding) -> bool) -> Option<Self> {
        let finding = report.findings.iter().find(|finding| wanted(finding))?.clone();
        Some(Self { report, finding })
    }

    /// The finding with all that it explains, as bad as it is now.
    pub(super) fn what(&self) -> What {
        let Self { report, finding } = self;
        let trees = report.trees();
        let tree = trees.iter().find(|tree| tree.root.fingerprint == finding.fingerprint);
        let explained = tree.map(|tree| tree.explains.as_slice()).unwrap_or_default();
        What::Finding {
            fingerprint: finding.fingerprint.clone(),
            target: finding.target.clone(),
            title: finding.title.clone(),
            level: Level::with_all(finding, explained.iter().copied()),
        }
    }

    /// The same check about the same object.
    pub(super) fn rule(&self) -> Rule {
        let Finding { id, target, .. } = &self.finding;
        Rule {
            checks: vec![id.as_str().into()],
            namespaces: target.namespace.iter().map(|namespace| namespace.as_str().into()).collect(),
            names: vec![target.name.as_str().into()],
            ..Rule::default()
        }
    }
}
