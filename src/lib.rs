//! roundsman makes the rounds of Kubernetes clusters.

// In debug builds every await of a large future takes its size from the stack of a worker, which has 2 MiB.
#![cfg_attr(not(test), warn(clippy::large_futures))]

pub mod agent;
pub mod api;
pub mod app;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod conductor;
pub mod config;
pub mod demo;
pub mod diagnosis;
pub mod finding;
pub mod forms;
pub mod health;
pub mod ids;
pub mod inbox;
pub mod inspection;
pub mod intake;
pub mod outbox;
pub mod redact;
pub mod repair;
pub mod report;
pub mod requests;
pub mod rights;
pub mod schedule;
pub mod signals;
pub mod snapshot;
pub mod store;
pub mod texts;
