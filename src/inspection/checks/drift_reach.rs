//! What has become more powerful since the last inspection: rights, and what extends the API server.

use super::check::row::*;
use super::drift::{sides, target_of};
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    ClusterRoleBindings, ClusterRoles, CustomResourceDefinitions, MutatingWebhookConfigurations, RoleBindings, Roles,
    ValidatingWebhookConfigurations,
};
use crate::texts::findings::{self, drift as texts};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("drift/privilege-added"),
        kind: "RBAC",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(ClusterRoleBindings, Walked), (RoleBindings, Walked), (ClusterRoles, Walked), (Roles, Walked)],
        gate: None,
        means: "These rights lead to all others: who has them can give themselves the rest.",
        advice: "Find out who added them and what for; if nobody knows, take them away.",
        find: privilege_added,
    },
    Check {
        id: CheckId::new("drift/webhook-or-crd-changed"),
        kind: "Cluster",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (CustomResourceDefinitions, Walked),
            (MutatingWebhookConfigurations, Walked),
            (ValidatingWebhookConfigurations, Walked),
        ],
        gate: None,
        means: "What the API server accepts, or makes of what it is sent, is not what it was.",
        advice: "Nothing, if an operator or a policy was installed, upgraded or removed on purpose.",
        find: extension_changed,
    },
];

fn privilege_added(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.privileges) else { return Vec::new() };
    let drafts = sides.now.iter().filter_map(|(key, now)| {
        let before = sides.before.get(key);
        let added = now.iter().filter(|one| before.is_none_or(|before| !before.contains(*one)));
        let added: Vec<&str> = added.map(String::as_str).collect();
        let this = target_of(key);
        let (field, title) = if this.kind.ends_with("Binding") {
            ("subjects", texts::binding_added(&added))
        } else {
            ("rules", texts::rule_added(&added))
        };
        let mut evidence: Vec<Evidence> = added.iter().map(|one| Evidence::new(field, *one)).collect();
        let known = before.map(|before| before.iter().map(String::as_str).collect::<Vec<_>>().join("; "));
        evidence.push(Evidence::since(texts::at_last(field), known.unwrap_or_else(findings::none), Some(sides.at)));
        (!added.is_empty()).then(|| Draft::about(this, Severity::High, title, evidence))
    });
    drafts.collect()
}

/// What has become of a webhook or a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Added,
    Removed,
    Changed,
}

fn extension_changed(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(sides) = sides(scene, |memory| &memory.extensions) else { return Vec::new() };
    let removed = sides.before.keys().filter(|key| !sides.now.contains_key(*key)).map(|key| (key, Change::Removed));
    let others = sides.now.iter().filter_map(|(key, now)| match sides.before.get(key) {
        None => Some((key, Change::Added)),
        Some(before) => (before != now).then_some((key, Change::Changed)),
    });
    // An operator brings many definitions at once, all of one group.
    let mut groups: BTreeMap<(Change, String), Vec<Target>> = BTreeMap::new();
    for (key, change) in removed.chain(others) {
        let this = target_of(key);
        let group = match (this.kind.as_str(), this.name.split_once('.')) {
            ("CustomResourceDefinition", Some((_, group))) => group.to_owned(),
            _ => key.clone(),
        };
        groups.entry((change, group)).or_default().push(this);
    }
    let draft = |((change, group), mut objects): ((Change, String), Vec<Target>)| {
        objects.sort();
        let first = objects.first()?.clone();
        let title = match objects.len() {
            1 => texts::extension(change),
            count => texts::definitions(change, count, &group),
        };
        let names: Vec<&str> = objects.iter().map(|object| object.name.as_str()).collect();
        let evidence = vec![Evidence::since(texts::change(change), names.join(", "), Some(sides.at))];
        let objects = objects.iter().cloned().map(ObjectRef::from).collect();
        Some(Draft { objects, ..Draft::about(first, Severity::Medium, title, evidence) })
    };
    groups.into_iter().filter_map(draft).collect()
}
