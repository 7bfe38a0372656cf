//! The life of one message on its way out, as a state machine: what happened to it decides what is done next.
//!
//! ```text
//! Queued { attempts, not_before } ──> Sent { message }
//!        ^   │                    └─> Dead { reason }
//!        └───┴── retried, held back, as plain text, or to a new address
//! ```
//!
//! Pure. The state is stored by compare-and-set; what else must happen in the same commit comes back as effects.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::class::Class;
use crate::texts::outbox as texts;

/// The first wait after a failure; doubled with each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(2);

/// The longest wait after a failure.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);

/// The longest that a platform may ask us to wait before we try again all the same.
const LONGEST_HOLD: TimeDelta = TimeDelta::hours(1);

/// After this many sendings that may have arrived it is left alone: two copies are a nuisance, ten are a flood.
const DOUBTS_LIMIT: u32 = 3;

/// How much of a platform's own words is kept, in characters.
const DETAIL_LIMIT: usize = 300;

/// What the machine has to know of the message itself.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The id of the row; spreads the retries of many messages.
    pub id: &'a str,
    pub class: Class,
}

/// How the text is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    #[default]
    Formatted,
    /// The platform refused the formatting.
    Plain,
}

/// Where a message is in its life. `M` is what the platform calls the message once it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Delivery<M> {
    Queued {
        /// Since when it waits; its age counts from here.
        since: DateTime<Utc>,
        not_before: DateTime<Utc>,
        /// Sendings that failed.
        attempts: u32,
        /// Those of them that may have arrived all the same.
        doubts: u32,
        form: Form,
    },
    Sent {
        at: DateTime<Utc>,
        message: M,
    },
    Dead {
        at: DateTime<Utc>,
        reason: DeadReason,
    },
}

/// Why a message was never delivered. Displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum DeadReason {
    #[error("{}", texts::too_old())]
    TooOld,
    #[error("{}", texts::gave_up(*attempts, detail))]
    GaveUp { attempts: u32, detail: String },
    #[error("{}", texts::may_have_arrived(detail))]
    MayHaveArrived { detail: String },
    #[error("{}", texts::rejected(detail))]
    Rejected { detail: String },
    #[error("{}", texts::channel_gone(detail))]
    ChannelGone { detail: String },
    /// A later edit of the same message took its place before it was sent.
    #[error("{}", texts::superseded())]
    Superseded,
}

impl DeadReason {
    /// Whether nobody can have seen what it said.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::TooOld | Self::GaveUp { .. } | Self::Rejected { .. } | Self::ChannelGone { .. } => true,
            Self::MayHaveArrived { .. } | Self::Superseded => false,
        }
    }
}

/// What happened. `C` is the address of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEvent<M, C> {
    Delivered {
        message: M,
    },
    /// The platform asks to slow down.
    RetryAfter {
        after: Duration,
        scope: Scope,
    },
    /// It did not arrive, and later it may: no connection, a server error.
    Transient {
        detail: String,
    },
    /// Nobody can tell whether it arrived: the connection broke after it was sent.
    Ambiguous {
        detail: String,
    },
    /// The formatting was refused.
    Malformed {
        detail: String,
    },
    /// The platform will never take it.
    Rejected {
        detail: String,
    },
    /// The channel does not exist any more, or not for the bot.
    ChannelGone {
        detail: String,
    },
    /// The channel has a new address.
    Moved {
        to: C,
    },
    /// A later edit of the same message makes this one unnecessary.
    Superseded,
}

/// Whom a platform asks to slow down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Channel,
    Platform,
}

/// What has to happen besides the new state, in the same commit where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<C> {
    /// Nothing to this channel before then.
    HoldChannel { until: DateTime<Utc> },
    /// Nothing to this platform before then.
    HoldPlatform { until: DateTime<Utc> },
    /// Stop the channel's subscriptions and show it, until a message arrives there again.
    PauseChannel { detail: String },
    /// Everything for this channel goes to the new address from now on, also what is queued and subscribed.
    Readdress { to: C },
}

/// An event that does not fit the state: somebody else settled the message meanwhile. Nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is settled already")]
pub struct Settled;

/// What the worker does with a message now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look<M> {
    Wait {
        until: DateTime<Utc>,
    },
    Send {
        form: Form,
    },
    /// It has become too old: store this state instead of sending.
    Drop(Delivery<M>),
    /// It is sent or dead.
    Done,
}

impl<M> Delivery<M> {
    /// A new message, to be sent at once.
    pub fn queued(now: DateTime<Utc>) -> Self {
        Self::Queued { since: now, not_before: now, attempts: 0, doubts: 0, form: Form::Formatted }
    }

