//! Every sentence that a person sees, as functions to bodies: one place to keep them short and plain, and the seam for
//! translations.

pub mod chat;
pub mod cluster;
pub mod cures;
pub mod findings;
pub mod outbox;
pub mod repair;
pub mod report;
pub mod schedule;
pub mod time;
pub mod why;
