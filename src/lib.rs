//! roundsman makes the rounds of Kubernetes clusters.

pub mod channel;
pub mod clock;
pub mod config;
pub mod health;
pub mod ids;
pub mod inbox;
pub mod diagnosis;
pub mod inspection;
pub mod intake;
pub mod outbox;
pub mod repair;
pub mod report;
pub mod requests;
pub mod schedule;
pub mod store;
pub mod texts;
pub mod cluster;
pub mod snapshot;
pub mod texts;
pub mod demo;
