//! roundsman makes the rounds of Kubernetes clusters.

pub mod clock;
pub mod store;
