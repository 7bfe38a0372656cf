//! Which finding can explain which other, and what has to tie them together.

use super::wider;

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
    /// The scheduler names a taint that such a node carries, and has looked for a place only since then, and it is large enough.
    Taint(&'static [&'static str]),
    /// More nodes are kept from the scheduler by being cordoned than by anything else.
    Cordon,
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
    /// As [`Tie::Pods`], and the registry denies the image.
    Denied,
    /// The pods run as the ServiceAccount.
    Account,
    /// The refusal names one of the webhooks.
    Webhook,
    /// The workload names the Service in its variables or arguments, and the Service was lost first.
    Asks,
    /// The effect names the API group.
    Api,
    /// The lease is named like what is down.
    Component,
    /// The cause is about the namespace that the effect's object is in.
    Inside,
}

use Tie::{
    Account, Api, Asks, Claim, Consumer, Container, Cordon, Denied, Depends, Inside, Listed, Node, Pods,
    PodsAtThatTime, Quota, Silent, Taint, Target, Webhook, Workload,
};

/// Findings that can explain one, each with what has to tie them.
pub(super) type Rules = &'static [(&'static str, Tie)];

/// What can explain a finding, the most immediate first.
pub(super) fn explanations(effect: &str) -> &'static [Rules] {
    match effect {
        "pod/crash-loop" => &[&[("pod/oom-killed", Container), ("service/no-endpoints", Asks)]],
        "pod/init-stuck" => &[&[("service/no-endpoints", Asks)]],
        "pod/restart-spike" => {
            &[&[("pod/crash-loop", Container), ("pod/oom-killed", Container), ("pod/init-stuck", Container)]]
        }
        "pod/image-pull" => &[&[("pod/missing-pull-secret", Denied)]],
        "pod/create-error" => &[&[("pod/missing-config-ref", Pods), ("pod/missing-config-key", Pods)]],
        "pod/pending-too-long" => {
            &[&[("pod/missing-config-ref", Pods), ("pod/missing-config-key", Pods), ("node/not-ready", Node)]]
        }
        "pod/unknown-phase" => &[&[("node/not-ready", Node)]],
        "pod/terminating-stuck" => &[&[("node/not-ready", Node), ("namespace/terminating-stuck", Inside)]],
        "pod/sandbox-failed" => &[&[("node/network-unavailable", Node), ("node/not-ready", Node)]],
        "pod/volume-mount-failed" => &[&[
            ("pod/missing-config-ref", Pods),
            ("pod/missing-config-key", Pods),
            ("csi/driver-missing-on-node", Pods),
        ]],
        "pod/multi-attach" => &[&[("pvc/rwo-conflict", Pods)]],
        "pod/evicted" => &[&[
            ("node/memory-pressure", Target),
            ("node/disk-pressure", Target),
            ("node/pid-pressure", Target),
            ("node/gc-or-eviction", Target),
        ]],
        "pod/ephemeral-storage-high" => &[&[("node/disk-pressure", Node)]],
        "pod/missing-service-account" => &[&[("workload/missing-service-account", Target)]],
        "pod/missing-pull-secret" => &[&[("serviceaccount/missing-pull-secret", Account)]],
        "pod/memory-near-limit" => &[&[("pod/oom-killed", Container)]],
        "pod/cpu-near-limit" => &[&[("pod/cpu-throttled", Container)]],
        "pod/log-errors" => &[&[
            ("pod/crash-loop", Container),
            ("pod/init-stuck", Container),
            ("pod/exit-nonzero", Container),
            ("pod/oom-killed", Container),
            ("pod/restart-spike", Container),
            ("pod/not-ready", Pods),
        ]],
        "pod/not-ready" => &[&[
            ("pod/crash-loop", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/restart-spike", PodsAtThatTime),
            ("pod/readiness-gate-false", Pods),
            ("node/not-ready", Node),
            ("service/no-endpoints", Asks),
        ]],
        "pod/unschedulable" => &[&[
            ("pvc/pending", Claim),
            ("node/not-ready", Taint(&["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"])),
            ("node/memory-pressure", Taint(&["node.kubernetes.io/memory-pressure"])),
            ("node/disk-pressure", Taint(&["node.kubernetes.io/disk-pressure"])),
            ("node/pid-pressure", Taint(&["node.kubernetes.io/pid-pressure"])),
            ("node/network-unavailable", Taint(&["node.kubernetes.io/network-unavailable"])),
            ("node/cordoned", Cordon),
        ]],
        "pvc/pending" => {
            &[&[("storageclass/missing", Listed), ("storageclass/no-default", Listed), ("pod/unschedulable", Consumer)]]
        }
        "pv/node-gone" => &[&[("node/not-ready", Listed)]],
        "replicaset/create-failed" | "statefulset/create-blocked" => &[
            &[("quota/near-limit", Quota), ("quota/rejections", Quota), ("workload/missing-service-account", Target)],
            REFUSED,
        ],
        "deployment/replica-failure" => &[&[("workload/missing-service-account", Target)], REFUSED],
        "quota/rejections" => &[&[("quota/near-limit", Target)]],
        "deployment/degraded" => &[
            &[("deployment/rollout-stuck", Target)],
            NO_START,
            &[("pod/oom-killed", PodsAtThatTime)],
            NEVER_READY,
            &[
                ("pod/terminating-stuck", Pods),
                ("node/not-ready", Node),
                ("replicaset/create-failed", Target),
                ("deployment/replica-failure", Target),
                ("deployment/generation-stale", Target),
                ("cluster/addon-down", Target),
            ],
        ],
        "workload/no-matching-pods" => &[&[
            ("replicaset/create-failed", Target),
            ("deployment/replica-failure", Target),
            ("deployment/generation-stale", Target),
            ("workload/missing-service-account", Target),
            ("statefulset/create-blocked", Target),
            ("deployment/unavailable", Target),
            ("statefulset/degraded", Target),
        ]],
        "statefulset/missing-storage-class" => &[&[("storageclass/missing", Listed)]],
        "statefulset/rollout-stuck" | "daemonset/rollout-stuck" | "replicaset/unready" | "pdb/unhealthy" => &[&[
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/not-ready", Pods),
            ("deployment/unavailable", Pods),
            ("node/not-ready", Node),
            ("daemonset/not-ready", Target),
        ]],
        "job/retrying" => &[&[
            ("pod/oom-killed", Pods),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/missing-config-ref", Pods),
            ("pod/unschedulable", Pods),
            ("pod/crash-loop", Pods),
        ]],
        "cronjob/missed-schedule" => &[&[("job/long-running", Target)]],
        "cronjob/overlap" => &[&[("job/long-running", Target), ("cronjob/missed-schedule", Target)]],
        "cronjob/never-succeeded" | "cronjob/success-stale" => &[&[
            ("cronjob/last-run-failed", Target),
            ("job/failed", Target),
            ("job/long-running", Target),
            ("cronjob/missed-schedule", Target),
        ]],
        "cronjob/warning-events" => &[&[
            ("cronjob/last-run-failed", Target),
            ("job/failed", Target),
            ("cronjob/missed-schedule", Target),
            ("quota/rejections", Quota),
        ]],
        "hpa/cannot-scale" => &[&[("hpa/target-missing", Target), ("hpa/unsupported-target", Target)]],
        "hpa/target-missing" => &[&[("hpa/unsupported-target", Target)]],
        "hpa/no-metrics" => &[&[
            ("hpa/no-requests", Target),
            ("hpa/target-missing", Target),
            ("hpa/unsupported-target", Target),
            ("cluster/metrics-server-missing", Listed),
            ("cluster/apiservice-unavailable", Api),
        ]],
        "deployment/rollout-stuck" => &[
            NO_START,
            &[("pod/oom-killed", Pods)],
            NEVER_READY,
            &[("node/not-ready", Node), ("replicaset/create-failed", Target)],
        ],
        "deployment/unavailable" => &[
            &[("deployment/rollout-stuck", Pods)],
            NO_START,
            &[("pod/oom-killed", PodsAtThatTime)],
            NEVER_READY,
            &[
                ("pod/restart-spike", PodsAtThatTime),
                ("node/not-ready", Node),
                ("deployment/rollout-stuck", Target),
                ("replicaset/create-failed", Target),
                ("deployment/replica-failure", Target),
                ("deployment/generation-stale", Target),
                ("cluster/addon-down", Target),
            ],
        ],
        "statefulset/degraded" | "daemonset/not-ready" => &[
            NO_START,
            &[("pod/oom-killed", PodsAtThatTime)],
            NEVER_READY,
            &[
                ("pod/terminating-stuck", Pods),
                ("node/not-ready", Node),
                ("quota/near-limit", Quota),
                ("statefulset/create-blocked", Target),
                ("statefulset/rollout-stuck", Target),
                ("daemonset/node-uncovered", Target),
            ],
            REFUSED,
            &[("cluster/addon-down", Target)],
        ],
        "job/failed" => &[&[("pod/oom-killed", Pods)], NO_START],
        "cronjob/last-run-failed" => &[&[("job/failed", Target), ("pod/oom-killed", Pods), ("pod/image-pull", Pods)]],
        "service/selector-no-pods" => &[WORKLOADS],
        "service/no-endpoints" => &[
            &[
                ("cluster/dns-down", Target),
                ("service/selector-no-pods", Target),
                ("deployment/unavailable", Pods),
                ("statefulset/degraded", Pods),
                ("daemonset/not-ready", Pods),
                ("deployment/rollout-stuck", Pods),
                ("pod/image-pull", Pods),
                ("pod/create-error", Pods),
                ("pod/volume-mount-failed", Pods),
                ("pod/multi-attach", Pods),
                ("pod/sandbox-failed", Pods),
                ("pod/unschedulable", Pods),
                ("pod/init-stuck", Pods),
                ("pod/crash-loop", Pods),
            ],
            NEVER_READY,
            &[
                ("node/not-ready", Node),
                ("service/target-port-mismatch", Target),
                ("deployment/unavailable", Workload),
                ("replicaset/create-failed", Workload),
                ("statefulset/degraded", Workload),
                ("deployment/scaled-to-zero", Workload),
                ("statefulset/scaled-to-zero", Workload),
            ],
        ],
        "service/endpoints-not-ready" => &[&[
            ("cluster/dns-down", Target),
            ("pod/image-pull", Pods),
            ("pod/create-error", Pods),
            ("pod/crash-loop", Pods),
            ("pod/oom-killed", PodsAtThatTime),
            ("pod/not-ready", Pods),
            ("pod/unknown-phase", Pods),
            ("node/not-ready", Node),
        ]],
        "ingress/backend-down" => &[&[("service/no-endpoints", Depends)]],
        "ingress/no-address" => &[&[("ingress/class-missing", Target), ("ingress/no-class", Target)]],
        "gateway/not-accepted" | "gateway/not-programmed" => &[&[("gateway/class-missing", Target)]],
        "httproute/status-rejected" => &[&[
            ("httproute/parent-missing", Target),
            ("httproute/not-allowed", Target),
            ("httproute/backend-missing", Target),
            ("httproute/backend-port", Target),
        ]],
        "node/memory-pressure" | "node/disk-pressure" | "node/pid-pressure" | "node/network-unavailable" => {
            &[&[("node/not-ready", Silent)]]
        }
        "node/gc-or-eviction" => &[&[("node/disk-pressure", Target), ("node/memory-pressure", Target)]],
        "node/not-ready" => &[&[("node/network-unavailable", Target)]],
        "secret/tls-expiring" => &[&[("cert-manager/certificate-not-ready", Listed)]],
        "cert-manager/certificate-not-ready" => {
            &[&[("cert-manager/challenge-stuck", Target), ("cert-manager/issuer-not-ready", Listed)]]
        }
        "drift/replicas-changed" => &[&[("deployment/scaled-to-zero", Target), ("statefulset/scaled-to-zero", Target)]],
        "drift/privilege-added" => &[&[("rbac/anonymous", Target)]],
        "object/finalizer-stuck" | "pvc/terminating-stuck" => &[&[("namespace/terminating-stuck", Inside)]],
        "container/run-as-root" | "container/privilege-escalation" => &[&[("container/no-security-context", Target)]],
        effect => wider::explanations(effect),
    }
}

