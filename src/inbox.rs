//! Everything that happens starts as a row here: dedupe, order, and "accepted" only after the commit.

use crate::{
    clock::Clock,
    inspection::archive::Scope,
    report::CheckSet,
    store::{Commit, CommitError, Direction, Keys, ReadError, Record, Store, Table, Versioned},
};
use chrono::{DateTime, Utc};
use contract::{Inbound, InboundKind, Platform};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Accepted and not yet done, in the order of arrival.
pub const INBOX: Table<Item> = Table::new("inbox");
/// Given up after several tries, kept to be looked at.
pub const PARKED: Table<Parked> = Table::new("parked");
/// What has been accepted before, by platform and the platform's id.
pub const SEEN: Table<Seen> = Table::new("seen");

/// Items that may wait. What is over it stays with the platform until there is room, and a caller of the API is told.
pub const CAPACITY: usize = 2_000;

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Items of one lane are done one after another; lanes are independent.
    pub lane: String,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// What is to be done.
    pub work: Work,
    /// How often it was tried and failed.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this time, after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Somebody wrote or pressed something.
    Chat(Box<Inbound>),
    /// Inspect a cluster for everybody who waits for it.
    Inspect {
        /// Which cluster.
        cluster: String,
        /// One namespace only.
        namespace: Option<String>,
        /// Which checks.
        #[serde(default)]
        set: CheckSet,
    },
    /// The time of a silence is over.
    SilenceOver {
        /// In which cluster.
        cluster: String,
        /// Its id.
        silence: String,
    },
    /// Take a repair one step further: carry out, verify, expire.
    Repair {
        /// Which proposal.
        proposal: String,
    },
    /// Answer a question that came by the API.
    Question {
        /// Its request id.
        request: String,
    },
    /// Look into alerts that came by the API.
    Alerts {
        /// Its request id.
        request: String,
    },
}

/// A parked item and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Parked {
    /// The item as it was.
    pub item: Item,
    /// The last failure.
    pub error: String,
    /// When it was parked.
    pub at: DateTime<Utc>,
}

/// A mark that something was accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: DateTime<Utc>,
}

impl Record for Item {
    const VERSION: u16 = 1;
}

impl Record for Parked {
    const VERSION: u16 = 1;
}

impl Record for Seen {
    const VERSION: u16 = 1;
}

/// Why something was not accepted: then it must not be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Too much waits already.
    #[error("{CAPACITY} items wait already")]
    Full,
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The door of the inbox.
#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
    clock: Clock,
    next: Arc<AtomicU64>,
}

impl Inbox {
    /// Continues the numbering after what is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(store: Store, clock: Clock) -> Result<Self, ReadError> {
        let last = |rows: Option<&String>| rows.and_then(|key| key.parse::<u64>().ok()).unwrap_or(0);
        let accepted = store.scan(&INBOX, &Keys::all(), 1, Direction::Descending)?;
        let parked = store.scan(&PARKED, &Keys::all(), 1, Direction::Descending)?;
        let newest = last(accepted.first().map(|row| &row.0)).max(last(parked.first().map(|row| &row.0)));
        Ok(Self { store, clock, next: Arc::new(AtomicU64::new(newest + 1)) })
    }

    /// Adds an item to a commit that somebody else makes.
    pub fn add(&self, commit: &mut Commit, lane: String, work: Work) {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        commit.insert(&INBOX, key, &Item { lane, at: self.clock.now(), work, attempts: 0, not_before: None });
    }

    /// Adds the inspection of a scope. Inspections of one place are made one after another, whatever they check.
    pub fn add_inspection(&self, commit: &mut Commit, scope: Scope<'_>) {
        let Scope { cluster, namespace, set } = scope;
        let lane = format!("inspect {cluster} {}", namespace.unwrap_or("*"));
        let work = Work::Inspect { cluster: cluster.to_owned(), namespace: namespace.map(str::to_owned), set };
        self.add(commit, lane, work);
    }

    /// Adds an item that is left alone until its time.
    pub fn add_later(&self, commit: &mut Commit, lane: String, work: Work, not_before: DateTime<Utc>) {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let lane = format!("{lane} later");
        let item = Item { lane, at: self.clock.now(), work, attempts: 0, not_before: Some(not_before) };
        commit.insert(&INBOX, key, &item);
    }

    /// Whether nothing more is taken in for now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_full(&self) -> Result<bool, ReadError> {
        Ok(self.store.count(&INBOX, &Keys::all())? >= CAPACITY)
    }

    /// Stores what a platform brought; `Ok` also when it was known from before.
    ///
    /// # Errors
    /// When it could not be stored: then it must not be acknowledged.
    pub async fn accept(&self, inbound: Inbound, lane: String) -> Result<(), AcceptError> {
        if self.is_full()? {
            return Err(AcceptError::Full);
        }
        let mut commit = Commit::new();
        let platform = inbound.channel.platform;
        commit.insert(&SEEN, seen_key(platform, inbound.id.as_str()), &Seen { at: self.clock.now() });
        self.add(&mut commit, lane, Work::Chat(Box::new(inbound)));
        match self.store.commit(commit).await {
            Err(CommitError::Conflict { table, .. }) if table == SEEN.name() => Ok(()),
            other => Ok(other?),
        }
    }

    /// The oldest items, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn waiting(&self, limit: usize) -> Result<Vec<(String, Versioned<Item>)>, ReadError> {
        self.store.scan(&INBOX, &Keys::all(), limit, Direction::Ascending)
    }
}

fn seen_key(platform: Platform, id: &str) -> (String, String) {
    (platform.name().to_owned(), id.to_owned())
}

/// The lane of an inbound whose button, if it is one, leads to this proposal: presses on one proposal are decided one
/// after another; cancelling must not wait behind what it cancels, nor commands behind a question that takes its time;
/// everything else is in order within its channel.
pub fn lane(inbound: &Inbound, proposal: Option<&str>) -> String {
    match (&inbound.kind, proposal) {
        (InboundKind::Press { .. }, Some(proposal)) => repair_lane(proposal),
        (InboundKind::Command(invocation), _) if invocation.command == contract::CommandName::Cancel => {
            format!("cancel {}", inbound.channel)
        }
        (InboundKind::Command(invocation), _) if invocation.command != contract::CommandName::Ask => {
            format!("command {}", inbound.channel)
        }
        _ => format!("talk {}", inbound.channel),
    }
}

/// The lane of everything that happens to one proposal.
pub fn repair_lane(proposal: &str) -> String {
    format!("repair {proposal}")
}

/// The lane of what happens to one silence.
pub fn silence_lane(silence: &str) -> String {
    format!("silence {silence}")
}
