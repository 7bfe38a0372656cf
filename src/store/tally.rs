//! What the rows must add up to, and how far the store had come: the proof that nothing was lost.
//!
//! sled takes damage in its file for the end of its log and opens with whatever lies before it, even with nothing.
//! A bot that forgets in silence is worse than one that does not start, so every commit also writes a sum over all
//! rows into the tree, and the number of commits into a small file beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// The number of commits ever made, and the sum over all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) commits: u64,
    pub(super) sum: u64,
}

impl Tally {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.commits.to_be_bytes(), self.sum.to_be_bytes()].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (commits, sum) = bytes.split_at_checked(8)?;
        Some(Self {
            commits: u64::from_be_bytes(commits.try_into().ok()?),
            sum: u64::from_be_bytes(sum.try_into().ok()?),
        })
    }

    pub(super) fn add(&mut self, at: &[u8], stored: &[u8]) {
        self.sum = self.sum.wrapping_add(weight(at, stored));
    }

    pub(super) fn subtract(&mut self, at: &[u8], stored: &[u8]) {
        self.sum = self.sum.wrapping_sub(weight(at, stored));
    }
}

/// What one row adds to the sum.
fn weight(at: &[u8], stored: &[u8]) -> u64 {
    let mut hash = Sha256::new();
    hash.update((at.len() as u64).to_be_bytes());
    hash.update(at);
    hash.update(stored);
    hash.finalize().iter().take(8).fold(0, |weight, byte| weight << 8 | u64::from(*byte))
}

/// The file with the number of the last commit that is on the disk for certain.
///
/// Written after the tree was synced and not synced itself: after a power loss it may say less than the tree, never
/// more. So more means that the tree has lost something.
pub(super) struct HighWater {
    file: Mutex<(File, u64)>,
}

impl HighWater {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Without `truncate`: it keeps what it says until a later commit is on the disk.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        // Empty when the machine died at the first commit; then it knows of none.
        let reached = std::fs::read_to_string(path)?.trim().parse().unwrap_or(0);
        Ok(Self { file: Mutex::new((file, reached)) })
    }

    pub(super) fn reached(&self) -> u64 {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Notes that `commits` are on the disk. Commits that finish in another order than they were made do not lower it.
    pub(super) fn raise(&self, commits: u64) -> io::Result<()> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, reached) = &mut *guard;
        if commits > *reached {
            file.seek(SeekFrom::Start(0))?;
            // One write of fixed width, so that no reader ever finds the digits of two numbers mixed.
            file.write_all(format!("{commits:020}\n").as_bytes())?;
            *reached = commits;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_follows_the_rows_in_any_order() {
        let mut one = Tally::default();
        one.add(b"a", b"1");
        one.add(b"b", b"2");
        one.subtract(b"a", b"1");
        one.add(b"a", b"3");
        let mut other = Tally::default();
        other.add(b"a", b"3");
        other.add(b"b", b"2");
        assert_eq!(one, other);
        assert_eq!(Tally::from_bytes(&one.to_bytes()), Some(one));

        let mut shifted = Tally::default();
        shifted.add(b"a3", b"");
        shifted.add(b"b", b"2");
        assert_ne!(one, shifted);
    }

    #[test]
    fn the_high_water_mark_never_falls() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("commits");
        let mark = HighWater::open(&path).unwrap();
        assert_eq!(mark.reached(), 0);
        mark.raise(100).unwrap();
        mark.raise(99).unwrap();
        assert_eq!(HighWater::open(&path).unwrap().reached(), 100);
    }
}
