//! roundsman makes the rounds of Kubernetes clusters.

pub mod channel;
pub mod config;
pub mod repair;
