//! What a person can do about a finding in a chat.

use crate::diagnosis::{self, Proposed};
use crate::finding::Finding;

/// One button of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer<'a> {
    /// Evidence, objects, commands.
    Details,
    /// The cause chain, worded by the model where there is one.
    Explain,
    /// A proposal: what it would change is shown before anybody approves.
    Fix(Proposed<'a>),
}

/// The buttons of a finding, in their order.
pub fn offers(finding: &Finding) -> Vec<Offer<'_>> {
    let fix = diagnosis::proposed(finding);
    [Offer::Details, Offer::Explain].into_iter().chain(fix.map(Offer::Fix)).collect()
}
