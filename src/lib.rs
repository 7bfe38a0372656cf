//! roundsman makes the rounds of Kubernetes clusters.

pub mod channel;
pub mod clock;
pub mod config;
pub mod inspection;
pub mod repair;
pub mod report;
pub mod outbox;
pub mod schedule;
pub mod store;
pub mod texts;
