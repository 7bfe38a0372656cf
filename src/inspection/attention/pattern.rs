//! Names with `*` in them, as people write them in rules.

use crate::inspection::checks;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A name in which `*` stands for any characters, also none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The text as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the id of a check, or of several.
    pub fn means_a_check(&self) -> bool {
        checks::all().any(|check| self.matches(check.id.as_str()))
    }

    /// Whether it takes every name.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }

    /// Whether the name is one of those that are meant. In time linear in the name: a rule is tried on every finding.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether one of the patterns takes the name; no pattern at all takes every one.
pub(super) fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, takes, refuses) in [
            ("cart", vec!["cart"], vec!["cart-1", "a-cart", ""]),
            ("cart-*", vec!["cart-", "cart-1"], vec!["cart", "a-cart-1"]),
            ("*-cart", vec!["-cart", "a-cart"], vec!["cart", "a-cart-1"]),
            ("a*b*c", vec!["abc", "a-b-b-c"], vec!["ab", "acb", "abcd"]),
            ("ab*ba", vec!["abba", "ab-ba"], vec!["aba", "ab"]),
            ("*", vec!["", "anything"], vec![]),
            ("", vec![""], vec!["a"]),
        ] {
            let pattern = Pattern::from(pattern);
            for name in takes {
                assert!(pattern.matches(name), "{pattern} {name}");
            }
            for name in refuses {
                assert!(!pattern.matches(name), "{pattern} {name}");
            }
        }
        assert!(Pattern::from("**").is_any() && !Pattern::from("").is_any());
    }
}
