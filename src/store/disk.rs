//! The tree on the disk: the only file that talks to sled 0.34.
//!
//! sled's flush ends in `sync_file_range`: it survives the death of the process, not that of the machine. So every
//! commit also syncs the database file. And sled opens a damaged file as if its log ended before the damage, so every
//! commit keeps a tally that is checked when the store is opened.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sled::transaction::{ConflictableTransactionError, TransactionError};

use super::commit::{Expect, Step, Write};
use super::error::{CommitError, OpenError, ReadError};
use super::table::{Direction, Keys};
use super::tally::{HighWater, Tally};
use super::{Options, blob};

/// The layout of the store: key prefixes, envelope, blobs. Not the version of any record.
pub(super) const SCHEMA: u16 = 1;

/// Rows about the store itself; no table name starts with a zero byte.
const SCHEMA_ROW: &[u8] = b"\0schema";
const TALLY_ROW: &[u8] = b"\0tally";
const IMPORTING_ROW: &[u8] = b"\0importing";

/// Where the rows of tables begin: their names start with a letter or a dash.
const FIRST_TABLE: &[u8] = b"\x01";

const LOCK_RETRY: Duration = Duration::from_millis(50);

pub(super) struct Disk {
    db: sled::Db,
    tree: sled::Tree,
    /// sled's database file, opened once more, for syncing.
    file: File,
    high_water: HighWater,
}

/// A row of a table: its key and the stored bytes.
type KeyAndBytes = (String, Arc<[u8]>);

/// A range of addresses.
type Addresses = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// One row of the tree: (table, key) and the stored bytes.
pub(super) type Row = ((String, String), Arc<[u8]>);

impl Disk {
    pub(super) fn open(dir: &Path, options: &Options) -> Result<Self, OpenError> {
        let io = |error: io::Error| OpenError::Io { dir: dir.to_owned(), detail: error.to_string() };
        let state = dir.join("state");
        fs::create_dir_all(&state).map_err(io)?;
        let patience = Instant::now() + options.lock_wait;
        let opened = loop {
            // sled asserts in places where the file could be damaged; at this point that is an answer, not a bug.
            match catch_unwind(AssertUnwindSafe(|| Self::try_open(&state, options))) {
                Ok(Ok(opened)) => break opened,
                Ok(Err(sled::Error::Io(error))) if is_locked(&error) => {
                    if Instant::now() >= patience {
                        return Err(OpenError::Locked { dir: dir.to_owned() });
                    }
                    std::thread::sleep(LOCK_RETRY);
                }
                Ok(Err(sled::Error::Io(error))) => return Err(io(error)),
                Ok(Err(error)) => {
                    return Err(OpenError::Corrupt { dir: dir.to_owned(), detail: error.to_string() });
                }
                Err(panic) => {
                    return Err(OpenError::Corrupt { dir: dir.to_owned(), detail: said(panic.as_ref()) });
                }
            }
        };
        blob::sync_dir(&state).map_err(io)?;
        let (db, tree, file) = opened;
        let high_water = HighWater::open(&dir.join("commits")).map_err(io)?;
        Ok(Self { db, tree, file, high_water })
    }

    fn try_open(state: &Path, options: &Options) -> sled::Result<(sled::Db, sled::Tree, File)> {
        let db = sled::Config::new()
            .path(state)
            .cache_capacity(options.cache_bytes)
            .mode(sled::Mode::LowSpace)
            .flush_every_ms(Some(500))
            .open()?;
        let tree = db.open_tree(b"rows")?;
        // Read everything once, here where a panic over a damaged page is caught.
        for row in tree.iter() {
            row?;
        }
        let file = File::open(state.join("db"))?;
        Ok((db, tree, file))
    }

