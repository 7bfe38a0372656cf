//! What the bot has to say and has not said yet: every message is a row that outlives the process.

mod class;
mod message;
pub mod state;
mod worker;

pub use class::{Caps, Class};
pub use message::{DEAD, Draft, OUTBOX, Outbox, Promise, Row, RowKind, SENT, SUBJECTS, Sent, Subject};
pub use worker::Worker;
