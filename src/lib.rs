//! roundsman makes the rounds of Kubernetes clusters.

pub mod channel;
pub mod clock;
pub mod config;
pub mod repair;
pub mod store;
