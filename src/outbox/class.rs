//! How long a message is worth sending: the caps that differ by what it is for.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What kind of message it is: how long it is worth sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A report that was due.
    Report,
    /// The answer to a question or command.
    Answer,
    /// "Still looking": of no use once it is old.
    Progress,
    /// A proposal that waits for a decision, and the edits that say what became of it. Never dropped for its age:
    /// the proposal itself expires, and says so.
    Approval,
    /// Anything else that somebody should know: a refusal, a missed report.
    Notice,
}

/// The caps of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Failed sendings after which it is given up.
    pub attempts: u32,
    /// The age after which it is not sent any more; none: never too old.
    pub age: Option<TimeDelta>,
}

impl Class {
    pub fn caps(self) -> Caps {
        match self {
            Self::Report | Self::Notice => Caps { attempts: 300, age: Some(TimeDelta::hours(24)) },
            Self::Answer => Caps { attempts: 100, age: Some(TimeDelta::hours(6)) },
            Self::Progress => Caps { attempts: 3, age: Some(TimeDelta::minutes(2)) },
            // About a week of the longest waits.
            Self::Approval => Caps { attempts: 2000, age: None },
        }
    }
}
