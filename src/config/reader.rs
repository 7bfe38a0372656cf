//! Reads a TOML document with every mistake collected, each with its line, instead of stopping at the first.

use std::{collections::BTreeSet, fmt, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// 1-based; 0 when it concerns no line (an environment variable, a file that is named).
    pub line: usize,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.text),
            line => write!(f, "line {line}: {}", self.text),
        }
    }
}

/// Collects the mistakes of one document.
#[derive(Debug)]
pub(super) struct Mistakes {
    line_starts: Vec<usize>,
    list: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(text: &str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { line_starts, list: Vec::new() }
    }

    pub(super) fn at(&mut self, span: &Range<usize>, text: impl Into<String>) {
        let line = self.line_starts.partition_point(|start| *start <= span.start);
        self.list.push(Mistake { line, text: text.into() });
    }

    pub(super) fn whole(&mut self, text: impl Into<String>) {
        self.list.push(Mistake { line: 0, text: text.into() });
    }

    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn finish(mut self) -> Vec<Mistake> {
        self.list.sort();
        self.list.dedup();
        self.list
    }
}

/// One table of the document; [`Table::done`] says which keys nobody asked for.
#[derive(Debug)]
pub(super) struct Table<'d> {
    name: String,
    span: Range<usize>,
    entries: Option<&'d DeTable<'d>>,
    asked: BTreeSet<&'static str>,
}

/// A value with its place.
pub(super) type Placed<T> = (T, Range<usize>);

impl<'d> Table<'d> {
    pub(super) fn root(table: &'d Spanned<DeTable<'d>>) -> Self {
        Self { name: String::new(), span: 0..0, entries: Some(table.get_ref()), asked: BTreeSet::new() }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the document has this key at all, however mistaken what is below it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }

    /// Whether the document has a table under this key.
    pub(super) fn has_table(&self, key: &str) -> bool {
        let value = self.entries.and_then(|entries| entries.get(key));
        value.is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Where the value of a key stands; without one, where this table does.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.entries.and_then(|entries| entries.get(key)).map_or(self.span(), Spanned::span)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.insert(key);
        self.entries?.get(key)
    }

    /// A table below this one; absent is `None`.
    pub(super) fn table(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Table<'d>> {
        let value = self.value(key)?;
        let name = self.path(key);
        match value.get_ref() {
            DeValue::Table(entries) => {
                Some(Table { name, span: value.span(), entries: Some(entries), asked: BTreeSet::new() })
            }
            other => {
                mistakes.at(&value.span(), format!("{name} must be a table [{name}], not {}", other.type_str()));
                None
            }
        }
    }

    /// An array of tables `[[key]]`; absent is empty.
    pub(super) fn tables(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<Table<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let name = self.path(key);
        let DeValue::Array(items) = value.get_ref() else {
            mistakes.at(&value.span(), format!("{name} must be written as [[{name}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(entries) => tables.push(Table {
                    name: name.clone(),
                    span: item.span(),
                    entries: Some(entries),
                    asked: BTreeSet::new(),
                }),
                other => {
                    mistakes.at(&item.span(), format!("{name} must hold tables, not {}", other.type_str()));
                }
            }
        }
        tables
    }

    /// A text; absent is `None`.
    pub(super) fn text(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Placed<String>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some((text.to_string(), value.span())),
            DeValue::String(_) => {
                mistakes.at(&value.span(), format!("{} is empty", self.path(key)));
                None
            }
            other => {
                let hint = if matches!(other, DeValue::Integer(_)) { "; put it into quotes" } else { "" };
                mistakes
                    .at(&value.span(), format!("{} must be a text, not {}{hint}", self.path(key), other.type_str()));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Placed<String>> {
        if self.entries.is_some_and(|entries| entries.contains_key(key)) {
            return self.text(key, mistakes);
        }
        self.asked.insert(key);
        mistakes.at(&self.span, format!("{} is missing", self.path(key)));
        None
    }

    /// A truth value; absent is the default.
    pub(super) fn flag(&mut self, key: &'static str, default: bool, mistakes: &mut Mistakes) -> bool {
        let Some(value) = self.value(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            let found = value.get_ref().type_str();
            mistakes.at(&value.span(), format!("{} must be true or false, not {found}", self.path(key)));
            default
        })
    }

    /// A whole number within bounds; absent is the default.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: u64,
        bounds: std::ops::RangeInclusive<u64>,
        mistakes: &mut Mistakes,
    ) -> u64 {
        let Some(value) = self.value(key) else { return default };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if bounds.contains(&number) => number,
            _ => {
                let text =
                    format!("{} must be a whole number from {} to {}", self.path(key), bounds.start(), bounds.end());
                mistakes.at(&value.span(), text);
                default
            }
        }
    }

    /// A whole number within bounds, only where it is written.
    pub(super) fn given(
        &mut self,
        key: &'static str,
        bounds: std::ops::RangeInclusive<u64>,
        mistakes: &mut Mistakes,
    ) -> Option<u64> {
        self.value(key)?;
        Some(self.number(key, *bounds.start(), bounds, mistakes))
    }

    /// A list of texts; a single text counts as a list of one; absent is `None`.
    pub(super) fn texts(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Vec<Placed<String>>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(vec![(text.to_string(), value.span())]),
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match item.get_ref().as_str() {
                        Some(text) => texts.push((text.to_owned(), item.span())),
                        None => mistakes.at(&item.span(), format!("{} must hold texts in quotes", self.path(key))),
                    }
                }
                Some(texts)
            }
            other => {
                let found = other.type_str();
                mistakes.at(&value.span(), format!("{} must be a list of texts, not {found}", self.path(key)));
                None
            }
        }
    }

    /// Says which keys are not known here.
    pub(super) fn done(self, mistakes: &mut Mistakes) {
        let Some(entries) = self.entries else { return };
        for key in entries.keys() {
            if !self.asked.contains(key.get_ref().as_ref()) {
                let known: Vec<&str> = self.asked.iter().copied().collect();
                let place = if self.name.is_empty() { "here".to_owned() } else { format!("in [{}]", self.name) };
                mistakes.at(
                    &key.span(),
                    format!("\"{}\" is not known {place}; known are {}", key.get_ref(), known.join(", ")),
                );
            }
        }
    }
}
