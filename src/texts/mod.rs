//! Every sentence that a person sees, as functions to bodies: the seam for translations.

pub mod alert;
pub mod chat;
pub mod cluster;
pub mod cures;
pub mod findings;
pub mod outbox;
//! Every sentence that a person sees, as functions: one place to keep them short and plain.

pub mod cluster;
pub mod cures;
pub mod findings;
pub mod look;
pub mod report;
pub mod schedule;
pub mod time;
pub mod why;
