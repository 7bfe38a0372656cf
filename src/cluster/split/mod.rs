//! Cuts a list that arrives in pieces into its items, so that no more than one item is ever held as it was sent.

mod json;
mod protobuf;

pub(super) use json::JsonSplitter;
pub(super) use protobuf::{MAGIC, ProtobufSplitter};

/// Larger than anything etcd stores (1.5 MiB by default), with room for the JSON form of it.
const LARGEST_ITEM: usize = 16 << 20;
/// What stands around the items: kind, resourceVersion, continue token.
const LARGEST_ENVELOPE: usize = 1 << 20;

/// The answer is not a list as the API server sends one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SplitError {
    #[error("the answer is not well-formed")]
    Malformed,
    #[error("the answer broke off in the middle")]
    Truncated,
    #[error("one object is larger than {} MiB", LARGEST_ITEM >> 20)]
    TooLarge,
}

/// What stands around the items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) kind: String,
    /// The continue token, where more is to be had.
    pub(super) next: Option<String>,
}
