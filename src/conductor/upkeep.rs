//! Once an hour what was kept long enough goes: everything has a cap, also what is kept. Only the audit stays whole.

use super::{Desk, Failure, chat::REFUSED};
use crate::{
    agent::CONVERSATIONS,
    channel::{OCCURRENCES, button::BUTTONS},
    health::Health,
    inbox::{PARKED, SEEN},
    outbox::{DEAD, SENT, SUBJECTS},
    repair::{self, LEASES, PROPOSALS},
    requests::{REQUESTS, TOLD},
    store::{Commit, CommitError, Direction, Keys, Record, Store, Table, Versioned},
    texts,
};
use chrono::{DateTime, TimeDelta, Utc};
use contract::Stop;
use std::{sync::Arc, time::Duration};

/// Between two looks.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Rows that go in one commit.
const AT_ONCE: usize = 500;
/// A platform offers nothing again after this time: Telegram keeps updates for a day.
const SEEN_FOR: TimeDelta = TimeDelta::days(7);
/// What people may still refer to.
const TALK_FOR: TimeDelta = TimeDelta::days(30);
/// What is over and may still be asked about.
const OVER_FOR: TimeDelta = TimeDelta::days(90);
/// A file that nothing refers to may be one whose row is on its way.
const UNREFERRED_FOR: Duration = Duration::from_secs(3_600);
/// Entries of the audit that are looked at: more than a year of repairs.
const AUDITED: usize = 20_000;

/// The task that looks after what is kept.
#[derive(Debug)]
pub struct Upkeep {
    desk: Arc<Desk>,
    health: Health,
}

impl Upkeep {
    /// Looks after this desk's store.
    pub fn new(desk: Arc<Desk>, health: Health) -> Self {
        Self { desk, health }
    }

    /// Looks at the start and then once an hour, until stop.
    pub async fn run(self, stop: Stop) {
        loop {
            let now = self.desk.clock.now();
            match sweep(&self.desk.store, now).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "rows were kept long enough and are gone"),
                Err(error) => tracing::error!(%error, "the store could not be swept"),
            }
            self.look_at_the_audit(now);
            tokio::select! {
                () = self.desk.clock.sleep_until(now + EVERY) => {}
                () = stop.stopped() => return,
            }
        }
    }

    /// Somebody who changes the audit is to be found out.
    fn look_at_the_audit(&self, now: DateTime<Utc>) {
        let holds = repair::audit::before(&self.desk.store, None, AUDITED).map_err(|error| error.to_string()).and_then(
            |mut entries| {
                entries.reverse();
                repair::audit::verify_chain(&entries).map_err(|broken| broken.to_string()).map(|()| entries.len())
            },
        );
        match holds {
            Ok(entries) => self.health.part("audit", true, &texts::repair::audit_holds(entries), now),
            Err(broken) => self.health.part("audit", false, &broken, now),
        }
    }
}

/// Removes what was kept long enough, and gives how many rows that were.
pub(super) async fn sweep(store: &Store, now: DateTime<Utc>) -> Result<usize, Failure> {
    let over = |at: DateTime<Utc>, keep: TimeDelta| now - at > keep;
    let mut gone = table(store, &SEEN, |seen| over(seen.at, SEEN_FOR)).await?;
    gone += table(store, &BUTTONS, |meaning| over(meaning.expires_at, TimeDelta::days(1))).await?;
    gone += table(store, &OCCURRENCES, |occurrence| over(occurrence.decided_at, TALK_FOR)).await?;
    gone +=
        table(store, &CONVERSATIONS, |talk| talk.exchanges.last().is_none_or(|last| over(last.at, TALK_FOR))).await?;
    gone += table(store, &REQUESTS, |request| over(request.at, TALK_FOR)).await?;
    gone += table(store, &TOLD, |told| over(told.at, TALK_FOR)).await?;
    gone += table(store, &PARKED, |parked| over(parked.at, TALK_FOR)).await?;
    gone += table(store, &DEAD, |row| over(row.created_at, TALK_FOR)).await?;
    gone += table(store, &REFUSED, |refused| over(refused.at, OVER_FOR)).await?;
    gone += table(store, &LEASES, |lease| over(lease.until, TimeDelta::zero())).await?;
    gone += table(store, &PROPOSALS, |proposal| proposal.is_final() && over(proposal.created_at, OVER_FOR)).await?;
    // What a message is about goes with the message.
    gone += rows(
        store,
        &SENT,
        |sent| over(sent.at, TALK_FOR),
        |commit, sent| {
            commit.remove(&SUBJECTS, (sent.message.channel.to_string(), sent.message.id.as_str()));
        },
    )
    .await?;
    let files = store.collect_blobs(UNREFERRED_FOR).await.map_err(anyhow::Error::from)?;
    Ok(gone + files)
}

