//! The roles that the bot documents allow what it asks for, and nothing that changes a cluster but what repairs need.

use roundsman::{
    cluster::{
        Sources,
        needs::{Need, needs},
    },
    snapshot::Resource,
};
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
    #[serde(default)]
    api_groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default, rename = "nonResourceURLs")]
    paths: Vec<String>,
    verbs: Vec<String>,
}

impl Rule {
    fn allows(&self, need: &Need) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|item| item == word);
        match need {
            Need::Resource { verb, group, resource, .. } => {
                has(&self.api_groups, group) && has(&self.resources, resource) && has(&self.verbs, verb)
            }
            Need::Path(path) => has(&self.paths, path) && has(&self.verbs, "get"),
        }
    }
}

fn rules(file: &str) -> Vec<Rule> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/rbac").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let objects = serde_yaml_ng::Deserializer::from_str(&text).map(|object| Object::deserialize(object).unwrap());
    objects.filter(|object| object.kind == "ClusterRole").flat_map(|role| role.rules).collect()
}

/// What these files do not allow of an inspection with these sources.
fn missing(files: &[&str], sources: &Sources) -> Vec<Need> {
    let rules: Vec<Rule> = files.iter().copied().flat_map(rules).collect();
    let needed: BTreeSet<Need> = Resource::ALL.iter().flat_map(|resource| needs(*resource, sources)).collect();
    needed.into_iter().filter(|need| !rules.iter().any(|rule| rule.allows(need))).collect()
}

#[test]
fn all_that_an_inspection_reads_is_allowed_by_the_readers_roles() {
    let plain = Sources { logs: true, ..Sources::default() };
    assert_eq!(missing(&["reader.yaml", "reader-secrets.yaml"], &plain), []);
    let kubelets = Sources { kubelet_summary: true, ..plain };
    assert_eq!(missing(&["reader.yaml", "reader-secrets.yaml", "reader-kubelet.yaml"], &kubelets), []);
    assert_eq!(missing(&["reader.yaml", "reader-secrets.yaml"], &kubelets).len(), 1, "what is a strong right is apart");
}

#[test]
fn readers_only_read() {
    let files = ["reader.yaml", "reader-secrets.yaml", "reader-kubelet.yaml"];
    let verbs: BTreeSet<String> = files.into_iter().flat_map(rules).flat_map(|rule| rule.verbs).collect();
    assert_eq!(verbs.iter().map(String::as_str).collect::<Vec<_>>(), ["get", "list", "watch"]);
    let named = |wanted: &str| rules("reader.yaml").iter().any(|rule| rule.resources.iter().any(|name| name == wanted));
    assert!(!named("secrets") && !named("nodes/proxy"));
}
