//! Admission webhooks: whether they can be called, whom the API server trusts, and how much hangs on them.

use super::callee::{Callee, written};
use super::certificate::trusted_until;
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    EndpointSlices, MutatingWebhookConfigurations, Namespaces, Pods, Services, ValidatingWebhookConfigurations,
};
use crate::snapshot::{Labels, ObjectMeta, ServiceReference, Webhook, WebhookClientConfig, WebhookConfiguration};
use crate::texts::findings::extension as texts;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("webhook/service-missing"),
        kind: "Webhook",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[
            (MutatingWebhookConfigurations, Walked),
            (ValidatingWebhookConfigurations, Walked),
            (Services, Complete),
        ],
        gate: None,
        means: "The API server asks somebody who is not there about every such request, and refuses it if it must fail closed.",
        advice: "Delete the webhook configuration if what it belonged to is gone; else bring its Service back.",
        find: service_missing,
    },
    Check {
        id: CheckId::new("webhook/no-endpoints"),
        kind: "Webhook",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[
            (MutatingWebhookConfigurations, Walked),
            (ValidatingWebhookConfigurations, Walked),
            (EndpointSlices, Complete),
            (Services, Complete),
            (Pods, Detail),
        ],
        gate: Some("5m"),
        means: "The API server asks and nobody answers; if it must fail closed, every such request is refused.",
        advice: "Bring its pods up. If they cannot start because of the webhook itself, set failurePolicy to Ignore until they run.",
        find: no_endpoints,
    },
    Check {
        id: CheckId::new("webhook/ca-expiring"),
        kind: "Webhook",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(MutatingWebhookConfigurations, Walked), (ValidatingWebhookConfigurations, Walked)],
        gate: Some("14d, 5m for a new one"),
        means: "The API server does not trust the webhook (or soon will not), and every call to it fails.",
        advice: "Look at what fills the caBundle in: cert-manager's injector, the operator, or a person.",
        find: ca_expiring,
    },
    Check {
        id: CheckId::new("webhook/fail-closed-broad"),
        kind: "Webhook",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: &[
            (MutatingWebhookConfigurations, Walked),
            (ValidatingWebhookConfigurations, Walked),
            (Namespaces, Detail),
        ],
        gate: Some("10s"),
        means: "When it is down the cluster cannot repair itself: what kube-system needs is refused too, or waits.",
        advice: "Leave kube-system out by a namespaceSelector, name the resources, and keep timeoutSeconds short.",
        find: fail_closed_broad,
    },
];

/// A configuration with the kind that it is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Configuration<'a> {
    kind: &'static str,
    meta: &'a ObjectMeta,
    pub(super) webhooks: &'a [Webhook],
}

impl Configuration<'_> {
    pub(super) fn target(&self) -> Target {
        target(self.kind, self.meta)
    }
}

/// All of them, of both kinds, that are not on their way out.
pub(super) fn configurations<'a>(scene: &Scene<'a>) -> impl Iterator<Item = Configuration<'a>> {
    let of = |kind: &'static str| {
        move |each: &'a WebhookConfiguration| Configuration { kind, meta: &each.meta, webhooks: &each.webhooks }
    };
    let mutating = scene.snapshot.mutating_webhook_configurations.iter().map(of("MutatingWebhookConfiguration"));
    let validating = scene.snapshot.validating_webhook_configurations.iter().map(of("ValidatingWebhookConfiguration"));
    mutating.chain(validating).filter(|each| each.meta.deletion_timestamp.is_none())
}

/// What it watches over is refused when it does not answer; that is the default.
fn fails_closed(webhook: &Webhook) -> bool {
    webhook.failure_policy != "Ignore"
}

/// The webhooks of one configuration that call one Service.
struct Called<'a> {
    configuration: Configuration<'a>,
    service: &'a ServiceReference,
    webhooks: Vec<&'a Webhook>,
}

impl Called<'_> {
    fn fails_closed(&self) -> bool {
        self.webhooks.iter().any(|webhook| fails_closed(webhook))
    }

    /// What is refused, as the rules of those that fail closed name it.
    fn refused(&self) -> Vec<&str> {
        let closed = self.webhooks.iter().filter(|webhook| fails_closed(webhook));
        let resources = closed.flat_map(|webhook| &webhook.rules).flat_map(|rule| &rule.resources);
        let mut resources: Vec<&str> = resources.map(|resource| resource.as_str()).collect();
        resources.sort_unstable();
        resources.dedup();
        resources
    }

    fn draft(&self, title: String, fact: Evidence) -> Draft {
        let service = written(self.service);
        let names: Vec<&str> = self.webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
        let policy = if self.fails_closed() { "Fail" } else { "Ignore" };
        let evidence = vec![
            fact,
            Evidence::new("webhooks", names.join(", ")),
            Evidence::new("failurePolicy", policy),
            Evidence::new("clientConfig.service", service.as_str()),
        ];
        let severity = if self.fails_closed() { Severity::Critical } else { Severity::Medium };
        let this = self.configuration.target();
        let called = Target::namespaced("Service", self.service.namespace.as_str(), self.service.name.as_str());
        let objects = vec![ObjectRef::from(this.clone()), called.into()];
        Draft { objects, container: Some(service), ..Draft::about(this, severity, title, evidence) }
    }
}

fn called<'a>(scene: &Scene<'a>) -> Vec<Called<'a>> {
    let mut all = Vec::new();
    for configuration in configurations(scene) {
        let mut services: BTreeMap<(&str, &str), Called<'a>> = BTreeMap::new();
        for webhook in configuration.webhooks {
            let Some(service) = &webhook.client_config.service else { continue };
            let called = services
                .entry((service.namespace.as_str(), service.name.as_str()))
                .or_insert_with(|| Called { configuration, service, webhooks: Vec::new() });
            called.webhooks.push(webhook);
        }
        all.extend(services.into_values());
    }
    all
}