    /// Refuses a store that is unfinished, incomplete or of a newer layout. Makes an empty one a store.
    pub(super) fn check(&self, dir: &Path) -> Result<(), OpenError> {
        let corrupt = |detail: String| OpenError::Corrupt { dir: dir.to_owned(), detail };
        let failed = |error: sled::Error| OpenError::Io { dir: dir.to_owned(), detail: error.to_string() };
        if self.tree.contains_key(IMPORTING_ROW).map_err(failed)? {
            return Err(corrupt("an import into it was interrupted".to_owned()));
        }
        let schema = self.tree.get(SCHEMA_ROW).map_err(failed)?;
        match schema.as_ref().map(|bytes| std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok())) {
            Some(Some(SCHEMA)) | None => {}
            Some(Some(found)) if found > SCHEMA => {
                return Err(OpenError::NewerSchema { dir: dir.to_owned(), found, known: SCHEMA });
            }
            Some(_) => return Err(corrupt("its layout version makes no sense".to_owned())),
        }
        let noted = self.tree.get(TALLY_ROW).map_err(failed)?;
        let noted = noted.and_then(|bytes| Tally::from_bytes(&bytes)).unwrap_or_default();
        let reached = self.high_water.reached();
        if noted.commits < reached {
            let lost = reached - noted.commits;
            return Err(corrupt(format!("the last {lost} of its {reached} commits are lost")));
        }
        if self.sum().map_err(failed)? != noted.sum {
            return Err(corrupt("its records do not add up, some are lost".to_owned()));
        }
        if schema.is_none() {
            let io = |error: io::Error| OpenError::Io { dir: dir.to_owned(), detail: error.to_string() };
            self.write_schema(SCHEMA).map_err(io)?;
        }
        Ok(())
    }

    /// The sum over all rows as they are.
    fn sum(&self) -> sled::Result<u64> {
        let mut tally = Tally::default();
        for row in self.tree.range(FIRST_TABLE..) {
            let (at, stored) = row?;
            tally.add(&at, &stored);
        }
        Ok(tally.sum)
    }

    pub(super) fn write_schema(&self, schema: u16) -> io::Result<()> {
        self.tree.insert(SCHEMA_ROW, schema.to_string().as_bytes()).map_err(io::Error::other)?;
        self.sync()
    }

    /// Marks the store as unfinished until `finish_import`.
    pub(super) fn begin_import(&self) -> io::Result<()> {
        self.tree.insert(IMPORTING_ROW, b"1").map_err(io::Error::other)?;
        self.sync()
    }

    /// Writes one row of a dump as it is; only between `begin_import` and `finish_import`.
    pub(super) fn import(&self, table: &str, key: &str, stored: &[u8]) -> io::Result<()> {
        self.tree.insert(address(table, key), stored).map_err(io::Error::other)?;
        Ok(())
    }

    pub(super) fn finish_import(&self) -> io::Result<()> {
        let tally = Tally { commits: 0, sum: self.sum().map_err(io::Error::other)? };
        self.tree.insert(TALLY_ROW, tally.to_bytes()).map_err(io::Error::other)?;
        self.write_schema(SCHEMA)?;
        self.tree.remove(IMPORTING_ROW).map_err(io::Error::other)?;
        self.sync()
    }

    /// Applies the steps in one transaction and makes them survive a power loss.
    pub(super) fn apply(&self, steps: &[Step]) -> Result<(), CommitError> {
        // Pure: sled runs it again when another transaction came between.
        let outcome = self.tree.transaction(|tree| {
            let mut tally = match tree.get(TALLY_ROW)? {
                Some(bytes) => Tally::from_bytes(&bytes).unwrap_or_default(),
                None => Tally::default(),
            };
            tally.commits += 1;
            for step in steps {
                let at = address(step.table, &step.key);
                let met = match &step.expect {
                    Expect::Anything => true,
                    Expect::Absent => tree.get(&at)?.is_none(),
                    Expect::Exactly(bytes) => tree.get(&at)?.is_some_and(|now| now[..] == bytes[..]),
                };
                if !met {
                    let (table, key) = (step.table, step.key.clone());
                    return Err(ConflictableTransactionError::Abort(CommitError::Conflict { table, key }));
                }
                let before = match &step.write {
                    Write::Nothing => None,
                    Write::Envelope(bytes) => {
                        tally.add(&at, bytes);
                        tree.insert(at.as_slice(), bytes.as_slice())?
                    }
                    Write::Remove => tree.remove(at.as_slice())?,
                };
                if let Some(before) = before {
                    tally.subtract(&at, &before);
                }
            }
            tree.insert(TALLY_ROW, tally.to_bytes())?;
            Ok(tally.commits)
        });
        match outcome {
            Ok(commits) => self
                .sync()
                .and_then(|()| self.high_water.raise(commits))
                .map_err(|error| CommitError::Io { detail: error.to_string() }),
            Err(TransactionError::Abort(refused)) => Err(refused),
            Err(TransactionError::Storage(error)) => Err(CommitError::Io { detail: error.to_string() }),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.tree.flush().map_err(io::Error::other)?;
        self.file.sync_data()
    }

    pub(super) fn get(&self, table: &str, key: &str) -> Result<Option<Arc<[u8]>>, ReadError> {
        let stored = self.tree.get(address(table, key)).map_err(unreadable)?;
        Ok(stored.map(|bytes| Arc::from(&bytes[..])))
    }

    pub(super) fn scan(
        &self,
        table: &str,
        keys: &Keys,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<KeyAndBytes>, ReadError> {
        let Some(range) = range(table, keys) else {
            return Ok(Vec::new());
        };
        let rows = self.tree.range::<Vec<u8>, _>(range);
        let take = |row: sled::Result<(sled::IVec, sled::IVec)>| {
            let (at, stored) = row.map_err(unreadable)?;
            let (_, key) = addressed(&at)?;
            Ok((key, Arc::from(&stored[..])))
        };
        match direction {
            Direction::Ascending => rows.take(limit).map(take).collect(),
            Direction::Descending => rows.rev().take(limit).map(take).collect(),
        }
    }

    pub(super) fn count(&self, table: &str, keys: &Keys) -> Result<usize, ReadError> {
        let Some(range) = range(table, keys) else {
            return Ok(0);
        };
        let mut count = 0;
        for row in self.tree.range::<Vec<u8>, _>(range) {
            row.map_err(unreadable)?;
            count += 1;
        }
        Ok(count)
    }

    /// Every row of every table, ordered by table and key.
    pub(super) fn everything(&self) -> impl Iterator<Item = Result<Row, ReadError>> + '_ {
        // Table names start with a letter or a dash; what is below is about the store itself.
        self.tree.range::<&[u8], _>(b"\x01".as_slice()..).map(|row| {
            let (at, stored) = row.map_err(unreadable)?;
            Ok((addressed(&at)?, Arc::from(&stored[..])))
        })
    }

    /// The size of sled's file, in bytes.
    pub(super) fn size(&self) -> Result<u64, ReadError> {
        self.db.size_on_disk().map_err(unreadable)
    }
}

