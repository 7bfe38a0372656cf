//! What is remembered of what extends the API server: that it is there, and a digest of what it does. A certificate that
//! is renewed is no change.

use super::memory::key;
use crate::snapshot::{CustomResourceDefinition, LabelSelector, Resource, Snapshot, Str, Webhook, WebhookClientConfig};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The lists that must be complete.
pub(super) const READS: &[Resource] = &[
    Resource::CustomResourceDefinitions,
    Resource::MutatingWebhookConfigurations,
    Resource::ValidatingWebhookConfigurations,
];

pub(super) fn of(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let mutating = snapshot.mutating_webhook_configurations.iter().map(|each| ("MutatingWebhookConfiguration", each));
    let validating =
        snapshot.validating_webhook_configurations.iter().map(|each| ("ValidatingWebhookConfiguration", each));
    let webhooks = mutating.chain(validating).map(|(kind, configuration)| {
        let text: Vec<String> = configuration.webhooks.iter().map(webhook).collect();
        (key(kind, &configuration.meta), digest(&text.join("\n")))
    });
    let definitions = snapshot
        .custom_resource_definitions
        .iter()
        .map(|definition| (key("CustomResourceDefinition", &definition.meta), digest(&custom_resource(definition))));
    webhooks.chain(definitions).collect()
}

/// Written out field by field: what a later release reads besides must not look like a change.
fn webhook(webhook: &Webhook) -> String {
    let rules: Vec<String> = webhook
        .rules
        .iter()
        .map(|rule| {
            let lists = [&rule.operations, &rule.api_groups, &rule.resources];
            format!("{} {}", lists.map(|list| list_of(list)).join(" "), rule.scope)
        })
        .collect();
    let selectors = [&webhook.namespace_selector, &webhook.object_selector].map(selector);
    let called = target(&webhook.client_config);
    let timeout = webhook.timeout_seconds.unwrap_or_default();
    let Webhook { name, failure_policy, side_effects, .. } = webhook;
    format!("{name} {failure_policy} {side_effects} {timeout} {called} {} {}", selectors.join(" "), rules.join("; "))
}

fn target(config: &WebhookClientConfig) -> String {
    match &config.service {
        Some(service) => {
            let port = service.port.unwrap_or(443);
            format!("{}/{}:{port}{}", service.namespace, service.name, service.path)
        }
        None => config.url.as_str().to_owned(),
    }
}

fn selector(selector: &Option<LabelSelector>) -> String {
    let Some(selector) = selector else { return "-".to_owned() };
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().map(|each| {
        let values: Vec<&str> = each.values.iter().map(Str::as_str).collect();
        format!("{} {} {}", each.key, each.operator, values.join(","))
    });
    labels.chain(expressions).collect::<Vec<_>>().join("&")
}

fn custom_resource(definition: &CustomResourceDefinition) -> String {
    let spec = &definition.spec;
    let versions: Vec<String> = spec
        .versions
        .iter()
        .map(|version| format!("{} {} {} {}", version.name, version.served, version.storage, version.deprecated))
        .collect();
    let conversion = spec.conversion.as_ref().map_or("", |conversion| conversion.strategy.as_str());
    format!("{} {} {} {conversion} {}", spec.group, spec.names.kind, spec.names.plural, versions.join("; "))
}

fn list_of(list: &[Str]) -> String {
    list.iter().map(Str::as_str).collect::<Vec<_>>().join(",")
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::snapshot::Snapshot;
    use chrono::DateTime;
    use serde_json::{Value, json};

    fn digest(webhook: Value) -> String {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "policy"}, "webhooks": [webhook]});
        let snapshot = Snapshot::from_objects(DateTime::UNIX_EPOCH, vec![object]).unwrap();
        of(&snapshot).remove("ValidatingWebhookConfiguration/policy").unwrap()
    }

    #[test]
    fn what_it_does_is_a_change_and_its_certificate_is_not() {
        let webhook = |policy: &str, bundle: &str| {
            json!({"name": "policy.example.org", "failurePolicy": policy,
                "clientConfig": {"service": {"namespace": "policy", "name": "webhook"}, "caBundle": bundle}})
        };
        // Stored: another formula would make every webhook look changed.
        assert_eq!(digest(webhook("Fail", "QQ==")), "ecedac56ab105892");
        assert_eq!(digest(webhook("Fail", "QQ==")), digest(webhook("Fail", "Qg==")));
        assert_ne!(digest(webhook("Fail", "QQ==")), digest(webhook("Ignore", "QQ==")));
    }
}
