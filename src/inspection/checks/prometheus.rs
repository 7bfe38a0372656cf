//! What Prometheus and its Alertmanager know: their own configuration, alerts that fire, targets that do not answer.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{Alerts, ConfigMaps, Pods, PrometheusStatuses, ScrapeTargets, Secrets};
use crate::snapshot::{Alert, Labels, ScrapeTarget};
use crate::texts::findings::monitoring as texts;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("prometheus/config-broken"),
        kind: "Prometheus",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(PrometheusStatuses, Walked), (Pods, Detail), (Secrets, Detail), (ConfigMaps, Detail)],
        gate: None,
        means: "Prometheus works with its last good configuration or none: new targets and rules do not count.",
        advice: "Check it with promtool check config; with the operator, look at its log.",
        find: config_broken,
    },
    Check {
        id: CheckId::new("prometheus/firing-alert"),
        kind: "Alert",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(Alerts, Walked), (Pods, Detail)],
        gate: None,
        means: "Somebody has set an alert for this, and it fires.",
        advice: "Follow the alert's runbook; the objects that it names are looked at by their own checks too.",
        find: firing_alert,
    },
    Check {
        id: CheckId::new("prometheus/target-down"),
        kind: "Target",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(ScrapeTargets, Walked), (Pods, Detail)],
        gate: Some("15m"),
        means: "It is not measured: alerts about it cannot fire.",
        advice: "Look whether it runs and whether Prometheus may reach its port.",
        find: target_down,
    },
];

fn config_broken(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.prometheus_statuses.iter().filter_map(|status| {
        let title = if !status.reload_successful {
            texts::reload_failed(&status.error)
        } else if status.scrape_pools == 0 {
            texts::no_scrape_config()
        } else {
            return None;
        };
        let mut evidence = vec![
            Evidence::new("prometheus_config_last_reload_successful", u8::from(status.reload_successful).to_string()),
            Evidence::new("scrape pools", status.scrape_pools.to_string()),
        ];
        if !status.error.is_empty() {
            evidence.push(Evidence::new("error", status.error.as_str()));
        }
        Some(Draft::about(target("Prometheus", &status.meta), Severity::Medium, title, evidence))
    });
    drafts.chain(dropped(scene)).collect()
}

/// Jobs whose relabeling drops all that they find. That can be meant so: a ServiceMonitor for what is not there.
fn dropped(scene: &Scene<'_>) -> impl Iterator<Item = Draft> {
    scene.snapshot.prometheus_statuses.iter().flat_map(|status| {
        status.dropping.iter().map(|pool| {
            let evidence = vec![Evidence::new("scrape pool", pool.name.as_str()), Evidence::new("targets kept", "0")];
            let title = texts::all_dropped(pool.name.as_str(), pool.dropped);
            let draft = Draft::about(target("Prometheus", &status.meta), Severity::Info, title, evidence);
            Draft { container: Some(pool.name.as_str().to_owned()), ..draft }
        })
    })
}

/// Labels that name an object, with its kind; the pod is looked at first, for it leads to its workload.
const NAMING: &[(&str, &str)] = &[
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("job_name", "Job"),
    ("cronjob", "CronJob"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
    ("ingress", "Ingress"),
    ("service", "Service"),
];

fn label<'a>(labels: &'a Labels, name: &str) -> Option<&'a str> {
    labels.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
}

/// The pod that labels name.
fn pod(labels: &Labels) -> Option<Target> {
    Some(Target::namespaced("Pod", label(labels, "namespace")?, label(labels, "pod")?))
}

