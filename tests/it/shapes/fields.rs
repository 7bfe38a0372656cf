//! Which fields the bot reads of an object: asked of the lean structs themselves, by a deserializer that offers every field
//! which they name and notes where they took it; and, in one table, what `src/cluster` and `src/repair` read beyond them.

use roundsman::snapshot::{Resource, Snapshot};
use serde::{
    Deserializer,
    de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::Error},
    forward_to_deserialize_any,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// JSON pointers that the bot reads by themselves, by the plural of the resource.
#[rustfmt::skip] // a table is read line by line
const BY_POINTER: &[(&str, &[&str])] = &[
    ("configmaps", &["/metadata/resourceVersion"]),
    ("controllerrevisions", &[
        "/metadata/name", "/metadata/uid", "/metadata/creationTimestamp", "/metadata/ownerReferences/*/uid", "/revision",
        "/data/spec/template/spec/containers/*/image", "/data/spec/template/metadata/labels/*",
    ]),
    ("deployments", &["/metadata/managedFields/*/manager", "/metadata/annotations/deployment.kubernetes.io~1revision"]),
    ("replicasets", &["/metadata/annotations/deployment.kubernetes.io~1revision"]),
    ("selfsubjectaccessreviews", &["/status/allowed", "/status/reason"]),
    ("scale", &["/spec/replicas", "/status/replicas", "/metadata/uid", "/metadata/resourceVersion"]),
];
/// What every object is read for: the conditions of a write.
const EVERY_OBJECT: &[&str] =
    &["/metadata/uid", "/metadata/resourceVersion", "/metadata/name", "/metadata/creationTimestamp"];
/// Answers that are no objects, by their path; `*` stands for one word.
#[rustfmt::skip] // a table is read line by line
const DOCUMENTS: &[(&str, &[&str])] = &[
    ("/version", &["/gitVersion", "/minor"]),
    ("/readyz", NO_JSON),
    ("/livez", NO_JSON),
    ("/metrics", NO_JSON),
    ("/api", DISCOVERY),
    ("/apis", DISCOVERY),
    ("/api/*", RESOURCES),
    ("/apis/*/*", RESOURCES),
];
/// A text, of which `src/cluster/sources` has samples.
const NO_JSON: &[&str] = &[];
const DISCOVERY: &[&str] = &[
    "/items/*/metadata/name",
    "/items/*/versions/*/version",
    "/items/*/versions/*/resources/*/resource",
    "/items/*/versions/*/resources/*/responseKind/kind",
    "/items/*/versions/*/resources/*/scope",
    "/items/*/versions/*/resources/*/singularResource",
    "/items/*/versions/*/resources/*/shortNames/*",
    "/items/*/versions/*/resources/*/subresources/*/subresource",
    "/groups/*/preferredVersion/groupVersion",
];
const RESOURCES: &[&str] = &[
    "/groupVersion",
    "/resources/*/name",
    "/resources/*/kind",
    "/resources/*/singularName",
    "/resources/*/namespaced",
    "/resources/*/shortNames/*",
];

/// What is read of a document that is no object.
pub(crate) fn of_document(path: &str) -> Vec<String> {
    let fits = |pattern: &str| {
        let (words, pattern): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
        words.len() == pattern.len()
            && pattern.iter().zip(&words).all(|(wanted, word)| *wanted == "*" || wanted == word)
    };
    let row = DOCUMENTS.iter().find(|(pattern, _)| fits(pattern));
    row.unwrap_or_else(|| panic!("which fields are read of {path}?"))
        .1
        .iter()
        .map(|field| (*field).to_owned())
        .collect()
}

/// What is read of an object of a resource, by group and plural. `keys` are those of maps: of annotations only some are read.
pub(crate) fn of(group: &str, plural: &str, keys: &BTreeSet<String>) -> BTreeSet<String> {
    let lean = Resource::ALL.iter().find(|resource| {
        let api = resource.api();
        (api.group, api.plural) == (group, plural)
    });
    let by_pointer = BY_POINTER.iter().find(|(name, _)| *name == plural).map(|(_, fields)| *fields);
    assert!(lean.is_some() || by_pointer.is_some(), "which fields are read of {plural}?");
    let mut fields: BTreeSet<String> = lean.map(|resource| read_by(*resource, keys)).unwrap_or_default();
    fields.extend(by_pointer.unwrap_or_default().iter().chain(EVERY_OBJECT).map(|field| (*field).to_owned()));
    fields
}