const WORKLOADS: Rules = &[
    ("deployment/unavailable", Workload),
    ("replicaset/create-failed", Workload),
    ("statefulset/degraded", Workload),
    ("deployment/rollout-stuck", Workload),
    ("deployment/scaled-to-zero", Workload),
    ("statefulset/scaled-to-zero", Workload),
];

/// What keeps a container from starting, or from staying up.
const NO_START: Rules = &[
    ("pod/image-pull", Pods),
    ("pod/create-error", Pods),
    ("pod/volume-mount-failed", Pods),
    ("pod/multi-attach", Pods),
    ("pod/sandbox-failed", Pods),
    ("pod/missing-config-ref", Pods),
    ("pod/unschedulable", Pods),
    ("pod/init-stuck", Pods),
    ("pod/crash-loop", Pods),
];

/// What leaves a pod waiting, or nobody knows why it is not ready.
const NEVER_READY: Rules = &[
    ("pod/waiting-other", Pods),
    ("pod/pending-too-long", Pods),
    ("pod/not-ready", Pods),
    ("pod/unknown-phase", Pods),
];

/// What refuses to let pods be made.
const REFUSED: Rules = &[
    ("webhook/service-missing", Webhook),
    ("webhook/no-endpoints", Webhook),
    ("webhook/ca-expiring", Webhook),
    ("webhook/rejections", Webhook),
];