fn service_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let missing = called(scene).into_iter().filter(|called| Callee::of(scene, called.service) == Callee::Missing);
    let drafts = missing.map(|called| {
        let why = texts::service_missing(&written(called.service));
        let title = texts::not_answering(called.fails_closed(), &called.refused(), &why);
        let since = called.configuration.meta.creation_timestamp;
        called.draft(title, Evidence::since("Service", "does not exist", since))
    });
    drafts.collect()
}

fn no_endpoints(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = called(scene).into_iter().filter_map(|called| match Callee::of(scene, called.service) {
        Callee::Silent { endpoints, since } if scene.is_settled(since) => {
            let why = texts::nobody_behind(&written(called.service));
            let title = texts::not_answering(called.fails_closed(), &called.refused(), &why);
            let fact = Evidence::since("endpoints ready", format!("0 / {endpoints}"), since);
            Some(called.draft(title, fact))
        }
        Callee::Silent { .. } | Callee::Missing | Callee::Answers => None,
    });
    drafts.collect()
}

/// What is wrong with a bundle of authorities, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Distrust {
    /// Nothing is in it, and no public authority signs the names of Services.
    Empty,
    /// It is no certificate.
    Unreadable,
    /// It ends, or has ended.
    Ends {
        /// How long it still lasts.
        left: TimeDelta,
        /// When.
        at: DateTime<Utc>,
    },
}

impl Distrust {
    /// Of what is to be called; what is younger than a rollout may still be filled in.
    pub(super) fn of(scene: &Scene<'_>, called: &WebhookClientConfig, since: Option<DateTime<Utc>>) -> Option<Self> {
        let settled = scene.is_settled(since);
        match called.ca_bundle.bytes().map(trusted_until) {
            // What a URL names can have a certificate of a public authority.
            None => (settled && called.service.is_some()).then_some(Self::Empty),
            Some(None) => settled.then_some(Self::Unreadable),
            Some(Some(at)) => {
                let left = at - scene.now;
                (left <= scene.thresholds.certificate_high).then_some(Self::Ends { left, at })
            }
        }
    }

    pub(super) fn fact(self) -> Evidence {
        match self {
            Self::Empty => Evidence::new("caBundle", "(empty)"),
            Self::Unreadable => Evidence::new("caBundle", "no certificate"),
            Self::Ends { at, .. } => Evidence::new("caBundle notAfter", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        }
    }
}

fn ca_expiring(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = configurations(scene).filter_map(|configuration| {
        let distrusted = configuration.webhooks.iter().filter_map(|webhook| {
            let since = configuration.meta.creation_timestamp;
            Some((Distrust::of(scene, &webhook.client_config, since)?, webhook))
        });
        let mut distrusted: Vec<_> = distrusted.collect();
        distrusted.sort_by_key(|(distrust, _)| *distrust);
        let (worst, _) = *distrusted.first()?;
        let closed = distrusted.iter().any(|(_, webhook)| fails_closed(webhook));
        let severity = if closed { Severity::High } else { Severity::Medium };
        let names: Vec<&str> = distrusted.iter().map(|(_, webhook)| webhook.name.as_str()).collect();
        let evidence = vec![
            worst.fact(),
            Evidence::new("webhooks", names.join(", ")),
            Evidence::new("failurePolicy", if closed { "Fail" } else { "Ignore" }),
        ];
        Some(Draft::about(configuration.target(), severity, texts::distrusted(worst), evidence))
    });
    drafts.collect()
}

/// The labels of kube-system; every namespace has its own name as one.
fn kube_system(scene: &Scene<'_>) -> Labels {
    let known = scene.snapshot.namespaces.iter().find(|namespace| namespace.meta.name == "kube-system");
    let labels = known.map(|namespace| namespace.meta.labels.clone()).filter(|labels| !labels.is_empty());
    labels.unwrap_or_else(|| [("kubernetes.io/metadata.name", "kube-system")].into_iter().collect())
}

fn is_broad(webhook: &Webhook, kube_system: &Labels) -> bool {
    let everything = webhook.rules.iter().any(|rule| {
        rule.scope != "Cluster" && rule.resources.iter().any(|resource| resource == "*" || resource == "*/*")
    });
    let reaches = webhook.namespace_selector.as_ref().is_none_or(|selector| selector.matches(kube_system));
    let some_objects = webhook.object_selector.as_ref().is_some_and(|selector| !selector.is_empty());
    fails_closed(webhook) && everything && reaches && !some_objects
}

/// What Kubernetes takes for granted where nothing is written.
const DEFAULT_TIMEOUT: i32 = 10;

fn fail_closed_broad(scene: &Scene<'_>) -> Vec<Draft> {
    let kube_system = kube_system(scene);
    let drafts = configurations(scene).filter_map(|configuration| {
        let mut evidence = Vec::new();
        let (mut broad, mut slowest) = (false, None);
        for webhook in configuration.webhooks {
            if is_broad(webhook, &kube_system) {
                broad = true;
                evidence.push(Evidence::new(format!("{} rules.resources", webhook.name), "*"));
            }
            let timeout = webhook.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT);
            if fails_closed(webhook) && timeout > scene.thresholds.webhook_timeout {
                slowest = slowest.max(Some(timeout));
                evidence.push(Evidence::new(format!("{} timeoutSeconds", webhook.name), timeout.to_string()));
            }
        }
        let title = texts::fail_closed(broad, slowest)?;
        Some(Draft::about(configuration.target(), Severity::Medium, title, evidence))
    });
    drafts.collect()
}
