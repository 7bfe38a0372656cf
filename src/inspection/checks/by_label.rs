//! Objects by their labels: what a selector wants is looked up, and not looked for in all of them.

use crate::snapshot::{LabelSelector, Labels};
use std::collections::HashMap;

/// The place that holds every namespace.
pub(super) const EVERYWHERE: &str = "";

/// Place, key, value.
type Label<'a> = (&'a str, &'a str, &'a str);

/// Objects by place, and by place, key and value of each label.
#[derive(Debug)]
pub(super) struct ByLabel<'a, T> {
    by_place: HashMap<&'a str, Vec<(&'a Labels, T)>>,
    by_label: HashMap<Label<'a>, Vec<(&'a Labels, T)>>,
}

impl<T> Default for ByLabel<'_, T> {
    fn default() -> Self {
        Self { by_place: HashMap::new(), by_label: HashMap::new() }
    }
}

impl<'a, T: Copy> ByLabel<'a, T> {
    /// Adds an object in each of the places.
    pub(super) fn add(&mut self, places: &[&'a str], labels: &'a Labels, object: T) {
        for place in places.iter().copied() {
            self.by_place.entry(place).or_default().push((labels, object));
            for (key, value) in labels.iter() {
                self.by_label.entry((place, key.as_str(), value.as_str())).or_default().push((labels, object));
            }
        }
    }

    /// What a selector selects in a place, looked for among the fewest that carry one of its labels.
    pub(super) fn matching<'b>(&'b self, place: &'b str, selector: &'b LabelSelector) -> impl Iterator<Item = T> {
        let named = selector.match_labels.iter().map(|(key, value)| self.carrying(place, key, value));
        let among = selector.match_expressions.iter().filter_map(|each| match each.values.as_slice() {
            [value] if each.operator == "In" => Some(self.carrying(place, &each.key, value)),
            _ => None,
        });
        let all = || self.by_place.get(place).map(Vec::as_slice).unwrap_or_default();
        let candidates = named.chain(among).min_by_key(|few| few.len()).unwrap_or_else(all);
        candidates.iter().filter(move |(labels, _)| selector.matches(labels)).map(|(_, object)| *object)
    }

    fn carrying<'b>(&'b self, place: &'b str, key: &'b str, value: &'b str) -> &'b [(&'a Labels, T)] {
        self.by_label.get(&(place, key, value)).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{ByLabel, EVERYWHERE};
    use crate::snapshot::Labels;

    #[test]
    fn a_selector_finds_what_it_selects_and_nothing_else() {
        let labels = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Labels>();
        let (web, db) = (labels(&[("app", "web"), ("tier", "front")]), labels(&[("app", "db"), ("tier", "back")]));
        let mut objects = ByLabel::default();
        objects.add(&[EVERYWHERE, "shop"], &web, "web");
        objects.add(&[EVERYWHERE, "data"], &db, "db");
        for (place, selector, expected) in [
            (EVERYWHERE, r#"{}"#, vec!["web", "db"]),
            ("shop", r#"{}"#, vec!["web"]),
            ("empty", r#"{}"#, vec![]),
            ("shop", r#"{"matchLabels": {"app": "web"}}"#, vec!["web"]),
            ("shop", r#"{"matchLabels": {"app": "db"}}"#, vec![]),
            ("shop", r#"{"matchLabels": {"app": "web", "tier": "back"}}"#, vec![]),
            (EVERYWHERE, r#"{"matchExpressions": [{"key": "app", "operator": "In", "values": ["db"]}]}"#, vec!["db"]),
            (
                EVERYWHERE,
                r#"{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}"#,
                vec!["web"],
            ),
        ] {
            let selector = serde_json::from_str(selector).unwrap();
            assert_eq!(objects.matching(place, &selector).collect::<Vec<_>>(), expected, "{place} {selector:?}");
        }
    }
}