/// The object that an alert is about. Labels of who measured (`pod`, `service`, `instance` of an exporter) name the wrong
/// one: what the snapshot does not know is not taken.
fn subject(scene: &Scene<'_>, labels: &Labels) -> Option<Target> {
    let known = |target: &Target| scene.graph.find_target(target).is_some();
    let namespace = label(labels, "namespace");
    let named = namespace.and_then(|namespace| {
        let named = NAMING.iter().filter(|(name, _)| *name != "service");
        let mut named =
            named.filter_map(|(name, kind)| Some(Target::namespaced(*kind, namespace, label(labels, name)?)));
        named.find(known)
    });
    let of_pod = || {
        let pod = pod(labels)?;
        let id = scene.graph.find_target(&pod)?;
        Some(scene.graph.object(scene.graph.owner(id)).target())
    };
    let of_service = || Some(Target::namespaced("Service", namespace?, label(labels, "service")?)).filter(known);
    let node = || Some(Target::cluster_wide("Node", label(labels, "node")?)).filter(known);
    named.or_else(of_pod).or_else(node).or_else(of_service)
}

fn firing_alert(scene: &Scene<'_>) -> Vec<Draft> {
    let mut alerts: BTreeMap<(Target, &str, Severity), Vec<&Alert>> = BTreeMap::new();
    for alert in &scene.snapshot.alerts {
        let severity = match label(&alert.labels, "severity") {
            Some("critical" | "page") => Severity::High,
            Some("warning") => Severity::Medium,
            // Those that only say that alerting works, and notes.
            Some(_) | None => continue,
        };
        let name = label(&alert.labels, "alertname").unwrap_or(alert.meta.name.as_str());
        let about = subject(scene, &alert.labels).unwrap_or_else(|| Target::cluster_wide("Alert", name));
        alerts.entry((about, name, severity)).or_default().push(alert);
    }
    let drafts = alerts.into_iter().filter_map(|((about, name, severity), alerts)| {
        let first = alerts.iter().min_by_key(|alert| (alert.starts_at, &alert.meta.name))?;
        let mut objects: Vec<ObjectRef> = alerts
            .iter()
            .filter_map(|alert| pod(&alert.labels))
            .filter(|pod| scene.graph.find_target(pod).is_some())
            .map(ObjectRef::from)
            .collect();
        objects.sort();
        objects.dedup();
        if objects.is_empty() || about.kind == "Alert" {
            objects = vec![about.clone().into()];
        }
        let mut evidence = vec![Evidence::since(format!("alert {name}"), texts::times(alerts.len()), first.starts_at)];
        if let Some(namespace) = label(&first.labels, "namespace").filter(|_| about.namespace.is_none()) {
            evidence.push(Evidence::new("namespace", namespace));
        }
        let title = texts::firing(name, &first.summary);
        let container = Some(name.to_owned());
        Some(Draft { objects, container, ..Draft::about(about, severity, title, evidence) })
    });
    drafts.collect()
}

fn target_down(scene: &Scene<'_>) -> Vec<Draft> {
    let mut jobs: BTreeMap<&str, Vec<&ScrapeTarget>> = BTreeMap::new();
    let down = scene.snapshot.scrape_targets.iter();
    for down in down.filter(|down| scene.is_older(down.since, scene.thresholds.condition)) {
        jobs.entry(down.job.as_str()).or_default().push(down);
    }
    let drafts = jobs.into_iter().filter_map(|(job, mut targets)| {
        targets.sort_by(|a, b| (a.since, &a.instance).cmp(&(b.since, &b.instance)));
        let first = targets.first()?;
        let object = |down: &&ScrapeTarget| {
            let known = pod(&down.labels).filter(|pod| scene.graph.find_target(pod).is_some());
            ObjectRef::from(known.unwrap_or_else(|| Target::cluster_wide("Target", down.instance.as_str())))
        };
        let objects = targets.iter().map(object).collect();
        let mut evidence = vec![Evidence::since("up", "0", first.since)];
        let instances: Vec<&str> = targets.iter().map(|down| down.instance.as_str()).collect();
        evidence.push(Evidence::new("instances", instances.join(", ")));
        if !first.last_error.is_empty() {
            evidence.push(Evidence::new("lastError", first.last_error.as_str()));
        }
        let title = texts::target_down(targets.len(), &first.last_error);
        let this = Target::cluster_wide("ScrapeJob", job);
        Some(Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) })
    });
    drafts.collect()
}