/// sled wraps the refusal of the file lock into an error of kind `Other`; only its text tells. Other refusals, of a
/// file system without locks for example, are not worth waiting for.
fn is_locked(error: &io::Error) -> bool {
    let text = error.to_string();
    error.kind() == io::ErrorKind::WouldBlock
        || (text.starts_with("could not acquire lock") && text.contains("WouldBlock"))
}

fn address(table: &str, key: &str) -> Vec<u8> {
    [table.as_bytes(), b"\0", key.as_bytes()].concat()
}

fn addressed(at: &[u8]) -> Result<(String, String), ReadError> {
    std::str::from_utf8(at)
        .ok()
        .and_then(|text| text.split_once('\0'))
        .map(|(table, key)| (table.to_owned(), key.to_owned()))
        .ok_or_else(|| ReadError::Io { detail: format!("a row has the strange address {}", at.escape_ascii()) })
}

/// The addresses of a range of keys; none if nothing can lie in it.
fn range(table: &str, keys: &Keys) -> Option<Addresses> {
    let lower = match &keys.lower {
        Bound::Unbounded => Bound::Included(address(table, "")),
        Bound::Included(key) => Bound::Included(address(table, key)),
        Bound::Excluded(key) => Bound::Excluded(address(table, key)),
    };
    let upper = match &keys.upper {
        Bound::Unbounded => Bound::Excluded([table.as_bytes(), b"\x01"].concat()),
        Bound::Included(key) => Bound::Included(address(table, key)),
        Bound::Excluded(key) => Bound::Excluded(address(table, key)),
    };
    let possible = match (&lower, &upper) {
        (Bound::Included(from), Bound::Included(to)) => from <= to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from < to,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
    };
    possible.then_some((lower, upper))
}

fn unreadable(error: sled::Error) -> ReadError {
    ReadError::Io { detail: error.to_string() }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the database gave up while it read its file").to_owned()
}
