//! The control plane as it answers and as it runs: the API server, its helpers, their leaders, etcd.

use super::check::row::*;
use super::scene::{Draft, Scene, container_statuses, is_live, target, unready};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{EtcdStatuses, HealthChecks, Leases, Pods, RequestStats};
use crate::snapshot::{EtcdStatus, HealthCheck, Lease, Pod};
use crate::texts::findings::cluster as texts;
use chrono::TimeDelta;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/apiserver-not-ready"),
        kind: "Cluster",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(HealthChecks, Walked)],
        gate: None,
        means: "The API server says itself that it cannot do its work: nothing in the cluster can be relied on to change.",
        advice: "Look at what is named; where it is etcd, begin there.",
        find: not_ready,
    },
    Check {
        id: CheckId::new("cluster/apiserver-slow"),
        kind: "Cluster",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(RequestStats, Walked)],
        gate: Some("2s"),
        means: "Controllers and people wait; what happens in the cluster happens late.",
        advice: "Find who asks most (apiserver_request_total, flow control), and look at etcd's disk.",
        find: slow,
    },
    Check {
        id: CheckId::new("cluster/component-down"),
        kind: "Cluster",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Pods, Walked)],
        gate: Some("5m, 24h"),
        means: "A part of the control plane does not run: nothing is scheduled, or nothing is put right.",
        advice: "Look at its log on its node, and at its manifest in /etc/kubernetes/manifests.",
        find: component_down,
    },
    Check {
        id: CheckId::new("cluster/leader-stale"),
        kind: "Lease",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Leases, Walked)],
        gate: Some("60s"),
        means: "Nobody does this controller's work at the moment.",
        advice: "Look whether the holder still runs, and whether it reaches the API server.",
        find: leader_stale,
    },
    Check {
        id: CheckId::new("cluster/etcd-size"),
        kind: "Cluster",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(EtcdStatuses, Walked)],
        gate: Some("80 %, 95 %, 3 changes of leader an hour"),
        means: "At its quota etcd takes no writes any more, and the cluster stands still.",
        advice: "Compact and defragment, and find what there are too many objects of.",
        find: etcd_size,
    },
];

pub(super) fn cluster(scene: &Scene<'_>) -> Target {
    Target::cluster_wide("Cluster", scene.snapshot.cluster.as_str())
}

/// What fails for a moment whenever a server starts or stops.
fn is_passing(check: &HealthCheck) -> bool {
    let name = check.meta.name.as_str();
    name == "shutdown" || name == "informer-sync" || name.starts_with("poststarthook/")
}

fn not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let mut failing: Vec<&HealthCheck> = scene.snapshot.health_checks.iter().filter(|check| !check.ok).collect();
    failing.sort_by(|a, b| (is_passing(a), &a.meta.name, &b.endpoint).cmp(&(is_passing(b), &b.meta.name, &a.endpoint)));
    let mut names: Vec<&str> = failing.iter().map(|check| check.meta.name.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return Vec::new();
    }
    let passing = failing.iter().all(|check| is_passing(check));
    let severity = if passing { Severity::Medium } else { Severity::Critical };
    let evidence = failing.iter().map(|check| {
        let message = if check.message.is_empty() { "failed" } else { check.message.as_str() };
        Evidence::new(format!("{}[{}]", check.endpoint, check.meta.name), message)
    });
    let evidence = evidence.collect();
    vec![Draft::about(cluster(scene), severity, texts::not_ready(&names, passing), evidence)]
}

