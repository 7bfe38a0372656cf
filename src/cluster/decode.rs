//! What has arrived of a list: cut into items, decoded one by one, and kept as values.

use http::{HeaderMap, header};

use super::split::{Envelope, JsonSplitter, ProtobufSplitter, SplitError};
use super::wire::PROTOBUF_TYPE;
use crate::snapshot::{Interner, Resource, Snapshot};

/// What has arrived so far; it outlives a read that is cut off by the deadline.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) objects: Snapshot,
    /// In the server's words: they name the identity.
    pub(super) forbidden: Option<String>,
    interner: Interner,
    pub(super) undecodable: Option<(u64, String)>,
}

/// One answer on its way, in the form that the server chose.
#[derive(Debug)]
pub(super) enum Decoder {
    Json(JsonSplitter),
    Protobuf(ProtobufSplitter),
}

impl Decoder {
    /// For an answer with these headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let form = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if form.starts_with(PROTOBUF_TYPE) {
            Self::Protobuf(ProtobufSplitter::default())
        } else {
            Self::Json(JsonSplitter::default())
        }
    }

    /// Keeps every item that is complete with this chunk. One odd object must not hide the others; that it is missing is said.
    pub(super) fn feed(&mut self, chunk: &[u8], resource: Resource, partial: &mut Partial) -> Result<(), SplitError> {
        let Partial { objects, interner, undecodable, .. } = partial;
        let mut count = |objects: &mut Snapshot, outcome: Result<(), String>| match outcome {
            Ok(()) => objects.reads.objects += 1,
            Err(error) => undecodable.get_or_insert((0, error)).0 += 1,
        };
        interner.scope(|| match self {
            Self::Json(splitter) => splitter.feed(chunk, |item| {
                let pushed = objects.push(resource, &mut serde_json::Deserializer::from_slice(item));
                count(objects, pushed.map_err(|error| error.to_string()));
            }),
            Self::Protobuf(splitter) => splitter.feed(chunk, |item| {
                let pushed = objects.push_protobuf(resource, item);
                count(objects, pushed.map_err(|error| error.to_string()));
            }),
        })
    }

    /// What stood around the items, if the answer is complete.
    pub(super) fn finish(self) -> Result<Envelope, SplitError> {
        match self {
            Self::Json(splitter) => splitter.finish(),
            Self::Protobuf(splitter) => splitter.finish(),
        }
    }
}
