//! roundsman makes the rounds of Kubernetes clusters.

pub mod clock;
pub mod outbox;
pub mod schedule;
pub mod store;
pub mod texts;
