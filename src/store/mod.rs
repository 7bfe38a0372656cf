//! Everything that must survive a restart: typed, ordered tables in one sled tree, and blobs beside it.
//!
//! One commit is one transaction over one tree (table names are key prefixes, so that every step of the product is
//! atomic), flushed and synced before its future resolves. Whoever awaited a commit may acknowledge.
//!
//! Reads are plain functions: the tree is small and cached, a read takes microseconds. A commit waits for the disk,
//! milliseconds, so it runs on tokio's blocking threads. sled's own types stay in this folder.

mod blob;
mod commit;
mod disk;
mod dump;
mod envelope;
mod error;
mod table;
mod tally;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

pub use blob::{BLOB_LIMIT, BlobRef};
pub use commit::{Commit, STEP_LIMIT};
pub use dump::Dumped;
pub use error::{BlobError, CommitError, DumpError, OpenError, ReadError};
pub use table::{Direction, Key, Keys, MigrateError, Record, Table, Versioned, key_parts};

use blob::Blobs;
use disk::Disk;
use envelope::Unreadable;

/// How the store is opened.
#[derive(Clone)]
pub struct Options {
    /// How long to wait for another process to let go of the directory: an old pod that is still stopping.
    pub lock_wait: Duration,
    /// sled's page cache, in bytes.
    pub cache_bytes: u64,
    /// Called after each commit is on the disk and before its future resolves, with the number of commits since the
    /// store was opened. For tests that stop the process between a commit and its acknowledgement.
    pub on_commit: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { lock_wait: Duration::from_secs(10), cache_bytes: 64 * 1024 * 1024, on_commit: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lock_wait, cache_bytes, on_commit } = self;
        f.debug_struct("Options")
            .field("lock_wait", lock_wait)
            .field("cache_bytes", cache_bytes)
            .field("on_commit", &on_commit.is_some())
            .finish()
    }
}

