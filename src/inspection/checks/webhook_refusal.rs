//! What admission webhooks refused, as events tell.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence};
use super::webhook::configurations;
use crate::diagnosis::refusing_webhook;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Event;
use crate::snapshot::Resource::{Events, MutatingWebhookConfigurations, ValidatingWebhookConfigurations};
use crate::texts::findings::extension as texts;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("webhook/rejections"),
    kind: "Webhook",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(Events, Walked), (MutatingWebhookConfigurations, Detail), (ValidatingWebhookConfigurations, Detail)],
    gate: Some("24h"),
    means: "Pods or other objects that controllers should make are not made.",
    advice: "The message is the webhook's: change what it refuses, make an exception, or mend the webhook.",
    find: rejections,
}];

fn rejections(scene: &Scene<'_>) -> Vec<Draft> {
    let mut owners: HashMap<&str, Target> = HashMap::new();
    for configuration in configurations(scene) {
        for webhook in configuration.webhooks {
            owners.entry(webhook.name.as_str()).or_insert_with(|| configuration.target());
        }
    }
    let refusals = scene.snapshot.events.iter().filter(|event| {
        event.type_ == "Warning" && event.reason.starts_with("Failed") && scene.is_news(event.last_seen)
    });
    let mut refused: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in refusals {
        if let Some(webhook) = refusing_webhook(&event.message) {
            refused.entry(webhook).or_default().push(event);
        }
    }
    let drafts = refused.into_iter().filter_map(|(webhook, events)| {
        let newest = events.iter().max_by_key(|event| (event.last_seen, &event.meta.name))?;
        let times: i64 = events.iter().map(|event| i64::from(event.count)).sum();
        let object = |event: &&Event| {
            let about = &event.involved_object;
            ObjectRef::from(Target {
                kind: about.kind.as_str().to_owned(),
                namespace: (!about.namespace.is_empty()).then(|| about.namespace.as_str().to_owned()),
                name: about.name.as_str().to_owned(),
            })
        };
        let objects: BTreeSet<ObjectRef> = events.iter().map(object).collect();
        let this = owners.get(webhook).cloned().unwrap_or_else(|| Target::cluster_wide("Webhook", webhook));
        let evidence = vec![
            event_evidence(newest),
            Evidence::new("webhooks", webhook),
            Evidence::new("refused", times.to_string()),
        ];
        let title = texts::rejections(objects.len(), &newest.message);
        let objects = objects.into_iter().collect();
        let container = Some(webhook.to_owned());
        Some(Draft { objects, container, ..Draft::about(this, Severity::Medium, title, evidence) })
    });
    drafts.collect()
}
