//! How a record looks on disk: `{"v":1,"data":…}`, or for a big one a pointer to the blob that holds exactly that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blob::BlobRef;
use super::table::Record;

/// Up to this many bytes a record lies in the tree itself. sled moves fat leaves into files that it never deletes:
/// measured, 16 KiB values stay clear of it, 64 KiB values do not.
pub(super) const INLINE_LIMIT: usize = 16 * 1024;

#[derive(Serialize)]
struct Written<'a, V> {
    v: u16,
    data: &'a V,
}

#[derive(Deserialize)]
struct Current<V> {
    data: V,
}

#[derive(Deserialize)]
struct Version {
    v: u16,
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    blob: BlobRef,
}

/// Why bytes are not the record that was asked for.
pub(super) enum Unreadable {
    Newer { found: u16, known: u16 },
    Malformed(String),
}

/// The envelope of a record.
pub(super) fn seal<V: Record>(value: &V) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Written { v: V::VERSION, data: value })
}

/// What is stored in the tree for an envelope that went into a blob.
pub(super) fn pointer(blob: &BlobRef) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Pointer { blob: blob.clone() })
}

/// The blob that stored bytes point to; none if the bytes are the envelope itself.
pub(super) fn pointed_at(stored: &[u8]) -> Option<BlobRef> {
    if !stored.starts_with(b"{\"blob\":") {
        return None;
    }
    serde_json::from_slice::<Pointer>(stored).ok().map(|pointer| pointer.blob)
}

/// The record in an envelope, brought up to date if an older release wrote it.
pub(super) fn open<V: Record>(envelope: &[u8]) -> Result<V, Unreadable> {
    let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
    let Version { v } = serde_json::from_slice(envelope).map_err(malformed)?;
    if v == V::VERSION {
        return serde_json::from_slice::<Current<V>>(envelope).map(|current| current.data).map_err(malformed);
    }
    if v > V::VERSION {
        return Err(Unreadable::Newer { found: v, known: V::VERSION });
    }
    let old = serde_json::from_slice::<Current<Value>>(envelope).map_err(malformed)?.data;
    let data = V::migrate(v, old).map_err(|error| Unreadable::Malformed(error.to_string()))?;
    serde_json::from_value(data).map_err(malformed)
}