/// The open store. Cheap to clone; the directory is let go when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    disk: Disk,
    blobs: Blobs,
    /// Writers hold it for reading; who needs the tree and the blobs to stand still for a moment, for writing.
    still: RwLock<()>,
    /// Held while blobs are swept or dumped: a dump must not lose its blobs half-way.
    sweeping: Mutex<()>,
    commits: watch::Sender<u64>,
    on_commit: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in `dir`, which is created if it is not there. Blocks while another process holds it, for
    /// `lock_wait` at most.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let disk = Disk::open(dir, &options)?;
        disk.check(dir)?;
        Self::on(dir, disk, options.on_commit)
    }

    fn on(dir: &Path, disk: Disk, on_commit: Option<Arc<dyn Fn(u64) + Send + Sync>>) -> Result<Self, OpenError> {
        let io = |error: std::io::Error| OpenError::Io { dir: dir.to_owned(), detail: error.to_string() };
        let blobs = Blobs::open(dir.join("blobs")).map_err(io)?;
        blob::sync_dir(dir).map_err(io)?;
        let inner = Inner {
            dir: dir.to_owned(),
            disk,
            blobs,
            still: RwLock::new(()),
            sweeping: Mutex::new(()),
            commits: watch::Sender::new(0),
            on_commit,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Applies all steps or none. When it resolves with `Ok`, a crash or a power loss no longer undoes it.
    ///
    /// Dropping the future does not stop a commit that has begun: it may still be applied.
    pub async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        self.blocking(move |inner| inner.commit(commit)).await.unwrap_or_else(|detail| Err(CommitError::Io { detail }))
    }

    /// The record under `key`.
    pub fn get<V: Record>(&self, table: &Table<V>, key: impl Key) -> Result<Option<Versioned<V>>, ReadError> {
        let key = key.text();
        match self.inner.disk.get(table.name(), &key)? {
            Some(stored) => self.inner.load(table.name(), &key, stored),
            None => Ok(None),
        }
    }

    /// Up to `limit` records of a range of keys, in the order of `direction`. One record that cannot be read fails
    /// the scan: who acts on a list must not miss an entry silently.
    pub fn scan<V: Record>(
        &self,
        table: &Table<V>,
        keys: &Keys,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<(String, Versioned<V>)>, ReadError> {
        let mut rows = Vec::new();
        for (key, stored) in self.inner.disk.scan(table.name(), keys, limit, direction)? {
            if let Some(record) = self.inner.load(table.name(), &key, stored)? {
                rows.push((key, record));
            }
        }
        Ok(rows)
    }

    /// Up to `limit` keys of a range, without their records.
    pub fn keys<V: Record>(
        &self,
        table: &Table<V>,
        keys: &Keys,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<String>, ReadError> {
        let rows = self.inner.disk.scan(table.name(), keys, limit, direction)?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    /// How many records a range of keys holds.
    pub fn count<V: Record>(&self, table: &Table<V>, keys: &Keys) -> Result<usize, ReadError> {
        self.inner.disk.count(table.name(), keys)
    }

    /// How many commits were made since the store was opened. A worker that waits for a change of it and then looks
    /// at its table misses nothing: the number only says that it is worth looking.
    pub fn commits_watch(&self) -> watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    /// Keeps `bytes` as a file. Commit a record that holds the reference soon: a blob that nothing refers to is
    /// swept up once it is older than the grace.
    pub async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobRef, BlobError> {
        self.blocking(move |inner| {
            let _still = inner.still.read().unwrap_or_else(PoisonError::into_inner);
            inner.blobs.put(&bytes)
        })
        .await
        .unwrap_or_else(|detail| Err(BlobError::Io { detail }))
    }

    /// The bytes of a blob, checked against its name.
    pub async fn blob(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let blob = blob.clone();
        self.blocking(move |inner| inner.blobs.get(&blob)).await.unwrap_or_else(|detail| Err(BlobError::Io { detail }))
    }

    /// Removes the blobs that no record mentions and that are older than `grace`; gives how many. Commits wait
    /// meanwhile, so that none can begin to refer to a blob that is on its way out.
    pub async fn collect_blobs(&self, grace: Duration) -> Result<usize, BlobError> {
        self.blocking(move |inner| {
            let _sweeping = inner.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
            let _still = inner.still.write().unwrap_or_else(PoisonError::into_inner);
            let keep = inner.mentioned()?;
            inner.blobs.sweep(&keep, grace).map_err(|error| BlobError::Io { detail: error.to_string() })
        })
        .await
        .unwrap_or_else(|detail| Err(BlobError::Io { detail }))
    }

    /// What the store takes on the disk, in bytes. The tree's file reuses its space but never shrinks: to make it
    /// small, export and import.
    pub fn size_on_disk(&self) -> Result<u64, ReadError> {
        let blobs = self.inner.blobs.size().map_err(|error| ReadError::Io { detail: error.to_string() })?;
        Ok(self.inner.disk.size()? + blobs)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> T + Send + 'static) -> Result<T, String> {
        let inner = Arc::clone(&self.inner);
        // The only way for this to fail is that sled panicked on damaged data.
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|error| error.to_string())
    }
}

impl Inner {
    fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        if let Some(refused) = commit.refused {
            return Err(refused);
        }
        if commit.steps.is_empty() {
            return Ok(());
        }
        let _still = self.still.read().unwrap_or_else(PoisonError::into_inner);
        // Blobs first: a reference must never be on the disk before what it refers to.
        let writes = commit.steps.into_iter().map(|step| self.settle(step)).collect::<Result<Vec<_>, _>>()?;
        self.disk.apply(&writes)?;
        let mut made = 0;
        self.commits.send_modify(|commits| {
            *commits += 1;
            made = *commits;
        });
        if let Some(observe) = &self.on_commit {
            observe(made);
        }
        Ok(())
    }

    /// Gives a step the bytes that go into the tree.
    fn settle(&self, mut step: commit::Step) -> Result<commit::Step, CommitError> {
        let commit::Write::Envelope(bytes) = &step.write else {
            return Ok(step);
        };
        if bytes.len() > envelope::INLINE_LIMIT {
            let io = |detail| CommitError::Io { detail };
            let blob = self.blobs.put(bytes).map_err(|error| io(error.to_string()))?;
            let pointer = envelope::pointer(&blob).map_err(|error| io(error.to_string()))?;
            step.write = commit::Write::Envelope(pointer);
        }
        Ok(step)
    }

    /// The record in what the tree holds; none if it was removed while its blob was looked for.
    fn load<V: Record>(
        &self,
        table: &'static str,
        key: &str,
        mut stored: Arc<[u8]>,
    ) -> Result<Option<Versioned<V>>, ReadError> {
        let blob_bytes = loop {
            let Some(blob) = envelope::pointed_at(&stored) else {
                break None;
            };
            let error = match self.blobs.get(&blob) {
                Ok(bytes) => break Some(bytes),
                Err(error) => error,
            };
            // Replaced and swept between the two reads? Then the tree says something else by now.
            match self.disk.get(table, key)? {
                None => return Ok(None),
                Some(now) if now != stored => stored = now,
                Some(_) => {
                    return Err(match error {
                        BlobError::Missing { hash } | BlobError::Damaged { hash } => {
                            ReadError::MissingBlob { table, key: key.to_owned(), blob: hash }
                        }
                        BlobError::Io { detail } => ReadError::Io { detail },
                        BlobError::TooLarge { .. } => ReadError::Io { detail: error.to_string() },
                    });
                }
            }
        };
        match envelope::open(blob_bytes.as_deref().unwrap_or(&stored)) {
            Ok(value) => Ok(Some(Versioned { value, stored })),
            Err(Unreadable::Newer { found, known }) => {
                Err(ReadError::Newer { table, key: key.to_owned(), found, known })
            }
            Err(Unreadable::Malformed(detail)) => Err(ReadError::Malformed { table, key: key.to_owned(), detail }),
        }
    }

    /// Every blob that a record mentions, and every blob that a record in a blob mentions.
    fn mentioned(&self) -> Result<HashSet<BlobRef>, BlobError> {
        let mut found = HashSet::new();
        for row in self.disk.everything() {
            let (_, stored) = row.map_err(|error| BlobError::Io { detail: error.to_string() })?;
            blob::mentioned_in(&stored, &mut found);
            if let Some(blob) = envelope::pointed_at(&stored) {
                match self.blobs.get(&blob) {
                    Ok(bytes) => blob::mentioned_in(&bytes, &mut found),
                    // Damage is for whoever reads the record to report; here it only must not remove more.
                    Err(BlobError::Missing { .. } | BlobError::Damaged { .. }) => {}
                    Err(error @ (BlobError::Io { .. } | BlobError::TooLarge { .. })) => {
                        return Err(error);
                    }
                }
            }
        }
        Ok(found)
    }
}
