//! Every sentence that a person sees, as functions to bodies: the seam for translations.

pub mod chat;
pub mod outbox;
pub mod schedule;
//! Every sentence that a person sees.

pub mod cluster;
