//! The objects of a graph, by their place and by their name, in a few bytes each: names are looked up where they are already,
//! in the snapshot.

use super::object::{Entity, Object};
use crate::snapshot::Hashing;

/// Kind, namespace, name.
pub(super) type Key<'a> = (&'a str, &'a str, &'a str);

/// Objects in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Register<'a> {
    entries: Vec<Entry<'a>>,
    /// An open hash table. A power of two long and at most half full.
    slots: Vec<Slot>,
    hashing: Hashing,
}

/// A place, counted from 1, 0 being free; and the part of its name's hash that does not say where the slot is, so that other
/// names are passed over without a look at their objects, which lie far apart.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    place: u32,
    mark: u32,
}

#[derive(Debug)]
enum Entry<'a> {
    Read(Entity<'a>),
    /// Named by another object, and not in the snapshot.
    Named(Box<Key<'a>>),
}

impl<'a> Entry<'a> {
    fn key(&self) -> Key<'a> {
        match self {
            Self::Read(entity) => key(*entity),
            Self::Named(key) => **key,
        }
    }
}

fn key(entity: Entity<'_>) -> Key<'_> {
    let meta = entity.meta();
    (entity.kind(), meta.namespace.as_str(), meta.name.as_str())
}

impl<'a> Register<'a> {
    /// With room for so many.
    pub(super) fn with_capacity(objects: usize) -> Self {
        let slots = vec![Slot::default(); (objects * 2).next_power_of_two().max(16)];
        Self { entries: Vec::with_capacity(objects), slots, hashing: Hashing::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = Object<'a>> {
        self.entries.iter().map(object)
    }

    /// The object at a place that this register has given out.
    pub(super) fn object(&self, place: usize) -> Object<'a> {
        object(&self.entries[place])
    }

    pub(super) fn find(&self, key: Key<'_>) -> Option<usize> {
        self.probe(self.hashing.hash_one(key), key).ok()
    }

    /// The place of an object that was read.
    pub(super) fn read(&mut self, entity: Entity<'a>) -> usize {
        let place = self.place(key(entity), || Entry::Read(entity));
        // It may have been named before.
        self.entries[place] = Entry::Read(entity);
        place
    }

    /// The place of an object that another one names.
    pub(super) fn named(&mut self, key: Key<'a>) -> usize {
        self.place(key, || Entry::Named(Box::new(key)))
    }

    fn place(&mut self, key: Key<'a>, entry: impl FnOnce() -> Entry<'a>) -> usize {
        let hash = self.hashing.hash_one(key);
        let free = match self.probe(hash, key) {
            Ok(place) => return place,
            Err(free) => free,
        };
        self.entries.push(entry());
        self.slots[free] = Slot { place: self.entries.len() as u32, mark: mark(hash) };
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        self.entries.len() - 1
    }

    /// The place of that name, or the slot that it would take.
    fn probe(&self, hash: u64, key: Key<'_>) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let Slot { place, mark: marked } = self.slots[at];
            if place == 0 {
                return Err(at);
            }
            let place = place as usize - 1;
            if marked == mark(hash) && self.entries[place].key() == key {
                return Ok(place);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots = vec![Slot::default(); mask + 1];
        for (place, entry) in self.entries.iter().enumerate() {
            let hash = self.hashing.hash_one(entry.key());
            let mut at = hash as usize & mask;
            while self.slots[at].place != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { place: place as u32 + 1, mark: mark(hash) };
        }
    }
}

/// The upper half of a hash; slots go by the lower.
fn mark(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn object<'a>(entry: &Entry<'a>) -> Object<'a> {
    let (kind, namespace, name) = entry.key();
    let entity = match entry {
        Entry::Read(entity) => Some(*entity),
        Entry::Named(_) => None,
    };
    Object { kind, namespace, name, entity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{ConfigMap, ObjectMeta};

    #[test]
    fn names_are_found_again_however_many_there_are() {
        let names: Vec<String> = (0..3000).map(|number| format!("map-{number}")).collect();
        let maps: Vec<ConfigMap> = names
            .iter()
            .map(|name| ConfigMap {
                meta: ObjectMeta { name: name.as_str().into(), ..ObjectMeta::default() },
                ..ConfigMap::default()
            })
            .collect();
        let mut register = Register::with_capacity(1);
        // Half of them are named first and read later.
        for (place, name) in names.iter().enumerate().step_by(2) {
            assert_eq!(register.named(("ConfigMap", "", name)), place / 2);
        }
        for map in &maps {
            register.read(Entity::ConfigMap(map));
        }
        assert_eq!(register.len(), 3000);
        for name in &names {
            let place = register.find(("ConfigMap", "", name)).unwrap();
            let object = register.object(place);
            assert!(object.name == name && object.entity.is_some());
            assert_eq!(register.named(("ConfigMap", "", name)), place);
        }
        assert_eq!(register.find(("Secret", "", "map-1")), None);
        assert_eq!(register.objects().count(), 3000);
        let absent = register.named(("Secret", "shop", "gone"));
        assert!(register.object(absent).entity.is_none());
    }
}
