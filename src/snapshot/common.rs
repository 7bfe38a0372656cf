//! Parts that many objects have in common word for word, such as what the pods of one workload run: kept once, and recognised
//! by their encoding, so that they are decoded once too.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Deserializer};

use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::quick::QuickMap;
use super::text::current_parts;

/// Parts that one object alone has so far give way when there are more than this.
const MOST_ALONE: usize = 4096;

/// What tells a part from others: a keyed hash of its type and its encoding. Two of a million parts are taken for one another
/// once in ten million inspections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Print(u64);

/// One key for the process: prints of several lists are compared.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Print {
    /// Of what `write` feeds it.
    pub(super) fn of<T: Any, E>(write: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>) -> Result<Self, E> {
        let mut hasher = KEY.build_hasher();
        std::any::TypeId::of::<T>().hash(&mut hasher);
        write(&mut |bytes| {
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        })?;
        Ok(Self(hasher.finish()))
    }
}

/// The parts seen while the lists of one cluster are decoded.
#[derive(Debug, Default)]
pub(super) struct Parts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    parts: QuickMap<Print, Arc<dyn Any + Send + Sync>>,
    shared: usize,
}

impl Parts {
    fn get<T: Any + Send + Sync>(&self, print: Print) -> Option<Arc<T>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.parts.get(&print).cloned()?.downcast().ok()
    }

    fn put(&self, print: Print, part: Arc<dyn Any + Send + Sync>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.parts.len() >= known.shared * 2 + MOST_ALONE {
            // One count is ours, the second that of the only user.
            known.parts.retain(|_, part| Arc::strong_count(part) > 2);
            known.shared = known.parts.len();
        }
        known.parts.insert(print, part);
    }
}

/// The part with that print, or else what `decode` makes of it.
fn common<T: Any + Send + Sync, E>(print: Print, decode: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
    let parts = current_parts();
    if let Some(known) = parts.as_ref().and_then(|parts| parts.get(print)) {
        return Ok(known);
    }
    let part = Arc::new(decode()?);
    if let Some(parts) = parts {
        let part: Arc<T> = Arc::clone(&part);
        parts.put(print, part);
    }
    Ok(part)
}

/// What a [`Shared`] part is when it is not there.
pub trait Empty: Default + PartialEq + 'static {
    fn empty() -> &'static Self;
}

/// A part that many objects have in common, reached as if it were theirs. It takes no memory while it is empty.
pub struct Shared<T>(Option<Arc<T>>);

impl<T: Empty + Send + Sync> Shared<T> {
    /// The part with that print, or else what `decode` makes of it.
    pub(super) fn common(print: Print, decode: impl FnOnce() -> Result<T, Malformed>) -> Result<Self, Malformed> {
        let part = common(print, decode)?;
        Ok(Self((*part != *T::empty()).then_some(part)))
    }

    /// The part, or an equal one that is known already; `write` feeds a print with all of it.
    pub(super) fn known(part: T, write: impl FnOnce(&T, &mut dyn FnMut(&[u8]))) -> Self {
        let Ok(print) = Print::of::<T, Infallible>(|feed| {
            write(&part, feed);
            Ok(())
        });
        let Ok(part) = common::<T, Infallible>(print, || Ok(part));
        Self((*part != *T::empty()).then_some(part))
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether both are one and the same in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Empty> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        match &self.0 {
            Some(part) => part,
            None => T::empty(),
        }
    }
}

/// Whoever changes a common part has one of its own from then on.
impl<T: Empty + Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T: Empty> From<T> for Shared<T> {
    fn from(part: T) -> Self {
        Self((part != *T::empty()).then(|| Arc::new(part)))
    }
}

impl<T: Empty> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Empty + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A list that many objects have in common; otherwise as a `Vec`, of which it takes a third when it is empty.
pub struct List<T>(Option<Arc<Vec<T>>>);

impl<T: 'static> List<T> {
    const EMPTY: &'static Vec<T> = &Vec::new();
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: 'static> Deref for List<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        self.0.as_deref().unwrap_or(Self::EMPTY)
    }
}

