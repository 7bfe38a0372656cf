//! All writes of one step, as typed steps that are applied together or not at all.

use std::sync::Arc;

use super::blob::BLOB_LIMIT;
use super::envelope;
use super::error::CommitError;
use super::table::{Key, Record, Table, Versioned};

/// The most steps that one commit may have. sled holds all of them in memory under its write lock.
pub const STEP_LIMIT: usize = 4096;

/// What shall change, and what must be so for it to change. Steps are looked at in the order in which they were
/// added; a later one sees what an earlier one wrote.
#[derive(Debug, Default)]
#[must_use = "a commit changes nothing until the store commits it"]
pub struct Commit {
    pub(super) steps: Vec<Step>,
    /// The first step that cannot be stored; reported when the commit is made, so that the steps read as a list.
    pub(super) refused: Option<CommitError>,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) table: &'static str,
    pub(super) key: String,
    pub(super) expect: Expect,
    pub(super) write: Write,
}

#[derive(Debug)]
pub(super) enum Expect {
    Anything,
    Absent,
    Exactly(Arc<[u8]>),
}

#[derive(Debug)]
pub(super) enum Write {
    Nothing,
    Envelope(Vec<u8>),
    Remove,
}

impl Commit {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record. Conflicts if the key is taken: this is how a thing happens only once.
    pub fn insert<V: Record>(&mut self, table: &Table<V>, key: impl Key, value: &V) -> &mut Self {
        self.write(table, key, Expect::Absent, value)
    }

    /// Writes a record, whatever was there.
    pub fn put<V: Record>(&mut self, table: &Table<V>, key: impl Key, value: &V) -> &mut Self {
        self.write(table, key, Expect::Anything, value)
    }

    /// Writes `new` if the record is still the `old` one that was read. Conflicts if it was changed or removed.
    pub fn replace<V: Record>(&mut self, table: &Table<V>, key: impl Key, old: &Versioned<V>, new: &V) -> &mut Self {
        self.write(table, key, Expect::Exactly(Arc::clone(&old.stored)), new)
    }

    /// Removes a record if it is there.
    pub fn remove<V: Record>(&mut self, table: &Table<V>, key: impl Key) -> &mut Self {
        self.step(table, key, Expect::Anything, Write::Remove)
    }

    /// Removes a record if it is still the `old` one that was read. Conflicts if it was changed or removed.
    pub fn remove_expected<V: Record>(&mut self, table: &Table<V>, key: impl Key, old: &Versioned<V>) -> &mut Self {
        self.step(table, key, Expect::Exactly(Arc::clone(&old.stored)), Write::Remove)
    }

    /// Changes nothing, but conflicts if a record that the decision rests on is no longer the `old` one.
    pub fn expect<V: Record>(&mut self, table: &Table<V>, key: impl Key, old: &Versioned<V>) -> &mut Self {
        self.step(table, key, Expect::Exactly(Arc::clone(&old.stored)), Write::Nothing)
    }

    /// Changes nothing, but conflicts if the key is taken.
    pub fn expect_absent<V: Record>(&mut self, table: &Table<V>, key: impl Key) -> &mut Self {
        self.step(table, key, Expect::Absent, Write::Nothing)
    }

    /// Adds all steps of another commit after the own ones: what several modules have to say about one step of the
    /// product goes into one transaction.
    pub fn append(&mut self, other: Commit) -> &mut Self {
        for step in other.steps {
            self.add(step);
        }
        if let Some(error) = other.refused {
            self.refuse(error);
        }
        self
    }

    /// What this commit will have written under `key` so far: for a step that goes on from an earlier one of its own.
    pub fn pending<V: Record>(&self, table: &Table<V>, key: impl Key) -> Option<V> {
        let key = key.text();
        let last = self.steps.iter().rev().find(|step| step.table == table.name() && step.key == key)?;
        match &last.write {
            Write::Envelope(bytes) => envelope::open(bytes).ok(),
            Write::Nothing | Write::Remove => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.refused.is_none()
    }

    fn write<V: Record>(&mut self, table: &Table<V>, key: impl Key, expect: Expect, value: &V) -> &mut Self {
        match envelope::seal(value) {
            Ok(envelope) if envelope.len() > BLOB_LIMIT => {
                let (table, key, size) = (table.name(), key.text(), envelope.len());
                self.refuse(CommitError::TooLarge { table, key, size, limit: BLOB_LIMIT })
            }
            Ok(envelope) => self.step(table, key, expect, Write::Envelope(envelope)),
            Err(error) => {
                let (table, key, detail) = (table.name(), key.text(), error.to_string());
                self.refuse(CommitError::Unwritable { table, key, detail })
            }
        }
    }

    fn step<V>(&mut self, table: &Table<V>, key: impl Key, expect: Expect, write: Write) -> &mut Self {
        self.add(Step { table: table.name(), key: key.text(), expect, write })
    }

    fn add(&mut self, step: Step) -> &mut Self {
        if self.steps.len() == STEP_LIMIT {
            let Step { table, key, .. } = step;
            return self.refuse(CommitError::TooLarge { table, key, size: STEP_LIMIT + 1, limit: STEP_LIMIT });
        }
        self.steps.push(step);
        self
    }

    fn refuse(&mut self, error: CommitError) -> &mut Self {
        self.refused.get_or_insert(error);
        self
    }
}
