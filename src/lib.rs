//! roundsman makes the rounds of Kubernetes clusters.
