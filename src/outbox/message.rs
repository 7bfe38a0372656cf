//! Rows of the outbox: one platform message each, made in the same commit as what they tell about.

use super::{Class, state::Delivery};
use crate::{
    channel::button::ReportKey,
    clock::Clock,
    ids, redact,
    schedule::Missed,
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table},
    texts,
};
use chrono::{DateTime, Utc};
use contract::{Body, ChannelRef, Limits, MessageRef, OutboundId, Platform, Receipt, Visibility, split};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// To be sent, by channel and in order within it.
pub const OUTBOX: Table<Row> = Table::new("outbox");
/// Sent, by our own id.
pub const SENT: Table<Sent> = Table::new("sent");
/// What a message on a platform is about, by channel and message id: how a reply finds its subject.
pub const SUBJECTS: Table<Subject> = Table::new("subjects");
/// Given up, by our own id, to be looked at.
pub const DEAD: Table<Row> = Table::new("dead");

/// Messages of the platform that one of ours becomes at most.
const PARTS: usize = 20;

/// One message to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Our id, and the platform's idempotency key where it has one.
    pub id: OutboundId,
    /// Where to.
    pub to: ChannelRef,
    /// What it is.
    pub kind: RowKind,
    /// The promise that it keeps, where it begins a report that was due.
    #[serde(default)]
    pub promise: Option<Promise>,
    /// What it says.
    pub body: Body,
    /// What a reply to it is about.
    pub subject: Subject,
    /// How long it is worth sending.
    pub class: Class,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Where it is in its life.
    pub delivery: Delivery<MessageRef>,
}

/// A report that a subscription promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The subscription's id.
    pub subscription: String,
    /// What the next report has to say if this one never arrives: that it was missed, and what it would have said so of.
    pub missed: Missed,
}

/// What the message is; an edit names ours, whose place on the platform is known once it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A new message.
    Post {
        /// What it replies to.
        reply_to: Option<MessageRef>,
    },
    /// New content for one of ours.
    Edit {
        /// Which.
        of: OutboundId,
    },
    /// The answer to an inbound.
    Answer {
        /// The inbound's receipt.
        receipt: Option<Receipt>,
        /// The inbound's message.
        reply_to: Option<MessageRef>,
        /// Who may see it.
        visibility: Visibility,
    },
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Nothing that a reply could go on with.
    Nothing,
    /// A report.
    Report {
        /// Which.
        key: ReportKey,
    },
    /// A conversation.
    Conversation {
        /// Its id.
        id: String,
    },
    /// A repair.
    Proposal {
        /// Its id.
        id: String,
    },
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Where it stands.
    pub message: MessageRef,
    /// When it arrived.
    pub at: DateTime<Utc>,
}

impl Record for Row {
    const VERSION: u16 = 1;
}
impl Record for Sent {
    const VERSION: u16 = 1;
}
impl Record for Subject {
    const VERSION: u16 = 1;
}

/// A message before it is split.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What caused it: the ids of the messages are derived from it, so the same cause never posts twice.
    pub cause: String,
    /// Where to.
    pub to: ChannelRef,
    /// What it is.
    pub kind: RowKind,
    /// What it says.
    pub body: Body,
    /// What a reply to it is about.
    pub subject: Subject,
    /// How long it is worth sending.
    pub class: Class,
    /// The promise that it keeps, where it is a report that was due.
    pub promise: Option<Promise>,
}

/// The door of the outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    clock: Clock,
    limits: Arc<BTreeMap<Platform, Limits>>,
    next: Arc<AtomicU64>,
}

impl Outbox {
    /// Continues the numbering after what is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(store: &Store, clock: Clock, limits: BTreeMap<Platform, Limits>) -> Result<Self, ReadError> {
        let newest = store
            .scan(&OUTBOX, &Keys::all(), usize::MAX, Direction::Ascending)?
            .iter()
            .filter_map(|(key, _)| crate::store::key_parts(key).last()?.parse::<u64>().ok())
            .max();
        Ok(Self { clock, limits: Arc::new(limits), next: Arc::new(AtomicU64::new(newest.map_or(0, |last| last + 1))) })
    }

    /// Adds a message to a commit, in as many rows as the platform needs, and gives the first one's id.
    pub fn add(&self, commit: &mut Commit, draft: Draft) -> OutboundId {
        let body = redact::document(draft.body);
        let bodies = match self.limits.get(&draft.to.platform) {
            Some(limits) => few(split(&body, limits)),
            // A platform that is not configured (any more): kept whole until it is, and then refused by it if too long.
            None => vec![body],
        };
        let first = ids::outbound_id(&draft.cause, 0);
        for (part, body) in bodies.into_iter().enumerate() {
            let kind = if part == 0 { draft.kind.clone() } else { follow_up(&draft.kind) };
            let row = Row {
                id: ids::outbound_id(&draft.cause, part),
                to: draft.to.clone(),
                kind,
                promise: draft.promise.clone().filter(|_| part == 0),
                body,
                subject: draft.subject.clone(),
                class: draft.class,
                created_at: self.clock.now(),
                delivery: Delivery::queued(self.clock.now()),
            };
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            commit.insert(&OUTBOX, (draft.to.to_string(), place), &row);
        }
        first
    }
}

/// At most so many parts: the first ones, a word about what is left out, and the last one, where the buttons are.
fn few(mut bodies: Vec<Body>) -> Vec<Body> {
    let left_out = bodies.len().saturating_sub(PARTS);
    if left_out > 0 {
        let from = PARTS - 2;
        bodies.splice(from..=from + left_out, [Body::text(texts::outbox::left_out(left_out + 1))]);
    }
    bodies
}

/// How the second and later parts of a message are sent.
fn follow_up(kind: &RowKind) -> RowKind {
    match kind {
        RowKind::Post { reply_to } => RowKind::Post { reply_to: reply_to.clone() },
        RowKind::Edit { .. } => RowKind::Post { reply_to: None },
        RowKind::Answer { .. } => kind.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PARTS, few};
    use contract::{Body, plain};

    #[test]
    fn a_long_message_is_cut_and_keeps_its_end() {
        let bodies = |count: usize| (0..count).map(|part| Body::text(format!("part {part}"))).collect::<Vec<_>>();
        assert_eq!(few(bodies(PARTS)), bodies(PARTS));
        let cut = few(bodies(PARTS + 5));
        assert_eq!(cut.len(), PARTS);
        assert_eq!(plain(&cut[PARTS - 3]), format!("part {}", PARTS - 3));
        assert!(plain(&cut[PARTS - 2]).contains("6 messages"), "{}", plain(&cut[PARTS - 2]));
        assert_eq!(plain(&cut[PARTS - 1]), format!("part {}", PARTS + 4));
    }
}
