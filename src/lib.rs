//! roundsman makes the rounds of Kubernetes clusters.
pub mod demo;
