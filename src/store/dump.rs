//! The logical copy of a store: readable JSON lines, independent of sled's files. For backups, for making the file
//! small again, and the way out of a damaged directory.
//!
//! A header, the blobs, the rows, and an end that counts them, so that a cut-off copy is noticed.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blob::BlobRef;
use super::disk::{Disk, SCHEMA};
use super::error::{BlobError, DumpError};
use super::{Options, Store};

/// What an export or import held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    pub rows: usize,
    pub blobs: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The layout that the rows are written in.
    RoundsmanStore {
        schema: u16,
    },
    Blob {
        name: BlobRef,
        base64: String,
    },
    Row {
        table: String,
        key: String,
        value: Value,
    },
    End(Dumped),
}

impl Store {
    /// Writes everything to `writer`. The rows are those of one moment; commits wait only while they are gathered,
    /// not while they are written. Blocks: call it from a blocking thread.
    ///
    /// A blob that is missing or damaged is left out, so that an export still saves the rest; its record says so
    /// when it is read.
    pub fn export(&self, mut writer: impl Write) -> Result<Dumped, DumpError> {
        let failed = |error: io::Error| DumpError::Io { doing: "writing the export", detail: error.to_string() };
        let read = |error: super::ReadError| DumpError::Io { doing: "reading the store", detail: error.to_string() };
        let inner = &self.inner;
        let _sweeping = inner.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        let (rows, mut blobs) = {
            let _still = inner.still.write().unwrap_or_else(PoisonError::into_inner);
            let rows = inner.disk.everything().collect::<Result<Vec<_>, _>>().map_err(read)?;
            (rows, inner.mentioned()?.into_iter().collect::<Vec<_>>())
        };
        blobs.sort();

        let mut dumped = Dumped { rows: rows.len(), blobs: 0 };
        write_line(&mut writer, &Line::RoundsmanStore { schema: SCHEMA }).map_err(failed)?;
        for name in blobs {
            match inner.blobs.get(&name) {
                Ok(bytes) => {
                    let base64 = BASE64.encode(bytes);
                    write_line(&mut writer, &Line::Blob { name, base64 }).map_err(failed)?;
                    dumped.blobs += 1;
                }
                Err(BlobError::Missing { hash } | BlobError::Damaged { hash }) => {
                    tracing::warn!(%hash, "a blob is missing or damaged; the export goes on without it");
                }
                Err(error @ (BlobError::Io { .. } | BlobError::TooLarge { .. })) => {
                    return Err(error.into());
                }
            }
        }
        for ((table, key), stored) in rows {
            let value = serde_json::from_slice(&stored).map_err(|error| DumpError::Io {
                doing: "reading the store",
                detail: format!("{table}/{key}: {error}"),
            })?;
            write_line(&mut writer, &Line::Row { table, key, value }).map_err(failed)?;
        }
        write_line(&mut writer, &Line::End(dumped)).map_err(failed)?;
        writer.flush().map_err(failed)?;
        Ok(dumped)
    }

    /// Makes a new store in `dir`, which must be empty or not there, from an export. A store whose import was
    /// interrupted refuses to open. Blocks: call it from a blocking thread.
    pub fn import(dir: &Path, reader: impl BufRead) -> Result<Dumped, DumpError> {
        let failed = |error: io::Error| DumpError::Io { doing: "writing the store", detail: error.to_string() };
        match fs::read_dir(dir) {
            // A fresh volume of ext4 brings this directory along.
            Ok(entries) => {
                for entry in entries {
                    if entry.map_err(failed)?.file_name() != "lost+found" {
                        return Err(DumpError::NotEmpty { dir: dir.to_owned() });
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let options = Options::default();
        let disk = Disk::open(dir, &options)?;
        disk.begin_import().map_err(failed)?;
        let store = Self::on(dir, disk, None)?;

        let mut lines = (1usize..).zip(reader.lines()).map(|(number, line)| {
            let text =
                line.map_err(|error| DumpError::Io { doing: "reading the export", detail: error.to_string() })?;
            let line = serde_json::from_str::<Line>(&text)
                .map_err(|error| DumpError::Malformed { line: number, detail: error.to_string() })?;
            Ok::<_, DumpError>((number, line))
        });
        match lines.next().transpose()? {
            Some((_, Line::RoundsmanStore { schema })) if schema > SCHEMA => {
                return Err(DumpError::Newer { found: schema, known: SCHEMA });
            }
            Some((_, Line::RoundsmanStore { .. })) => {}
            Some((line, Line::Blob { .. } | Line::Row { .. } | Line::End(_))) => {
                let detail = "it does not begin like an export of roundsman".to_owned();
                return Err(DumpError::Malformed { line, detail });
            }
            None => return Err(DumpError::CutOff),
        }

        let mut dumped = Dumped::default();
        let mut seen = HashSet::new();
        for line in lines {
            let (line, content) = line?;
            let malformed = |detail: &str| DumpError::Malformed { line, detail: detail.to_owned() };
            match content {
                Line::RoundsmanStore { .. } => return Err(malformed("a second beginning")),
                Line::Blob { name, base64 } => {
                    let bytes = BASE64.decode(base64).map_err(|error| malformed(&error.to_string()))?;
                    if store.inner.blobs.put(&bytes)? != name {
                        return Err(malformed("the content of the blob does not match its name"));
                    }
                    dumped.blobs += 1;
                }
                Line::Row { table, key, value } => {
                    if table.is_empty() || !table.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                        return Err(malformed("that is not the name of a table"));
                    }
                    let stored = serde_json::to_vec(&value).map_err(|error| malformed(&error.to_string()))?;
                    store.inner.disk.import(&table, &key, &stored).map_err(failed)?;
                    if !seen.insert((table, key)) {
                        return Err(malformed("the same key twice"));
                    }
                    dumped.rows += 1;
                }
                Line::End(counted) if counted == dumped => {
                    store.inner.disk.finish_import().map_err(failed)?;
                    return Ok(dumped);
                }
                Line::End(_) => {
                    return Err(malformed("the end counts other lines than there are: some were lost"));
                }
            }
        }
        Err(DumpError::CutOff)
    }
}

fn write_line(writer: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, line)?;
    writer.write_all(b"\n")
}