async fn table<V: Record>(store: &Store, table: &Table<V>, old: impl Fn(&V) -> bool) -> Result<usize, Failure> {
    rows(store, table, old, |_, _| {}).await
}

/// Removes the old rows of a table, and with each what `also` adds. A row that changes meanwhile waits for the next time.
async fn rows<V: Record>(
    store: &Store,
    table: &Table<V>,
    old: impl Fn(&V) -> bool,
    also: impl Fn(&mut Commit, &Versioned<V>),
) -> Result<usize, Failure> {
    let mut gone = 0;
    let mut keys = Keys::all();
    loop {
        let page = store.scan(table, &keys, AT_ONCE, Direction::Ascending)?;
        let Some((last, _)) = page.last() else { return Ok(gone) };
        keys = keys.after(last);
        let mut commit = Commit::new();
        let mut going = 0;
        for (key, row) in page.iter().filter(|(_, row)| old(row)) {
            commit.remove_expected(table, key, row);
            also(&mut commit, row);
            going += 1;
        }
        match store.commit(commit).await {
            Ok(()) => gone += going,
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, sweep};
    use crate::{
        inbox::{SEEN, Seen},
        outbox::{SENT, SUBJECTS, Sent, Subject},
        repair::{PROPOSALS, Proposal, State, samples},
        store::{Commit, Keys, Options, Store},
    };
    use chrono::TimeDelta;
    use contract::{ChannelRef, MessageRef, Platform};

    #[tokio::test]
    async fn what_was_kept_long_enough_goes_and_the_rest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let now = samples::now() + TimeDelta::days(100);
        let mut commit = Commit::new();
        for number in 0..AT_ONCE as u64 + 10 {
            commit.put(&SEEN, ("telegram".to_owned(), number), &Seen { at: now - TimeDelta::days(8) });
        }
        commit.put(&SEEN, ("telegram".to_owned(), "new".to_owned()), &Seen { at: now - TimeDelta::days(6) });
        let channel = ChannelRef::new(Platform::Telegram, "-1");
        for (id, days) in [("old", 31), ("new", 29)] {
            let message = MessageRef { channel: channel.clone(), id: id.to_owned() };
            commit.put(&SUBJECTS, (channel.to_string(), id), &Subject::Nothing);
            commit.put(&SENT, id, &Sent { message, at: now - TimeDelta::days(days) });
        }
        let open = samples::proposal(samples::undo());
        let over = Proposal { state: State::Rejected { by: "bob".into(), at: samples::now() }, ..open.clone() };
        commit.put(&PROPOSALS, "r-open2", &open);
        commit.put(&PROPOSALS, "r-over2", &over);
        store.commit(commit).await.unwrap();

        assert_eq!(sweep(&store, now).await.unwrap(), AT_ONCE + 10 + 1 + 1);
        assert_eq!(store.count(&SEEN, &Keys::all()).unwrap(), 1);
        assert!(store.get(&SUBJECTS, (channel.to_string(), "old")).unwrap().is_none());
        assert!(store.get(&SUBJECTS, (channel.to_string(), "new")).unwrap().is_some());
        assert!(store.get(&PROPOSALS, "r-open2").unwrap().is_some());
        assert!(store.get(&PROPOSALS, "r-over2").unwrap().is_none());
        assert_eq!(sweep(&store, now).await.unwrap(), 0);
    }
}