/// The fields that a lean struct takes.
fn read_by(resource: Resource, keys: &BTreeSet<String>) -> BTreeSet<String> {
    let mut guesses = BTreeMap::new();
    loop {
        let notes = RefCell::new(Notes::default());
        let offered =
            Snapshot::default().push(resource, Offer { at: String::new(), notes: &notes, guesses: &guesses, keys });
        let notes = notes.into_inner();
        match offered {
            Ok(()) => return notes.fields,
            // Its last text was none that this field takes: a time, a quantity.
            Err(error) => {
                let guess: &mut usize = guesses.entry(notes.last_text.clone()).or_default();
                *guess += 1;
                assert!(*guess < TEXTS.len(), "{resource} {}: {error}", notes.last_text);
            }
        }
    }
}

/// Texts to try: a time, a quantity, nothing.
const TEXTS: &[&str] = &["2026-01-01T00:00:00Z", "1", ""];
/// Structs that hold themselves end here.
const DEEPEST: usize = 24;

#[derive(Default)]
struct Notes {
    fields: BTreeSet<String>,
    last_text: String,
}

/// A value that is whatever is asked for.
struct Offer<'a> {
    at: String,
    notes: &'a RefCell<Notes>,
    guesses: &'a BTreeMap<String, usize>,
    keys: &'a BTreeSet<String>,
}

impl Offer<'_> {
    fn note(&self) {
        self.notes.borrow_mut().fields.insert(self.at.clone());
    }

    fn below(&self, step: &str) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        Self { at: format!("{}/{step}", self.at), ..*self }
    }

    fn is_deep(&self) -> bool {
        self.at.matches('/').count() >= DEEPEST
    }
}

macro_rules! plain {
    ($($method:ident => $visit:ident($value:expr);)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.note();
            visitor.$visit($value)
        }
    )* };
}

impl<'de> Deserializer<'de> for Offer<'_> {
    type Error = Error;

    plain! {
        deserialize_any => visit_i64(0);
        deserialize_bool => visit_bool(false);
        deserialize_i32 => visit_i32(0);
        deserialize_i64 => visit_i64(0);
        deserialize_u32 => visit_u32(0);
        deserialize_u64 => visit_u64(0);
        deserialize_f64 => visit_f64(0.0);
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note();
        let guess = self.guesses.get(&self.at).copied().unwrap_or_default();
        self.notes.borrow_mut().last_text = self.at;
        visitor.visit_str(TEXTS.get(guess).copied().unwrap_or_default())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_deep() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let items = if self.is_deep() { None } else { Some(self.below("*")) };
        visitor.visit_seq(Items(items))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let keys = self.keys.iter();
        visitor.visit_map(Entries { of: self, keys, now: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if names.is_empty() {
            self.note();
        }
        visitor.visit_map(Fields { of: self, names: names.iter(), now: "" })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 u8 u16 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

struct Items<'a>(Option<Offer<'a>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|item| seed.deserialize(item)).transpose()
    }
}

/// A map: any key first; if nobody takes its value, the keys that there are.
struct Entries<'a> {
    of: Offer<'a>,
    keys: std::collections::btree_set::Iter<'a, String>,
    now: Option<&'a str>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let any = format!("{}/*", self.of.at);
        let taken = |notes: &Notes| notes.fields.iter().any(|field| field.starts_with(&any));
        let next = match self.now {
            None => Some("*"),
            Some("*") if taken(&self.of.notes.borrow()) => None,
            Some(_) => self.keys.next().map(String::as_str),
        };
        if next.is_none() && self.now == Some("*") && taken(&self.of.notes.borrow()) {
            self.of.note();
        }
        self.now = next;
        next.map(|key| seed.deserialize(key.into_deserializer())).transpose()
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.of.below(self.now.unwrap_or_default()))
    }
}

/// A struct.
struct Fields<'a> {
    of: Offer<'a>,
    names: std::slice::Iter<'static, &'static str>,
    now: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.now = name;
        seed.deserialize(name.into_deserializer()).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.of.below(self.now))
    }
}

#[test]
fn the_lean_structs_tell_what_they_read() {
    let keys = ["kubernetes.io/config.mirror", "tls.crt", "other"].map(str::to_owned).into();
    let of = |group: &str, plural: &str| of(group, plural, &keys);
    let fields = of("", "pods");
    for field in [
        "/metadata/labels",
        "/metadata/labels/*",
        "/metadata/annotations/kubernetes.io~1config.mirror",
        "/metadata/ownerReferences/*/uid",
        "/spec/affinity/podAffinity",
        "/spec/containers/*/readinessProbe/httpGet/port",
        "/spec/containers/*/resources/limits/*",
        "/status/conditions/*/lastTransitionTime",
        "/status/containerStatuses/*/lastState/terminated/exitCode",
        "/status/podIP",
    ] {
        assert!(fields.contains(field), "{field}: {fields:#?}");
    }
    assert!(!fields.iter().any(|field| field.contains("other")), "{fields:#?}");
    assert!(of("", "secrets").contains("/type"));
    for resource in Resource::ALL {
        assert!(of(resource.api().group, resource.api().plural).len() > 4, "{resource}");
    }
}
