//! The command with which a person looks at what a finding is about.

use crate::inspection::finding::Finding;

/// The container that it is about.
pub(super) fn container(finding: &Finding) -> Option<&str> {
    finding.objects.iter().find_map(|object| object.container.as_deref())
}

/// The command that shows more.
pub(super) fn command(finding: &Finding) -> String {
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
        "pod/crash-loop" | "pod/restart-spike" => match pod {
            Some(pod) => kubectl(format!("logs {}{container} --previous --tail=100", pod.name)),
            None => describe_pod(),
        },
        "pod/oom-killed" => match pod {
            Some(pod) => kubectl(format!("top pod {} --containers", pod.name)),
            None => describe_pod(),
        },
        "job/failed" | "cronjob/last-run-failed" => match finding.objects.iter().find(|object| object.kind == "Job") {
            Some(job) => kubectl(format!("logs job/{} --all-containers --tail=100", job.name)),
            None => describe(&target.kind, &target.name),
        },
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
        "secret/tls-expiring" => kubectl(format!("get secret {} -o jsonpath='{{.metadata.annotations}}'", target.name)),
        "deployment/unavailable" | "deployment/rollout-stuck" => describe("deployment", &target.name),
        _ => describe_pod(),
    }
}