    /// What to do with the message now.
    pub fn look(&self, letter: Letter<'_>, now: DateTime<Utc>) -> Look<M> {
        match self {
            Self::Queued { since, not_before, form, .. } => {
                if letter.class.caps().age.is_some_and(|age| now - *since > age) {
                    return Look::Drop(Self::Dead { at: now, reason: DeadReason::TooOld });
                }
                if *not_before > now { Look::Wait { until: *not_before } } else { Look::Send { form: *form } }
            }
            Self::Sent { .. } | Self::Dead { .. } => Look::Done,
        }
    }

    /// The state after `event`, and what else it calls for.
    pub fn next<C>(
        self,
        letter: Letter<'_>,
        event: DeliveryEvent<M, C>,
        now: DateTime<Utc>,
    ) -> Result<(Self, Vec<Effect<C>>), Settled> {
        let (since, attempts, doubts, form) = match (self, &event) {
            (Self::Queued { since, attempts, doubts, form, .. }, _) => (since, attempts, doubts, form),
            // A sending that was under way when it was given up, and came through: that is what people see.
            (Self::Dead { .. }, DeliveryEvent::Delivered { .. }) => (now, 0, 0, Form::Formatted),
            (Self::Dead { .. } | Self::Sent { .. }, _) => return Err(Settled),
        };
        let dead = |reason| Self::Dead { at: now, reason };
        let queued = |not_before, attempts, doubts, form| Self::Queued { since, not_before, attempts, doubts, form };
        let tried = attempts.saturating_add(1);
        let retry_at = now + wait(letter.id, tried);
        let spent = tried >= letter.class.caps().attempts;

        Ok(match event {
            DeliveryEvent::Delivered { message } => (Self::Sent { at: now, message }, Vec::new()),
            DeliveryEvent::RetryAfter { after, scope } => {
                let after = TimeDelta::from_std(after).unwrap_or(LONGEST_HOLD).min(LONGEST_HOLD);
                let until = now + after;
                let hold = match scope {
                    Scope::Channel => Effect::HoldChannel { until },
                    Scope::Platform => Effect::HoldPlatform { until },
                };
                // Being asked to wait is not a failure of the message.
                (queued(until, attempts, doubts, form), vec![hold])
            }
            DeliveryEvent::Transient { detail } if spent => {
                (dead(DeadReason::GaveUp { attempts: tried, detail: cut(detail) }), Vec::new())
            }
            DeliveryEvent::Transient { .. } => (queued(retry_at, tried, doubts, form), Vec::new()),
            DeliveryEvent::Ambiguous { detail } => {
                let worth_a_double = match letter.class {
                    Class::Progress => false,
                    Class::Report | Class::Answer | Class::Approval | Class::Notice => true,
                };
                if spent || doubts + 1 >= DOUBTS_LIMIT || !worth_a_double {
                    (dead(DeadReason::MayHaveArrived { detail: cut(detail) }), Vec::new())
                } else {
                    (queued(retry_at, tried, doubts + 1, form), Vec::new())
                }
            }
            DeliveryEvent::Malformed { detail } => match form {
                Form::Formatted => (queued(now, tried, doubts, Form::Plain), Vec::new()),
                Form::Plain => (dead(DeadReason::Rejected { detail: cut(detail) }), Vec::new()),
            },
            DeliveryEvent::Rejected { detail } => (dead(DeadReason::Rejected { detail: cut(detail) }), Vec::new()),
            DeliveryEvent::ChannelGone { detail } => {
                let detail = cut(detail);
                let pause = Effect::PauseChannel { detail: detail.clone() };
                (dead(DeadReason::ChannelGone { detail }), vec![pause])
            }
            // Two addresses that point at each other end with the attempts.
            DeliveryEvent::Moved { .. } if spent => {
                let detail = texts::moves_in_circles();
                (dead(DeadReason::GaveUp { attempts: tried, detail }), Vec::new())
            }
            DeliveryEvent::Moved { to } => (queued(now, tried, doubts, form), vec![Effect::Readdress { to }]),
            DeliveryEvent::Superseded => (dead(DeadReason::Superseded), Vec::new()),
        })
    }
}

/// The wait after the given number of failed sendings: doubling, and between half and the whole of it, so that what
/// failed together does not come back together. The same for the same message: a restart changes nothing.
fn wait(id: &str, attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT).num_milliseconds();
    let half = whole / 2;
    // FNV-1a: stable over releases, which the standard hasher does not promise.
    let spread = id
        .bytes()
        .chain(attempts.to_be_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The upper bits are the well mixed ones.
    let share = i64::try_from(spread >> 32).unwrap_or(0) % (half + 1);
    TimeDelta::milliseconds(half + share)
}

fn cut(mut detail: String) -> String {
    if let Some((end, _)) = detail.char_indices().nth(DETAIL_LIMIT) {
        detail.truncate(end);
        detail.push('…');
    }
    detail
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
