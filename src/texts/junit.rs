//! What a CI shows of a check.

use super::findings::brief;
use crate::finding::Finding;
use crate::report::{Gap, Report};

pub(crate) fn suite(report: &Report) -> String {
    format!("roundsman {}", report.cluster)
}

/// Why a check did not run.
pub(crate) fn unread(gap: &Gap) -> String {
    format!("could not {}: {}", gap.what, gap.why)
}

/// One line over all findings of a check.
pub(crate) fn message(findings: &[&Finding]) -> String {
    let first = |finding: &&&Finding| brief(&format!("{}: {}", finding.target, finding.title));
    match findings {
        [] => String::new(),
        [only] => first(&only),
        [one, rest @ ..] => format!("{}; and {} more", first(&one), rest.len()),
    }
}

/// The first line of a finding, with its cause.
pub(crate) fn finding(report: &Report, finding: &Finding) -> String {
    let line = format!("{} {}: {}", finding.severity, finding.target, finding.title);
    match finding.caused_by.as_ref().and_then(|cause| report.find(cause)) {
        Some(cause) => format!("{line} (caused by {}: {})", cause.target, cause.title),
        None => line,
    }
}
