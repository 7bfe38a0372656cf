//! Every sentence that a person sees, as functions to bodies: the seam for translations.

pub mod agent;
pub mod alert;
pub mod attention;
pub mod chat;
pub mod checks;
pub mod cluster;
pub mod cures;
pub mod details;
pub mod figures;
pub mod findings;
pub mod forms;
pub mod gaps;
pub mod junit;
pub mod look;
pub mod numbered;
pub mod outbox;
pub mod repair;
pub mod report;
pub mod rights;
pub mod schedule;
pub mod score;
pub mod time;
pub mod trend;
pub mod visible;
pub mod why;
