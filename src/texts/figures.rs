//! What each figure of the Prometheus form is, in its HELP line: one line, no backslash.

pub(crate) const FINDINGS: &str = "Findings that nothing else explains, as bad as the worst that follows from them.";
pub(crate) const BY_SEVERITY: &str = "The same findings by severity, zeros too.";
pub(crate) const CHANGES: &str = "The same findings against the last inspection.";
pub(crate) const SCORE: &str = "Score of the cluster, 0 to 100.";
pub(crate) const GAPS: &str = "Lists that could not be read.";
pub(crate) const CHECKS: &str = "Checks that ran.";
pub(crate) const TAKEN_AT: &str = "The moment that the report stands for, in seconds since 1970.";
pub(crate) const DURATION: &str = "How long the inspection took.";
pub(crate) const OBJECTS: &str = "Objects that were read.";
pub(crate) const REQUESTS: &str = "Requests to the cluster.";
pub(crate) const BYTES: &str = "Bytes that the cluster answered.";