fn slow(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.request_stats.iter().filter_map(|stats| {
        let p95 = TimeDelta::milliseconds(stats.p95_ms);
        let slow = p95 > scene.thresholds.slow_answers;
        if !slow && stats.throttled == 0 && stats.retried == 0 {
            return None;
        }
        let evidence = vec![
            Evidence::new("p95", texts::milliseconds(stats.p95_ms)),
            Evidence::new("requests", stats.requests.to_string()),
            Evidence::new("answers 429", stats.throttled.to_string()),
            Evidence::new("asked again", stats.retried.to_string()),
        ];
        let title = texts::slow(slow.then_some(stats.p95_ms), stats.throttled, stats.retried);
        Some(Draft::about(cluster(scene), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

const COMPONENTS: &[&str] = &["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Which part of the control plane a pod is: by kubeadm's label, kops' and Talos', or OpenShift's.
fn component(pod: &Pod) -> Option<&'static str> {
    let namespace = pod.meta.namespace.as_str();
    let home = namespace == "kube-system" || namespace == "openshift-etcd" || namespace.starts_with("openshift-kube-");
    let labels = ["component", "k8s-app", "app"].into_iter().filter_map(|label| pod.meta.labels.get(label));
    let names = labels.map(|name| name.strip_prefix("openshift-").unwrap_or(name));
    let mut known = names.filter_map(|name| COMPONENTS.iter().copied().find(|component| *component == name));
    known.next().filter(|_| home)
}

fn component_down(scene: &Scene<'_>) -> Vec<Draft> {
    let mut components: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for (component, pod) in scene.snapshot.pods.iter().filter_map(|pod| Some((component(pod)?, pod))) {
        components.entry(component).or_default().push(pod);
    }
    let drafts = components.into_iter().filter_map(|(component, mut pods)| {
        pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let down = pods.iter().filter_map(|pod| Some((*pod, unready(pod)?)));
        let down: Vec<_> = down.filter(|(_, since)| scene.is_settled(*since)).collect();
        let reference = |pod: &Pod| ObjectRef::from(target("Pod", &pod.meta));
        let (severity, title, evidence, objects) = if down.is_empty() {
            let ends = pods.iter().filter(|pod| is_live(pod)).flat_map(|pod| {
                container_statuses(pod).filter_map(move |status| Some((*pod, status.last_state.terminated.as_ref()?)))
            });
            let ends: Vec<_> = ends.filter(|(_, end)| scene.is_news(end.finished_at)).collect();
            let evidence = ends.iter().map(|(pod, end)| {
                let field = format!("{} lastState.terminated.exitCode", pod.meta.name);
                Evidence::since(field, end.exit_code.to_string(), end.finished_at)
            });
            let evidence: Vec<Evidence> = evidence.collect();
            let last = ends.iter().filter_map(|(_, end)| end.finished_at).max()?;
            let title = texts::component_restarted(component, ends.len(), scene.age(last));
            let mut objects: Vec<ObjectRef> = ends.iter().map(|(pod, _)| reference(pod)).collect();
            objects.dedup();
            (Severity::Medium, title, evidence, objects)
        } else {
            let since = down.iter().filter_map(|(_, since)| *since).min();
            let severity = if down.len() == pods.len() { Severity::Critical } else { Severity::High };
            let ready = format!("{} / {}", pods.len() - down.len(), pods.len());
            let title = texts::component_down(component, down.len(), pods.len());
            let evidence = vec![Evidence::since(format!("{component} ready"), ready, since)];
            (severity, title, evidence, down.iter().map(|(pod, _)| reference(pod)).collect())
        };
        let container = Some(component.to_owned());
        Some(Draft { container, objects, ..Draft::about(cluster(scene), severity, title, evidence) })
    });
    drafts.collect()
}

/// Without these two nothing is scheduled or put right.
const VITAL: &[&str] = &["kube-controller-manager", "kube-scheduler"];

/// Leases that say no more than that somebody is alive: of nodes, and of API servers.
fn is_heartbeat(lease: &Lease) -> bool {
    lease.meta.namespace == "kube-node-lease" || lease.meta.labels.contains_key("apiserver.kubernetes.io/identity")
}

fn leader_stale(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.leases.iter().filter(|lease| !is_heartbeat(lease)).filter_map(|lease| {
        let renewed = lease.spec.renew_time?;
        let silent = scene.age(renewed);
        let lasts = TimeDelta::seconds(i64::from(lease.spec.lease_duration_seconds.unwrap_or_default()));
        let vital = lease.meta.namespace == "kube-system" && VITAL.contains(&lease.meta.name.as_str());
        // Who steps down leaves no holder; what was uninstalled leaves its lease behind for ever.
        let meant = vital || (!lease.spec.holder_identity.is_empty() && scene.is_news(Some(renewed)));
        if !meant || silent <= scene.thresholds.leader.max(lasts) {
            return None;
        }
        let holder = lease.spec.holder_identity.as_str();
        let evidence = vec![
            Evidence::since("spec.renewTime", texts::ago(silent), Some(renewed)),
            Evidence::new("spec.holderIdentity", if holder.is_empty() { "-" } else { holder }),
        ];
        let severity = if vital { Severity::Critical } else { Severity::High };
        let title = texts::leader_stale(silent);
        Some(Draft::about(target("Lease", &lease.meta), severity, title, evidence))
    });
    drafts.collect()
}

/// The quota that etcd has where none is set (etcd's documentation, system limits).
const DEFAULT_QUOTA: i64 = 2 << 30;

fn etcd_size(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.etcd_statuses.iter().filter_map(|etcd| {
        let EtcdStatus { db_bytes, quota_bytes, leader_changes, .. } = etcd;
        // The API server tells the size alone. What is larger than the default quota has another one.
        let told = *quota_bytes > 0;
        let quota = if told { *quota_bytes } else { DEFAULT_QUOTA };
        let percent = (told || *db_bytes <= quota).then(|| db_bytes.saturating_mul(100) / quota);
        let full = percent.filter(|percent| *percent > i64::from(scene.thresholds.etcd_size));
        let restless = *leader_changes >= scene.thresholds.leader_changes;
        let mut evidence = Vec::new();
        if full.is_some() {
            let said = if told { texts::of_quota } else { texts::of_default_quota };
            evidence.push(Evidence::new("database", said(*db_bytes, quota)));
        }
        if restless {
            evidence.push(Evidence::new("leader changes in an hour", leader_changes.to_string()));
        }
        let (severity, title) = match full {
            Some(percent) if !told => (Severity::High, texts::etcd_full_by_default(percent)),
            Some(percent) if percent >= i64::from(scene.thresholds.etcd_critical) => {
                (Severity::Critical, texts::etcd_full(percent))
            }
            Some(percent) => (Severity::High, texts::etcd_full(percent)),
            None if restless => (Severity::Medium, texts::etcd_restless(*leader_changes)),
            None => return None,
        };
        let container = Some(etcd.meta.name.as_str().to_owned());
        Some(Draft { container, ..Draft::about(cluster(scene), severity, title, evidence) })
    });
    drafts.collect()
}
