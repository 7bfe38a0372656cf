//! Every sentence that a person sees, as functions to bodies: the seam for translations.

pub mod agent;
pub mod alert;
pub mod attention;
pub mod chat;
pub mod cluster;
pub mod cures;
pub mod findings;
pub mod look;
pub mod outbox;
pub mod repair;
pub mod report;
pub mod schedule;
pub mod time;
pub mod why;
