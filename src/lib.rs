//! roundsman makes the rounds of Kubernetes clusters.

pub mod inspection;
pub mod report;
pub mod snapshot;
