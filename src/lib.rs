//! roundsman makes the rounds of Kubernetes clusters.

pub mod cluster;
pub mod redact;
pub mod snapshot;
pub mod texts;
