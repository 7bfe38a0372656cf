//! Node selectors, of pods and of volumes: which nodes they name.

use super::lean::lean;
use super::meta::Labels;
use super::selector::LabelSelectorRequirement;

lean! {
    /// Terms are ORed.
    pub struct NodeSelector {
        node_selector_terms: Vec<NodeSelectorTerm> = 1,
    }

    /// Expressions are ANDed. The operators are those of a label selector, and `Gt` and `Lt`.
    pub struct NodeSelectorTerm {
        match_expressions: Vec<LabelSelectorRequirement> = 1,
        match_fields: Vec<LabelSelectorRequirement> = 2,
    }
}

impl NodeSelector {
    /// Whether one of its terms holds for a node of that name with those labels.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        self.node_selector_terms.iter().any(|term| term.matches(name, labels))
    }
}

impl NodeSelectorTerm {
    fn matches(&self, name: &str, labels: &Labels) -> bool {
        // An empty term selects nothing, unlike an empty label selector.
        let says = !self.match_expressions.is_empty() || !self.match_fields.is_empty();
        let labelled = |one: &LabelSelectorRequirement| holds(one, labels.get(&one.key).map(|value| value.as_str()));
        // The API server accepts no other field.
        let named = |one: &LabelSelectorRequirement| one.key == "metadata.name" && one.accepts(Some(name));
        says && self.match_expressions.iter().all(labelled) && self.match_fields.iter().all(named)
    }
}

fn holds(requirement: &LabelSelectorRequirement, value: Option<&str>) -> bool {
    let number = |text: &str| text.parse::<i64>().ok();
    let numbers = || value.and_then(number).zip(requirement.values.first().and_then(|value| number(value)));
    match requirement.operator.as_str() {
        "Gt" => numbers().is_some_and(|(value, bound)| value > bound),
        "Lt" => numbers().is_some_and(|(value, bound)| value < bound),
        _ => requirement.accepts(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, NodeSelector};

    #[test]
    fn terms_are_ored_and_what_they_say_is_anded() {
        let labels: Labels = [("disk", "ssd"), ("cpus", "8")].into_iter().collect();
        let label = |key: &str, operator: &str, values: &str| {
            format!(r#"{{"matchExpressions": [{{"key": "{key}", "operator": "{operator}", "values": {values}}}]}}"#)
        };
        let field = |operator: &str, name: &str| {
            format!(
                r#"{{"matchFields": [{{"key": "metadata.name", "operator": "{operator}", "values": ["{name}"]}}]}}"#
            )
        };
        for (terms, expected) in [
            (String::new(), false),
            ("{}".to_owned(), false),
            (label("disk", "In", r#"["hdd", "ssd"]"#), true),
            (label("disk", "NotIn", r#"["ssd"]"#), false),
            (label("gone", "NotIn", r#"["ssd"]"#), true),
            (label("disk", "Exists", "null"), true),
            (label("disk", "DoesNotExist", "null"), false),
            (label("cpus", "Gt", r#"["7"]"#), true),
            (label("cpus", "Gt", r#"["8"]"#), false),
            (label("cpus", "Lt", r#"["9"]"#), true),
            (label("cpus", "Lt", r#"["8"]"#), false),
            (label("disk", "Gt", r#"["7"]"#), false),
            (label("gone", "Lt", r#"["7"]"#), false),
            (field("In", "worker-1"), true),
            (field("NotIn", "worker-1"), false),
            (field("In", "worker-2"), false),
            ([label("disk", "In", r#"["hdd"]"#), field("In", "worker-1")].join(", "), true),
            (
                r#"{"matchExpressions": [{"key": "disk", "operator": "Exists"}, {"key": "gone", "operator": "Exists"}]}"#
                    .to_owned(),
                false,
            ),
        ] {
            let json = format!(r#"{{"nodeSelectorTerms": [{terms}]}}"#);
            let selector: NodeSelector = serde_json::from_str(&json).unwrap();
            assert_eq!(selector.matches("worker-1", &labels), expected, "{json}");
        }
    }
}
