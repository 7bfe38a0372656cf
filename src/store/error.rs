//! What can go wrong with the store, in words that say what to do next.

use std::path::PathBuf;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the store in {} is in use by another process. Only one roundsman may own it: stop the other one, or give this one its own directory",
        dir.display()
    )]
    Locked { dir: PathBuf },
    #[error(
        "the store in {} is damaged: {detail}. Move the directory aside and import the last export into a new one (roundsman import); keep the damaged one for the report",
        dir.display()
    )]
    Corrupt { dir: PathBuf, detail: String },
    #[error(
        "the store in {} was written by a newer roundsman (layout {found}, this one knows up to {known}). Run that version again, or import an export of this one",
        dir.display()
    )]
    NewerSchema { dir: PathBuf, found: u16, known: u16 },
    #[error("the store in {} cannot be opened: {detail}. Check that the directory exists, is writable and has free space", dir.display())]
    Io { dir: PathBuf, detail: String },
}

/// Why a commit was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed, added or removed the record meanwhile. Nothing of the commit was applied: read again
    /// and decide again.
    #[error("{table}/{key} was changed meanwhile")]
    Conflict { table: &'static str, key: String },
    /// A cap was hit; nothing was applied. Trying again will not help.
    #[error("{table}/{key} is too big to be stored: {size}, the limit is {limit}")]
    TooLarge { table: &'static str, key: String, size: usize, limit: usize },
    /// The record could not be written as JSON; nothing was applied. A bug of the record's type.
    #[error("{table}/{key} cannot be written: {detail}")]
    Unwritable { table: &'static str, key: String, detail: String },
    /// The disk refused. It may or may not have been applied: do not acknowledge, and look again after a restart.
    #[error("the store cannot write: {detail}. Check the volume's free space and health")]
    Io { detail: String },
}

/// Why something stored could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error(
        "{table}/{key} was written by a newer roundsman (record version {found}, this one knows up to {known}). Run that version again"
    )]
    Newer { table: &'static str, key: String, found: u16, known: u16 },
    #[error("{table}/{key} cannot be understood: {detail}")]
    Malformed { table: &'static str, key: String, detail: String },
    #[error(
        "{table}/{key} refers to the file blobs/{blob}, which is missing or damaged. Restore it from a backup or import the last export"
    )]
    MissingBlob { table: &'static str, key: String, blob: String },
    #[error("the store cannot be read: {detail}. Check the volume's health; if it stays, import the last export")]
    Io { detail: String },
}

/// What went wrong with a blob that is addressed by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    #[error("{size} bytes are too big to be stored, the limit is {limit} bytes")]
    TooLarge { size: usize, limit: usize },
    #[error("the file blobs/{hash} is missing. Restore it from a backup or import the last export")]
    Missing { hash: String },
    #[error("the file blobs/{hash} is damaged: its content does not match its name. Restore it from a backup")]
    Damaged { hash: String },
    #[error("the store's files cannot be used: {detail}. Check the volume's free space and health")]
    Io { detail: String },
}

/// Why an export or import did not finish.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    #[error("{} is not empty. An import needs a new, empty directory", dir.display())]
    NotEmpty { dir: PathBuf },
    #[error("line {line} of the export cannot be understood: {detail}")]
    Malformed { line: usize, detail: String },
    #[error("the export was written by a newer roundsman (format {found}, this one knows up to {known})")]
    Newer { found: u16, known: u16 },
    #[error("the export ends too early: it is cut off. Use a complete one")]
    CutOff,
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("{doing}: {detail}")]
    Io { doing: &'static str, detail: String },
}
