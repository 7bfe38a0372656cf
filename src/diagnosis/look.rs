//! The command with which a person looks at what a finding is about.

use super::look_wider;
use crate::finding::Finding;

/// The container that it is about.
pub(super) fn container(finding: &Finding) -> Option<&str> {
    finding.objects.iter().find_map(|object| object.container.as_deref())
}

/// The command that shows more.
pub(super) fn command(finding: &Finding) -> String {
    if let Some(command) = look_wider::command(finding) {
        return command;
    }
    let namespace = finding.target.namespace.as_deref().map(|namespace| format!("-n {namespace} ")).unwrap_or_default();
    let kubectl = |rest: String| format!("kubectl {namespace}{rest}");
    let pod = finding.objects.iter().find(|object| object.kind == "Pod");
    let container = container(finding).map(|name| format!(" -c {name}")).unwrap_or_default();
    let target = &finding.target;
    let describe = |kind: &str, name: &str| kubectl(format!("describe {} {name}", kind.to_lowercase()));
    let describe_pod = || match pod {
        Some(pod) => describe("pod", &pod.name),
        None => describe(&target.kind, &target.name),
    };
    match finding.id.as_str() {
        "pod/crash-loop" | "pod/restart-spike" | "pod/restart-count-high" => match pod {
            Some(pod) => kubectl(format!("logs {}{container} --previous --tail=100", pod.name)),
            None => describe_pod(),
        },
        "pod/init-stuck" | "pod/exit-nonzero" | "pod/log-errors" => match pod {
            Some(pod) => kubectl(format!("logs {}{container} --tail=100", pod.name)),
            None => describe_pod(),
        },
        "pod/oom-killed" | "pod/memory-near-limit" | "pod/cpu-near-limit" | "pod/cpu-throttled" => match pod {
            Some(pod) => kubectl(format!("top pod {} --containers", pod.name)),
            None => describe_pod(),
        },
        "job/failed" | "cronjob/last-run-failed" => match finding.objects.iter().find(|object| object.kind == "Job") {
            Some(job) => kubectl(format!("logs job/{} --all-containers --tail=100", job.name)),
            None => describe(&target.kind, &target.name),
        },
        "job/retrying" | "job/long-running" => match finding.objects.iter().find(|object| object.kind == "Job") {
            Some(job) => kubectl(format!("logs job/{} --all-containers --tail=100", job.name)),
            None => describe(&target.kind, &target.name),
        },
        "job/finished-pile-up" => format!("kubectl -n {} get jobs", target.name),
        "cronjob/never-succeeded" | "cronjob/missed-schedule" | "cronjob/success-stale" | "cronjob/overlap" => {
            kubectl("get jobs --sort-by=.metadata.creationTimestamp".to_owned())
        }
        "statefulset/orphan-pvc" => kubectl("get pvc".to_owned()),
        "workload/one-node" | "workload/image-skew" => kubectl("get pods -o wide".to_owned()),
        "workload/over-requested" | "workload/under-requested" => kubectl("top pods --containers".to_owned()),
        "workload/missing-service-account" => kubectl("get serviceaccounts".to_owned()),
        "hpa/burst-over-capacity" => "kubectl describe nodes".to_owned(),
        "pdb/overlap" => kubectl("get poddisruptionbudgets".to_owned()),
        "autoscaler/unhealthy" => "kubectl -n kube-system get configmap cluster-autoscaler-status -o yaml".to_owned(),
        "replicaset/create-failed" => match finding.objects.first() {
            Some(set) => describe(&set.kind, &set.name),
            None => describe(&target.kind, &target.name),
        },
        "service/selector-no-pods" | "service/target-port-mismatch" => {
            kubectl("get pods --show-labels -o wide".to_owned())
        }
        "service/no-endpoints" => kubectl(format!("get endpointslices -l kubernetes.io/service-name={}", target.name)),
        "storageclass/missing" | "storageclass/no-default" => "kubectl get storageclasses".to_owned(),
        "ingress/backend-missing" => kubectl("get services".to_owned()),
        "pod/missing-config-ref" => kubectl("get configmaps,secrets".to_owned()),
        "pod/missing-config-key" => kubectl("describe configmaps,secrets".to_owned()),
        "pod/missing-service-account" => kubectl("get serviceaccounts".to_owned()),
        "pod/missing-pull-secret" => {
            kubectl("get secrets --field-selector=type=kubernetes.io/dockerconfigjson".to_owned())
        }
        "pod/multi-attach" => "kubectl get volumeattachments".to_owned(),
        "pod/preempted" => kubectl("get events --field-selector=reason=Preempted".to_owned()),
        "pod/finished-pile-up" => {
            let namespace = pod.and_then(|pod| pod.namespace.as_deref()).unwrap_or_default();
            format!("kubectl -n {namespace} get pods --field-selector=status.phase!=Running,status.phase!=Pending")
        }
        // The pods are gone or over: the node is what is left to look at.
        "pod/evicted" => describe(&target.kind, &target.name),
        id if id.starts_with("container/") => {
            kubectl(format!("get {} {} -o yaml", target.kind.to_lowercase(), target.name))
        }
        "namespace/terminating-stuck" => {
            format!("kubectl get namespace {} -o jsonpath='{{.status.conditions}}'", target.name)
        }
        "object/finalizer-stuck" => {
            kubectl(format!("get {} {} -o jsonpath='{{.metadata}}'", target.kind.to_lowercase(), target.name))
        }
        "serviceaccount/missing-secret" | "serviceaccount/missing-pull-secret" => kubectl("get secrets".to_owned()),
        "rbac/wildcard" | "rbac/unused-role" => {
            kubectl(format!("get {} {} -o yaml", target.kind.to_lowercase(), target.name))
        }
        "csr/pending" => "kubectl get certificatesigningrequests".to_owned(),
        "helm/release-stuck" => format!("helm {namespace}history {}", target.name),
        "cert-manager/certificate-not-ready" => format!("cmctl {namespace}status certificate {}", target.name),
        "cert-manager/challenge-stuck" => kubectl("describe orders,challenges".to_owned()),
        "secret/pull-secret-invalid" | "secret/tls-invalid" | "secret/tls-weak" => {
            kubectl(format!("describe secret {}", target.name))
        }
        "secret/tls-expiring" => kubectl(format!("get secret {} -o jsonpath='{{.metadata.annotations}}'", target.name)),
        "deployment/unavailable" | "deployment/rollout-stuck" => describe("deployment", &target.name),
        _ => describe_pod(),
    }
}
