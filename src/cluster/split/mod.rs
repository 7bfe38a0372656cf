//! Cuts a list that arrives in pieces into its items, so that no more than one item is ever held as it was sent.

mod json;

pub(super) use json::Splitter;
