//! roundsman makes the rounds of Kubernetes clusters.

pub mod cluster;
pub mod snapshot;
pub mod texts;
