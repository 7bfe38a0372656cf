//! roundsman makes the rounds of Kubernetes clusters.

pub mod cluster;
pub mod redact;
pub mod diagnosis;
pub mod inspection;
pub mod report;
pub mod snapshot;
pub mod texts;
