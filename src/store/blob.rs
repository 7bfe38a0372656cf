//! Files named by the hash of their content: what is too big for the tree, which never gives space back.
//!
//! A file is complete and on the disk before anything refers to it, so a reference without its file means damage.
//! A file without a reference is only waste, and is swept up later.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::BlobError;

/// The most that one blob may hold, in bytes.
pub const BLOB_LIMIT: usize = 16 * 1024 * 1024;

const PREFIX: &str = "sha256:";
const HEX_LEN: usize = 64;

/// The name of a blob, written `sha256:<64 hex digits>`. A record that holds one keeps the blob from being swept,
/// wherever in the record it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobRef {
    hex: String,
}

impl BlobRef {
    fn of(bytes: &[u8]) -> Self {
        Self { hex: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// The bare hash: 64 hex digits, which is the name of the file.
    pub fn hash(&self) -> &str {
        &self.hex
    }
}

impl From<BlobRef> for String {
    fn from(blob: BlobRef) -> Self {
        format!("{PREFIX}{}", blob.hex)
    }
}

impl TryFrom<String> for BlobRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix(PREFIX) {
            Some(hex) if is_hash(hex.as_bytes()) => Ok(Self { hex: hex.to_owned() }),
            Some(_) | None => Err(format!("{text:?} is not the name of a blob: sha256: and 64 hex digits")),
        }
    }
}

fn is_hash(bytes: &[u8]) -> bool {
    bytes.len() == HEX_LEN && bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Every blob name that occurs in `bytes`, wherever it stands. Deliberately blind to structure: a name in a field
/// that nobody told the sweeper about still counts.
pub(super) fn mentioned_in(bytes: &[u8], found: &mut HashSet<BlobRef>) {
    let mut rest = bytes;
    while let Some(at) = find(rest, PREFIX.as_bytes()) {
        rest = &rest[at + PREFIX.len()..];
        if let Some(Ok(hex)) = rest.get(..HEX_LEN).filter(|hex| is_hash(hex)).map(std::str::from_utf8) {
            found.insert(BlobRef { hex: hex.to_owned() });
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The directory of the blobs.
#[derive(Debug)]
pub(super) struct Blobs {
    dir: PathBuf,
    /// Tells the unfinished files of two writers of the same blob apart.
    writes: AtomicU64,
}

impl Blobs {
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        // What a killed process left unfinished; nothing refers to it. The lock on the tree is held by now.
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { dir, writes: AtomicU64::new(0) })
    }

    fn path(&self, blob: &BlobRef) -> PathBuf {
        self.dir.join(&blob.hex)
    }

    /// Writes the blob; when this returns, it would survive a power loss. Also when the same content is there
    /// already: rewriting it makes the file young again, which keeps the sweeper away from it until it is referred to.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobError> {
        if bytes.len() > BLOB_LIMIT {
            return Err(BlobError::TooLarge { size: bytes.len(), limit: BLOB_LIMIT });
        }
        let blob = BlobRef::of(bytes);
        self.write(&blob, bytes).map_err(|error| BlobError::Io { detail: error.to_string() })?;
        Ok(blob)
    }

    fn write(&self, blob: &BlobRef, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.dir.join(format!(".{}.{}", blob.hex, self.writes.fetch_add(1, Ordering::Relaxed)));
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(blob))?;
        sync_dir(&self.dir)
    }

    /// The content of a blob, checked against its name.
    pub(super) fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let bytes = match fs::read(self.path(blob)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BlobError::Missing { hash: blob.hex.clone() });
            }
            Err(error) => {
                return Err(BlobError::Io { detail: error.to_string() });
            }
        };
        if BlobRef::of(&bytes) != *blob {
            return Err(BlobError::Damaged { hash: blob.hex.clone() });
        }
        Ok(bytes)
    }

    /// Removes what is neither kept nor younger than `grace`; gives how many files went.
    pub(super) fn sweep(&self, keep: &HashSet<BlobRef>, grace: Duration) -> io::Result<usize> {
        let now = self.file_time()?;
        let mut removed = 0;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_hash(name.as_bytes()) || keep.contains(&BlobRef { hex: name }) {
                continue;
            }
            // A file from the future (the machine's clock was put back) counts as young.
            let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
            if age >= grace {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The time by the file system's own clock. Ages of files must not mix two clocks: the volume may be a network
    /// file system, and the process's clock may be a manual one.
    fn file_time(&self) -> io::Result<SystemTime> {
        let probe = self.dir.join(".now");
        File::create(&probe)?.write_all(b".")?;
        let now = fs::metadata(&probe)?.modified()?;
        fs::remove_file(&probe)?;
        Ok(now)
    }

    /// The size of all blobs, in bytes.
    pub(super) fn size(&self) -> io::Result<u64> {
        fs::read_dir(&self.dir)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }
}

/// Makes the names in a directory survive a power loss.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path().join("blobs")).unwrap();
        (dir, blobs)
    }

    #[test]
    fn content_comes_back_and_is_checked() {
        let (dir, blobs) = blobs();
        let blob = blobs.put(b"a chart").unwrap();
        assert_eq!(blobs.get(&blob).unwrap(), b"a chart");
        assert_eq!(blobs.put(b"a chart").unwrap(), blob);

        fs::write(dir.path().join("blobs").join(blob.hash()), b"a chert").unwrap();
        assert_eq!(blobs.get(&blob), Err(BlobError::Damaged { hash: blob.hash().to_owned() }));
        fs::remove_file(dir.path().join("blobs").join(blob.hash())).unwrap();
        assert_eq!(blobs.get(&blob), Err(BlobError::Missing { hash: blob.hash().to_owned() }));
    }

    #[test]
    fn too_much_is_refused() {
        let (_dir, blobs) = blobs();
        let size = BLOB_LIMIT + 1;
        assert_eq!(blobs.put(&vec![0; size]), Err(BlobError::TooLarge { size, limit: BLOB_LIMIT }));
    }

    #[test]
    fn the_sweeper_spares_the_kept_and_the_young() {
        let (_dir, blobs) = blobs();
        let kept = blobs.put(b"kept").unwrap();
        let waste = blobs.put(b"waste").unwrap();
        let keep = HashSet::from([kept.clone()]);
        assert_eq!(blobs.sweep(&keep, Duration::from_secs(600)).unwrap(), 0);
        assert_eq!(blobs.sweep(&keep, Duration::ZERO).unwrap(), 1);
        assert!(blobs.get(&kept).is_ok());
        assert!(blobs.get(&waste).is_err());
    }

    #[test]
    fn what_a_killed_process_left_unfinished_is_removed() {
        let (dir, blobs) = blobs();
        let path = dir.path().join("blobs");
        fs::write(path.join(".0000.1"), b"half").unwrap();
        drop(blobs);
        Blobs::open(path.clone()).unwrap();
        assert_eq!(fs::read_dir(path).unwrap().count(), 0);
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let blob = BlobRef::of(b"x");
        let text = format!(r#"{{"note":"see sha256:sha256:{}.","other":"sha256:abc"}}"#, blob.hash());
        let mut found = HashSet::new();
        mentioned_in(text.as_bytes(), &mut found);
        assert_eq!(found, HashSet::from([blob]));
    }
}
