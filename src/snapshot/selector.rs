//! Label selectors: all parts have to match, and what they select lives in one namespace.

use super::lean::lean;
use super::meta::Labels;
use super::text::Str;

lean! {
    /// `matchLabels` and `matchExpressions`, all of which have to hold. An empty selector selects everything; where the API
    /// gives an absent one the meaning "nothing", the field is an `Option`.
    pub struct LabelSelector {
        match_labels: Labels = 1,
        match_expressions: Vec<LabelSelectorRequirement> = 2,
    }

    /// One expression; operators are `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub struct LabelSelectorRequirement {
        key: Str = 1,
        operator: Str = 2,
        values: Vec<Str> = 3,
    }
}

impl LabelSelector {
    /// Whether labels satisfy every part.
    pub fn matches(&self, labels: &Labels) -> bool {
        selects(&self.match_labels, labels) && self.match_expressions.iter().all(|one| one.matches(labels))
    }
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl LabelSelectorRequirement {
    fn matches(&self, labels: &Labels) -> bool {
        self.accepts(labels.get(&self.key).map(|value| value.as_str()))
    }

    /// Whether it holds where its key has that value, or none.
    pub(super) fn accepts(&self, value: Option<&str>) -> bool {
        let lists = |value: &str| self.values.iter().any(|one| one == value);
        match self.operator.as_str() {
            "In" => value.is_some_and(lists),
            "NotIn" => !value.is_some_and(lists),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            // The API server accepts no other operator; selecting nothing is the careful reading of an unknown one.
            _ => false,
        }
    }
}

/// Whether every pair of a plain map selector (Services, `matchLabels`) is among the labels.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(json: &str) -> LabelSelector {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn parts_are_anded() {
        let labels: Labels = [("app", "web"), ("tier", "front")].into_iter().collect();
        for (json, expected) in [
            (r#"{}"#, true),
            (r#"{"matchLabels":null,"matchExpressions":null}"#, true),
            (r#"{"matchLabels":{"app":"web"}}"#, true),
            (r#"{"matchLabels":{"app":"web","tier":"back"}}"#, false),
            (r#"{"matchExpressions":[{"key":"app","operator":"In","values":["api","web"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["api"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"gone","operator":"NotIn","values":["api"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"gone","operator":"In","values":["api"]}]}"#, false),
            (r#"{"matchExpressions":[{"key":"tier","operator":"Exists"}]}"#, true),
            (r#"{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#, false),
            (
                r#"{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["back"]}]}"#,
                false,
            ),
            (r#"{"matchExpressions":[{"key":"tier","operator":"Gt","values":["1"]}]}"#, false),
        ] {
            assert_eq!(selector(json).matches(&labels), expected, "{json}");
        }
    }
}
