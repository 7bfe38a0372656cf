//! The report in words: for the chat, and what the forms share.

use crate::snapshot::{Resource, Why};

/// `list secrets`.
pub(crate) fn list_of(resource: Resource) -> String {
    format!("list {resource}")
}

/// Why a list is missing.
pub(crate) fn why_unread(why: &Why) -> String {
    match why {
        Why::Forbidden => "forbidden".to_owned(),
        Why::NotServed => "the cluster does not have it".to_owned(),
        Why::SwitchedOff => "switched off in the configuration".to_owned(),
        Why::TimedOut => "not answered in time".to_owned(),
        Why::Failed(reason) => reason.clone(),
    }
}
