//! Somebody who asks that something stays out: whether they may, which finding they mean, and what is kept of it.

use crate::{
    channel::{
        Grant,
        button::{self, Purpose},
    },
    conductor::{
        Desk, Failure, Taken,
        commands::Order,
        numbered::{self, Found},
    },
    ids,
    inbox::{Work, silence_lane},
    inspection::{
        archive::{self, ChatSilence, MOST, SILENCES, Scope},
        attention::{Silence, What},
    },
    store::Commit,
    texts::attention as texts,
};
use chrono::{DateTime, Utc};
use contract::{Block, Body, ButtonStyle, Inbound};

/// Somebody who asks for something, by command or by button.
#[derive(Clone, Copy)]
pub(in crate::conductor) struct Who<'a> {
    pub(in crate::conductor) desk: &'a Desk,
    pub(in crate::conductor) taken: &'a Taken,
    pub(in crate::conductor) inbound: &'a Inbound,
    pub(in crate::conductor) grant: &'a Grant<'a>,
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

    /// The finding that is named, where they may silence it.
    pub(super) fn found(&self, named: &str, cluster: Option<&str>) -> Result<Result<Found, Body>, Failure> {
        match self.may() {
            Ok(()) => numbered::found(self.desk, self.inbound, self.grant, named, cluster),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Keeps a silence and says so, with a button to take it back.
    pub(super) async fn silence(
        &self,
        place: Scope<'_>,
        what: What,
        why: Option<String>,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), Failure> {
        let Self { desk, taken, inbound, grant } = *self;
        let Scope { cluster, set, .. } = place;
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
        let here = (&inbound.channel, now + button::LASTS);
        let undo = button::make(&mut commit, here, ("Undo", ButtonStyle::Neutral), purpose);
        let body = texts::silenced(&silence, desk.time_zone).with(Block::Buttons(vec![undo]));
        let channel = inbound.channel.clone();
        let asked = ChatSilence { cluster: cluster.to_owned(), channel, set, silence: silence.clone() };
        commit.insert(&SILENCES, key, &asked);
        desk.answer(&mut commit, taken, inbound, body, "silenced");
        taken.done(&mut commit);
        Ok(desk.store.commit(commit).await?)
    }
}
