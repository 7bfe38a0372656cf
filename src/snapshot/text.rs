//! `Str`: text shared by reference, because a cluster repeats the same namespaces, labels, images and reasons by the thousand.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::common::Parts;
use super::quick::QuickSet;

/// Longer texts are messages, which hardly repeat; looking them up would cost more than it saves.
const LONGEST_SHARED: usize = 256;

/// Immutable text, cheap to clone; empty text takes no memory. Compares and hashes as `str` does.
#[derive(Clone, Default)]
pub struct Str(Option<Arc<str>>);

impl Str {
    /// The text of bytes that should be UTF-8. Go does not check that they are; its JSON, too, has the replacement character then.
    pub(super) fn from_utf8_lossy(bytes: &[u8]) -> Self {
        intern(&String::from_utf8_lossy(bytes))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}
impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
impl Eq for Str {}
impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl PartialEq<String> for Str {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}
impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
impl From<&str> for Str {
    fn from(text: &str) -> Self {
        intern(text)
    }
}
impl From<String> for Str {
    fn from(text: String) -> Self {
        intern(&text)
    }
}
impl From<&Str> for String {
    fn from(text: &Str) -> Self {
        text.as_str().to_owned()
    }
}
impl From<Str> for String {
    fn from(text: Str) -> Self {
        text.as_str().to_owned()
    }
}
impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
impl<'de> Deserialize<'de> for Str {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Str;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Str, E> {
                Ok(intern(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

thread_local! {
    /// What the decoding under way on this thread shares; `None` outside of `Interner::scope`.
    static CURRENT: RefCell<Option<Interner>> = const { RefCell::new(None) };
}

/// Texts that have been used once so far give way when there are more than this; names and uids never come back.
const MOST_UNSHARED: usize = 8192;

/// The texts seen so far while one list is decoded. Dropped after the list, so that nothing outlives the snapshot that uses it.
#[derive(Debug, Default)]
pub struct Interner {
    known: QuickSet<Arc<str>>,
    /// How many were used more than once when that was last looked at.
    shared: usize,
    /// Of all lists that are decoded for one snapshot.
    parts: Arc<Parts>,
}

/// The parts of the decoding under way on this thread.
pub(super) fn current_parts() -> Option<Arc<Parts>> {
    CURRENT.with_borrow(|current| current.as_ref().map(|interner| Arc::clone(&interner.parts)))
}

impl Interner {
    /// For another list of the same snapshot: the larger parts that they have in common are kept once.
    #[must_use]
    pub fn beside(other: &Self) -> Self {
        Self { parts: Arc::clone(&other.parts), ..Self::default() }
    }

    /// Runs `decode`; every `Str` made inside shares its memory with equal ones made in earlier scopes of this interner.
    /// `decode` must not wait: the table belongs to the thread for as long as it runs.
    pub fn scope<T>(&mut self, decode: impl FnOnce() -> T) -> T {
        let outer = CURRENT.replace(Some(std::mem::take(self)));
        let result = decode();
        *self = CURRENT.replace(outer).unwrap_or_default();
        result
    }

    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.known.get(text) {
            return Arc::clone(shared);
        }
        if self.known.len() >= self.shared * 2 + MOST_UNSHARED {
            // One count is ours, the second that of the only user.
            self.known.retain(|text| Arc::strong_count(text) > 2);
            self.shared = self.known.len();
        }
        let fresh: Arc<str> = Arc::from(text);
        self.known.insert(Arc::clone(&fresh));
        fresh
    }
}

fn intern(text: &str) -> Str {
    if text.is_empty() {
        return Str(None);
    }
    if text.len() > LONGEST_SHARED {
        return Str(Some(Arc::from(text)));
    }
    CURRENT.with_borrow_mut(|current| {
        Str(Some(match current {
            Some(interner) => interner.share(text),
            None => Arc::from(text),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_memory(a: &Str, b: &Str) -> bool {
        std::ptr::eq(a.as_str(), b.as_str())
    }

    #[test]
    fn equal_texts_share_memory_inside_one_interner_only() {
        let mut interner = Interner::default();
        let a: Str = interner.scope(|| serde_json::from_str("\"shop\"").unwrap());
        let b: Str = interner.scope(|| serde_json::from_str("\"sh\\u006fp\"").unwrap());
        let outside: Str = serde_json::from_str("\"shop\"").unwrap();
        assert!(same_memory(&a, &b));
        assert_eq!(a, outside);
        assert!(!same_memory(&a, &outside));
    }

    #[test]
    fn the_empty_text_takes_no_memory_and_long_texts_are_not_kept_twice() {
        assert!(Str::from("").0.is_none());
        let mut interner = Interner::default();
        let long = "x".repeat(LONGEST_SHARED + 1);
        interner.scope(|| Str::from(long.as_str()));
        assert!(interner.known.is_empty());
    }

    #[test]
    fn texts_that_never_come_back_do_not_pile_up() {
        let mut interner = Interner::default();
        let (mut kept, mut shared) = (Vec::new(), Vec::new());
        for number in 0..100_000 {
            interner.scope(|| {
                kept.push(Str::from(format!("pod-{number}")));
                shared.push(Str::from("shop"));
            });
        }
        assert!(interner.known.len() <= 2 * MOST_UNSHARED, "{}", interner.known.len());
        assert!(shared.iter().all(|text| same_memory(text, &shared[0])));
    }
}
