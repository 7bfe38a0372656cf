//! The command for what no single object shows: the cluster, what extends it, what measures it.

use crate::finding::Finding;

/// The command, for findings of which `kubectl describe` tells nothing.
pub(super) fn command(finding: &Finding) -> Option<String> {
    let namespace = finding.target.namespace.as_deref().unwrap_or_default();
    let fixed = match finding.id.as_str() {
        "cluster/apiserver-not-ready" => "kubectl get --raw '/readyz?verbose'",
        "cluster/apiserver-slow" => "kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels",
        "cluster/etcd-size" => "kubectl get --raw /metrics | grep storage_size_bytes",
        "cluster/version-eol" | "cluster/version-patch-behind" => "kubectl version",
        "cluster/deprecated-api-in-use" => "kubectl get --raw /metrics | grep apiserver_requested_deprecated_apis",
        "cluster/apiserver-cert-expiring" => "kubeadm certs check-expiration",
        "cluster/client-cert-expiring" => "kubectl config view --minify",
        "cluster/metrics-server-missing" => "kubectl get apiservices",
        "cluster/capacity" => "kubectl describe nodes",
        "cluster/single-control-plane" | "cluster/zone-imbalance" => {
            "kubectl get nodes -L topology.kubernetes.io/zone,node-role.kubernetes.io/control-plane"
        }
        "cluster/event-storm" => "kubectl get events -A --sort-by=.lastTimestamp",
        "cluster/object-growth" => "kubectl get --raw /metrics | grep -E 'apiserver_(resource|storage)_objects'",
        "webhook/rejections" => "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        "kyverno/policy-fail" => "kubectl get policyreports,clusterpolicyreports -A",
        "aws/eks-health" => {
            let name = &finding.target.name;
            return Some(format!("aws eks describe-cluster --name {name} --query cluster.health"));
        }
        "prometheus/config-broken" => "kubectl get pods -A -l app.kubernetes.io/name=prometheus",
        "prometheus/firing-alert" if finding.target.kind == "Alert" => "amtool alert query",
        "prometheus/target-down" if !finding.objects.iter().any(|object| object.kind == "Pod") => {
            "kubectl get servicemonitors,podmonitors -A"
        }
        "cilium/identity-stale" => "kubectl get ciliumidentities",
        "cilium/endpoint-broken" => return Some(format!("kubectl -n {namespace} get ciliumendpoints")),
        "olm/operatorgroup-many" => return Some(format!("kubectl -n {namespace} get operatorgroups")),
        _ => return None,
    };
    Some(fixed.to_owned())
}
