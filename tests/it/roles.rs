//! The roles that the bot documents allow what it asks for, and nothing that changes a cluster but what repairs need.

use roundsman::snapshot::{Origin, Resource};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
struct Object {
    kind: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
}

fn rules(file: &str) -> Vec<Rule> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/rbac").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let objects = serde_yaml_ng::Deserializer::from_str(&text).map(|object| Object::deserialize(object).unwrap());
    objects.filter(|object| object.kind == "ClusterRole").flat_map(|role| role.rules).collect()
}

#[test]
fn every_list_of_an_inspection_is_allowed_by_the_readers_roles() {
    let rules: Vec<Rule> = ["reader.yaml", "reader-secrets.yaml"].into_iter().flat_map(rules).collect();
    let missing: Vec<&Resource> = Resource::ALL
        .iter()
        .filter(|resource| resource.origin() != Origin::Source)
        .filter(|resource| {
            let api = resource.api();
            !rules.iter().any(|rule| {
                let has = |list: &[String], word: &str| list.iter().any(|item| item == word);
                has(&rule.api_groups, api.group) && has(&rule.resources, api.plural) && has(&rule.verbs, "list")
            })
        })
        .collect();
    assert!(missing.is_empty(), "deploy/rbac/reader.yaml does not let an inspection list {missing:?}");
}

#[test]
fn readers_only_read() {
    let verbs: BTreeSet<String> =
        ["reader.yaml", "reader-secrets.yaml"].into_iter().flat_map(rules).flat_map(|rule| rule.verbs).collect();
    assert_eq!(verbs.iter().map(String::as_str).collect::<Vec<_>>(), ["get", "list", "watch"]);
    assert!(!rules("reader.yaml").iter().any(|rule| rule.resources.iter().any(|name| name == "secrets")));
}