/// Whoever changes a common list has one of its own from then on.
impl<T: Clone + 'static> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self((!items.is_empty()).then(|| Arc::new(items)))
    }
}

impl<'a, T: 'static> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq + 'static> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Send + Sync + 'static> List<T> {
    /// Reads a repeated field by means of `decode`, unless the same has been read before.
    pub(super) fn read_common<'a>(
        &mut self,
        first: Value<'a>,
        more: &mut Repeats<'_, 'a>,
        decode: impl FnOnce(Value<'a>, &mut Repeats<'_, 'a>) -> Result<Vec<T>, Malformed>,
    ) -> Result<(), Malformed> {
        // Go sends a list in one piece; joining many would cost the square of them.
        if self.0.is_some() {
            return Err(Malformed::Value);
        }
        let mut again = more.ahead();
        let print = Print::of::<Self, _>(|write| {
            write(first.bytes()?);
            while let Some(value) = more.next()? {
                write(value.bytes()?);
            }
            Ok(())
        })?;
        self.0 = Some(common(print, || decode(first, &mut again.repeats()))?);
        Ok(())
    }
}

impl<T: Wire + Default + Send + Sync + 'static> Wire for List<T> {
    fn read<'a>(&mut self, first: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.read_common(first, more, |first, more| {
            let mut items = Vec::new();
            items.read(first, more)?;
            Ok(items)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Interner, OwnerReference, Str};
    use super::*;
    use crate::snapshot::protobuf::each_field;

    fn owners(names: &[&str]) -> Vec<u8> {
        let one = |name: &&str| {
            [&[13 << 3 | 2, name.len() as u8 + 2, 3 << 3 | 2, name.len() as u8], name.as_bytes()].concat()
        };
        names.iter().flat_map(one).collect()
    }

    fn read(message: &[u8]) -> List<OwnerReference> {
        let mut list = List::default();
        each_field(message, |_, value, more| list.read(value, more)).unwrap();
        list
    }

    #[test]
    fn equal_lists_are_one_list_also_across_interners_of_one_read() {
        let mut pods = Interner::default();
        let mut sets = Interner::beside(&pods);
        let (a, b) = pods.scope(|| (read(&owners(&["web", "x"])), read(&owners(&["web", "y"]))));
        let again = sets.scope(|| read(&owners(&["web", "x"])));
        assert!(Arc::ptr_eq(a.0.as_ref().unwrap(), again.0.as_ref().unwrap()));
        assert_ne!(a, b);
        assert_eq!(a.iter().map(|owner| &owner.name).collect::<Vec<_>>(), [&Str::from("web"), &Str::from("x")]);
        let alone = read(&owners(&["web", "x"]));
        assert_eq!(a, alone);
        assert!(!Arc::ptr_eq(a.0.as_ref().unwrap(), alone.0.as_ref().unwrap()));
    }

    #[test]
    fn who_changes_a_common_list_changes_its_own() {
        let mut interner = Interner::default();
        let (a, mut b) = interner.scope(|| (read(&owners(&["web"])), read(&owners(&["web"]))));
        b.clear();
        assert_eq!((a.len(), b.len()), (1, 0));
        assert!(List::<OwnerReference>::default().is_empty());
    }

    #[test]
    fn parts_that_never_come_back_do_not_pile_up() {
        let mut interner = Interner::default();
        let mut kept = Vec::new();
        for number in 0..20_000 {
            interner.scope(|| kept.push((read(&owners(&[&format!("set-{number}")])), read(&owners(&["web"])))));
        }
        let known = current_parts_of(&interner).0.lock().unwrap().parts.len();
        assert!(known <= 2 * MOST_ALONE, "{known}");
        assert!(kept.iter().all(|(_, common)| Arc::ptr_eq(common.0.as_ref().unwrap(), kept[0].1.0.as_ref().unwrap())));
    }

    fn current_parts_of(interner: &Interner) -> Arc<Parts> {
        let mut beside = Interner::beside(interner);
        beside.scope(|| current_parts().unwrap())
    }
}
