//! roundsman makes the rounds of Kubernetes clusters.

pub mod clock;
pub mod cluster;
pub mod diagnosis;
pub mod inspection;
pub mod redact;
pub mod report;
pub mod snapshot;
pub mod texts;
