//! Which finding can explain which other, and what has to tie them together.

/// What ties a cause to its effect.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tie {
    /// Both are about the same owner.
    Target,
    /// Both are about the same container of the same owner.
    Container,
    /// At least half of the pods that suffer show the cause too.
    Pods,
    /// As [`Tie::Pods`], and the cause still acted when the effect began.
    PodsAtThatTime,
    /// The pods that suffer run on the node, and have done so since it was lost.
    Node,
    /// The scheduler names a taint that such a node carries.
    Taint(&'static [&'static str]),
    /// The refusal names the quota.
    Quota,
    /// The claim is mounted by the pods, and the scheduler names the volume.
    Claim,
    /// The claim waits for a pod that no node takes for another reason than its volume.
    Consumer,
    /// The Service is made for that workload, which has no pods.
    Workload,
    /// What the one is about depends directly on what the other is about: an Ingress on its Service, a claim on its class.
    Depends,
    /// The cause names the effect's object among those that suffer from it.
    Listed,
    /// The node has fallen silent, so nobody knows its conditions.
    Silent,
}

use Tie::{
    Claim, Consumer, Container, Depends, Listed, Node, Pods, PodsAtThatTime, Quota, Silent, Taint, Target, Workload,
};

/// What can explain a finding, the most immediate first.
pub(super) fn explanations(effect: &str) -> &'static [(&'static str, Tie)] {
    match effect {
        "pod/crash-loop" => &[("pod/oom-killed", Container)],
        "pod/restart-spike" => &[("pod/crash-loop", Container), ("pod/oom-killed", Container)],
        "pod/create-error" => &[("pod/missing-config-ref", Pods)],
        "pod/not-ready" => &[
            ("pod/crash-loop", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/restart-spike", PodsAtThatTime),
            ("node/not-ready", Node),
        ],
        "pod/unschedulable" => &[
            ("pvc/pending", Claim),
            ("node/not-ready", Taint(&["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"])),
            ("node/memory-pressure", Taint(&["node.kubernetes.io/memory-pressure"])),
        ],
        "pvc/pending" => {
            &[("storageclass/missing", Listed), ("storageclass/no-default", Listed), ("pod/unschedulable", Consumer)]
        }
        "pv/node-gone" => &[("node/not-ready", Listed)],
        "replicaset/create-failed" => &[("quota/near-limit", Quota)],
        "deployment/rollout-stuck" => &[
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", Pods),
            ("pod/not-ready", Pods),
            ("node/not-ready", Node),
            ("replicaset/create-failed", Target),
        ],
        "deployment/unavailable" => &[
            ("deployment/rollout-stuck", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/not-ready", Pods),
            ("pod/restart-spike", PodsAtThatTime),
            ("node/not-ready", Node),
            ("deployment/rollout-stuck", Target),
            ("replicaset/create-failed", Target),
        ],
        "statefulset/degraded" | "daemonset/not-ready" => &[
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/not-ready", Pods),
            ("node/not-ready", Node),
            ("quota/near-limit", Quota),
        ],
        "job/failed" => &[
            ("pod/oom-killed", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
        ],
        "cronjob/last-run-failed" => &[("job/failed", Target), ("pod/oom-killed", Pods), ("pod/image-pull", Pods)],
        "service/selector-no-pods" => WORKLOADS,
        "service/no-endpoints" => &[
            ("service/selector-no-pods", Target),
            ("deployment/unavailable", Pods),
            ("statefulset/degraded", Pods),
            ("daemonset/not-ready", Pods),
            ("deployment/rollout-stuck", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
            ("pod/not-ready", Pods),
            ("node/not-ready", Node),
            ("service/target-port-mismatch", Target),
            ("deployment/unavailable", Workload),
            ("replicaset/create-failed", Workload),
            ("statefulset/degraded", Workload),
        ],
        "service/endpoints-not-ready" => &[
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/not-ready", Pods),
            ("node/not-ready", Node),
        ],
        "ingress/backend-down" => &[("service/no-endpoints", Depends)],
        "ingress/no-address" => &[("ingress/class-missing", Target), ("ingress/no-class", Target)],
        "gateway/not-accepted" | "gateway/not-programmed" => &[("gateway/class-missing", Target)],
        "httproute/status-rejected" => &[
            ("httproute/parent-missing", Target),
            ("httproute/not-allowed", Target),
            ("httproute/backend-missing", Target),
            ("httproute/backend-port", Target),
        ],
        "node/memory-pressure" => &[("node/not-ready", Silent)],
        _ => &[],
    }
}

const WORKLOADS: &[(&str, Tie)] = &[
    ("deployment/unavailable", Workload),
    ("replicaset/create-failed", Workload),
    ("statefulset/degraded", Workload),
    ("deployment/rollout-stuck", Workload),
];
