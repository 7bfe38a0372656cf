//! What explains findings about the cluster as a whole, about what extends it, and about what measures it.

use super::explanations::{
    Rules,
    Tie::{Api, Component, Depends, Listed, Node, Pods, PodsAtThatTime, Target, Webhook, Workload},
};

/// What can explain a finding, the most immediate first.
pub(super) fn explanations(effect: &str) -> &'static [Rules] {
    match effect {
        "node/requests-full" => &[&[("cluster/capacity", Listed)]],
        "cluster/component-down" | "cluster/addon-down" | "prometheus/target-down" => &[SICK_PODS],
        "cluster/leader-stale" => &[&[("cluster/component-down", Component)]],
        "cluster/dns-down" => &[DNS],
        "cluster/apiservice-unavailable" | "webhook/no-endpoints" | "crd/conversion-broken" => {
            &[&[("cluster/addon-down", Pods), ("service/no-endpoints", Depends), ("service/selector-no-pods", Depends)]]
        }
        "namespace/terminating-stuck" => &[&[("cluster/apiservice-unavailable", Api)]],
        "cluster/event-storm" => &[&[
            ("pod/crash-loop", Target),
            ("pod/image-pull", Target),
            ("pod/create-error", Target),
            ("pod/volume-mount-failed", Target),
            ("pod/sandbox-failed", Target),
            ("pod/unschedulable", Target),
            ("pod/init-stuck", Target),
            ("pod/probe-flapping", Target),
            ("pod/not-ready", Target),
            ("replicaset/create-failed", Target),
            ("statefulset/create-blocked", Target),
            ("service/warning-events", Target),
        ]],
        "webhook/rejections" => &[&[
            ("webhook/service-missing", Webhook),
            ("webhook/no-endpoints", Webhook),
            ("webhook/ca-expiring", Webhook),
        ]],
        "prometheus/firing-alert" => &[&[
            ("deployment/unavailable", Target),
            ("deployment/rollout-stuck", Target),
            ("deployment/degraded", Target),
            ("statefulset/degraded", Target),
            ("daemonset/not-ready", Target),
            ("pod/crash-loop", Target),
            ("pod/oom-killed", Target),
            ("pod/image-pull", Target),
            ("pod/create-error", Target),
            ("pod/not-ready", Target),
            ("pod/restart-spike", Target),
            ("job/failed", Target),
            ("pvc/nearly-full", Target),
            ("node/not-ready", Target),
            ("node/memory-pressure", Target),
            ("node/disk-pressure", Target),
        ]],
        _ => &[],
    }
}

/// What keeps pods from serving.
const SICK_PODS: Rules = &[
    ("pod/image-pull", Pods),
    ("pod/create-error", Pods),
    ("pod/volume-mount-failed", Pods),
    ("pod/sandbox-failed", Pods),
    ("pod/missing-config-ref", Pods),
    ("pod/unschedulable", Pods),
    ("pod/init-stuck", Pods),
    ("pod/crash-loop", Pods),
    ("pod/oom-killed", PodsAtThatTime),
    ("pod/not-ready", Pods),
    ("pod/unknown-phase", Pods),
    ("pod/restart-spike", PodsAtThatTime),
    ("node/not-ready", Node),
    ("replicaset/create-failed", Target),
    ("statefulset/create-blocked", Target),
    ("daemonset/node-uncovered", Target),
];

const DNS: Rules = &[
    ("deployment/unavailable", Pods),
    ("deployment/degraded", Pods),
    ("daemonset/not-ready", Pods),
    ("pod/image-pull", Pods),
    ("pod/create-error", Pods),
    ("pod/unschedulable", Pods),
    ("pod/crash-loop", Pods),
    ("pod/not-ready", Pods),
    ("node/not-ready", Node),
    ("service/selector-no-pods", Target),
    ("deployment/unavailable", Workload),
    ("replicaset/create-failed", Workload),
    ("deployment/scaled-to-zero", Workload),
];
