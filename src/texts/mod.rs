//! Every sentence that a person sees, as functions to bodies: the seam for translations.

pub mod chat;
//! Every sentence that a person sees, as functions: one place to keep them short and plain.

pub mod outbox;
pub mod schedule;
