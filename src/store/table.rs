//! What a table is to the rest of the house: a name, ordered text keys, and records that know their own version.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, Deref};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something that is stored. What was stored yesterday must load today: whoever changes the shape of a record raises
/// `VERSION`, teaches `migrate` the step, and keeps the old golden export under `tests/data/store`.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that is written now; starts at 1.
    const VERSION: u16;

    /// Turns the stored `value` of an older `version` into one of the current version. A record that has only ever
    /// had one version keeps this default.
    fn migrate(version: u16, value: Value) -> Result<Value, MigrateError> {
        let _ = value;
        Err(MigrateError::new(format!("version {version} of this record was never written by any release")))
    }
}

/// Why an old record could not be brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct MigrateError {
    detail: String,
}

impl MigrateError {
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into() }
    }
}

/// A named set of records, ordered by key. Declared once, as a constant, by the module that owns the records:
/// `const INBOX: Table<InboxRow> = Table::new("inbox");`
pub struct Table<V> {
    name: &'static str,
    record: PhantomData<fn() -> V>,
}

impl<V> Table<V> {
    /// `name` is part of what is on disk: never rename it. Lower case letters and dashes, so that no name can run
    /// into a key.
    #[expect(clippy::panic, reason = "evaluated by the compiler for constants: a bad name does not build")]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if !(bytes[i].is_ascii_lowercase() || bytes[i] == b'-') {
                panic!("a table name has only lower case letters and dashes");
            }
            i += 1;
        }
        if bytes.is_empty() {
            panic!("a table needs a name");
        }
        Self { name, record: PhantomData }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<V> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.name).finish()
    }
}

/// Separates the parts of a composed key. The lowest character, so that `("a", "z")` comes before `("ab", "a")`.
const SEPARATOR: char = '\0';

/// What addresses a record. Keys are text, so that dumps and logs can be read, and they sort by their parts: numbers
/// by value, times by time, tuples part by part.
///
/// A plain string is taken as it is; that lets a key that a scan has given go straight back into `get`.
pub trait Key {
    fn text(&self) -> String;

    /// The key as one part of a composed key: its own separators are escaped, so that parts cannot run together.
    fn part(&self) -> String {
        let text = self.text();
        if !text.contains(['\0', '\u{1}']) {
            return text;
        }
        let mut escaped = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            match c {
                '\0' => escaped.push_str("\u{1}\u{1}"),
                '\u{1}' => escaped.push_str("\u{1}\u{2}"),
                other => escaped.push(other),
            }
        }
        escaped
    }

    /// What the keys start with that are composed of this one and more parts.
    fn opening(&self) -> String {
        self.part()
    }
}

/// The parts of a key that was composed from a tuple.
pub fn key_parts(key: &str) -> Vec<String> {
    key.split(SEPARATOR).map(|part| part.replace("\u{1}\u{1}", "\0").replace("\u{1}\u{2}", "\u{1}")).collect()
}

impl Key for str {
    fn text(&self) -> String {
        self.to_owned()
    }
}

impl Key for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl Key for u64 {
    fn text(&self) -> String {
        format!("{self:020}")
    }
}

impl Key for u32 {
    fn text(&self) -> String {
        format!("{self:010}")
    }
}

impl Key for DateTime<Utc> {
    fn text(&self) -> String {
        self.to_rfc3339_opts(SecondsFormat::Nanos, true)
    }
}

impl<K: Key + ?Sized> Key for &K {
    fn text(&self) -> String {
        (**self).text()
    }

    fn part(&self) -> String {
        (**self).part()
    }

    fn opening(&self) -> String {
        (**self).opening()
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn text(&self) -> String {
        format!("{}{SEPARATOR}{}", self.0.part(), self.1.part())
    }

    fn opening(&self) -> String {
        self.text()
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn text(&self) -> String {
        format!("{}{SEPARATOR}{}{SEPARATOR}{}", self.0.part(), self.1.part(), self.2.part())
    }

    fn opening(&self) -> String {
        self.text()
    }
}

/// A range of keys to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub(super) lower: Bound<String>,
    pub(super) upper: Bound<String>,
}

impl Keys {
    /// Every key of the table.
    pub fn all() -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded }
    }

    /// The keys whose first part or parts are `first`: all `(channel, _)` of one channel.
    pub fn under(first: impl Key) -> Self {
        let opening = first.opening();
        Self { lower: Bound::Included(format!("{opening}\0")), upper: Bound::Excluded(format!("{opening}\u{1}")) }
    }

    /// From this key on, itself included.
    pub fn from(self, key: impl Key) -> Self {
        Self { lower: Bound::Included(key.text()), ..self }
    }

    /// What comes after this key: the next page of an ascending scan.
    pub fn after(self, key: impl Key) -> Self {
        Self { lower: Bound::Excluded(key.text()), ..self }
    }

    /// Up to this key, itself included.
    pub fn up_to(self, key: impl Key) -> Self {
        Self { upper: Bound::Included(key.text()), ..self }
    }

    /// What comes before this key: what is due before a time, or the next page of a descending scan.
    pub fn before(self, key: impl Key) -> Self {
        Self { upper: Bound::Excluded(key.text()), ..self }
    }
}

/// Which end of the range comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// A record as it was read. Remembers the stored bytes, so that a commit can demand that nobody changed it since.
#[derive(Clone)]
pub struct Versioned<V> {
    pub(super) value: V,
    pub(super) stored: Arc<[u8]>,
}

impl<V> Versioned<V> {
    pub fn into_value(self) -> V {
        self.value
    }
}

impl<V> Deref for Versioned<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: fmt::Debug> fmt::Debug for Versioned<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_like_what_they_stand_for() {
        assert!(9u64.text() < 10u64.text());
        assert!(("a", "z").text() < ("ab", "a").text());
        assert!(("a", 9u64).text() < ("a", 10u64).text());
        let early: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
        let late: DateTime<Utc> = "2026-11-23T09:00:00.000000001Z".parse().unwrap();
        assert!(early.text() < late.text());
    }

    #[test]
    fn parts_cannot_run_together() {
        let keys = [("a\0b", "c"), ("a", "b\0c"), ("a\u{1}", "b"), ("a", "\u{1}b"), ("a\u{1}\u{1}b", "c")];
        for key in keys {
            assert_eq!(key_parts(&key.text()), [key.0, key.1], "{key:?}");
        }
        let mut texts: Vec<_> = keys.iter().map(Key::text).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), keys.len());
    }
}
