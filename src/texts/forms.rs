//! What the written forms of a report say around it.

use super::time;
use crate::inspection::finding::{Evidence, Finding, ObjectRef};
use crate::report::Report;

/// `, for 3h`, where the fact says since when.
pub(crate) fn since(report: &Report, fact: &Evidence) -> String {
    fact.since.map(|since| format!(", {}", time::since(since, report.taken_at))).unwrap_or_default()
}

/// Where a finding shows, unless that is said already: at what it is about, and nowhere else.
pub(crate) fn objects(finding: &Finding) -> Vec<String> {
    match finding.objects.as_slice() {
        [only] if only.container.is_none() && only.target() == finding.target => Vec::new(),
        objects => objects.iter().map(object).collect(),
    }
}

/// `Pod shop/api-x, container api`.
fn object(object: &ObjectRef) -> String {
    match &object.container {
        Some(container) => format!("{}, container {container}", object.target()),
        None => object.target().to_string(),
    }
}
