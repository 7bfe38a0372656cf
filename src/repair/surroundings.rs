//! Who else has a say about an object: managers that will set it back, autoscalers, disruption budgets, its owner's
//! other pods.

use super::{
    action::{Relative, Target},
    revisions::{number, text},
};
use crate::{
    cluster::{Cluster, NotSeen},
    texts::repair::plan,
};
use serde_json::Value;

/// Field managers that reconcile what they wrote.
const RECONCILERS: [(&str, &str); 6] = [
    ("argocd-controller", "Argo CD"),
    ("argocd-application-controller", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("terraform", "Terraform"),
    ("pulumi", "Pulumi"),
];

/// Who will notice a change that was not made at its source.
pub(super) fn managers(live: &Value) -> Vec<String> {
    let metadata = |field: &str, key: &str| {
        live.pointer(&format!("/metadata/{field}")).and_then(|all| all.get(key)).and_then(Value::as_str)
    };
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    if metadata("labels", "argocd.argoproj.io/instance").is_some()
        || metadata("annotations", "argocd.argoproj.io/tracking-id").is_some()
    {
        add("Argo CD".to_owned());
    }
    if metadata("labels", "kustomize.toolkit.fluxcd.io/name").is_some()
        || metadata("labels", "helm.toolkit.fluxcd.io/name").is_some()
    {
        add("Flux".to_owned());
    }
    if metadata("labels", "app.kubernetes.io/managed-by") == Some("Helm") {
        let release = metadata("annotations", "meta.helm.sh/release-name");
        add(release.map_or_else(|| "Helm".to_owned(), |release| format!("Helm (release {release})")));
    }
    let managers = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    for manager in managers.into_iter().flatten().map(|entry| text(entry, "/manager")) {
        if let Some((_, name)) = RECONCILERS.iter().find(|(known, _)| *known == manager) {
            add((*name).to_owned());
        }
    }
    // A pod's owner is no news: it only makes pods, and makes this one again.
    if text(live, "/kind") != "Pod"
        && let Some(owner) = super::revisions::controller(live)
    {
        add(format!("{} {}", owner.kind, owner.name));
    }
    found
}

/// Warnings about autoscalers of the workload.
pub(super) async fn autoscalers(cluster: &Cluster, target: &Target) -> Vec<String> {
    let path = format!("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers", target.namespace);
    let items = match items(cluster, &path).await {
        Ok(items) => items,
        Err(()) => return vec![plan::unseen("autoscalers")],
    };
    let ours = items.iter().filter(|item| {
        text(item, "/spec/scaleTargetRef/kind") == target.kind.name()
            && text(item, "/spec/scaleTargetRef/name") == target.name
    });
    ours.map(|item| {
        let min = item.pointer("/spec/minReplicas").and_then(Value::as_i64).unwrap_or(1);
        plan::autoscaler(text(item, "/metadata/name"), min, number(item, "/spec/maxReplicas"))
    })
    .collect()
}

/// Warnings about disruption budgets that have nothing left and count this pod.
pub(super) async fn disruption_budgets(cluster: &Cluster, namespace: &str, pod: &Value) -> Vec<String> {
    let path = format!("/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets");
    let Ok(items) = items(cluster, &path).await else { return vec![plan::unseen("disruption budgets")] };
    let labels = pod.pointer("/metadata/labels");
    let counts = |budget: &&Value| {
        let wanted = budget.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let matches = wanted.is_none_or(|wanted| {
            wanted.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        });
        budget.pointer("/spec/selector").is_some() && matches && number(budget, "/status/disruptionsAllowed") == 0
    };
    items.iter().filter(counts).map(|budget| plan::disruption_budget(text(budget, "/metadata/name"))).collect()
}

/// Whether nothing of the owner would be ready without this pod.
pub(super) async fn is_last_ready(cluster: &Cluster, namespace: &str, owner: &Relative, pod: &Value) -> bool {
    if !is_ready(pod) {
        return false;
    }
    let Some(path) = owner_path(namespace, owner) else { return false };
    match cluster.peek(&path).await {
        Ok(peek) => {
            let ready = number(&peek.value, "/status/readyReplicas").max(number(&peek.value, "/status/numberReady"));
            ready <= 1
        }
        // Not knowing is no reason to call it safe.
        Err(NotSeen::NotFound | NotSeen::Unable(_)) => true,
    }
}

/// Where the owner of a pod is, if it is one that keeps a number of pods.
pub(super) fn owner_path(namespace: &str, owner: &Relative) -> Option<String> {
    let plural = match owner.kind.as_str() {
        "ReplicaSet" => "replicasets",
        "StatefulSet" => "statefulsets",
        "DaemonSet" => "daemonsets",
        _ => return None,
    };
    Some(format!("/apis/apps/v1/namespaces/{namespace}/{plural}/{}", owner.name))
}

/// Whether a pod's `Ready` condition is true.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True")
}

async fn items(cluster: &Cluster, path: &str) -> Result<Vec<Value>, ()> {
    match cluster.peek(path).await {
        Ok(mut peek) => match peek.value.pointer_mut("/items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            Some(_) | None => Ok(Vec::new()),
        },
        // A cluster without this API has no such objects.
        Err(NotSeen::NotFound) => Ok(Vec::new()),
        Err(NotSeen::Unable(_)) => Err(()),
    }
}

/// The query for what a workload's selector selects; empty where it has none.
pub(super) fn selected_by(live: &Value) -> String {
    let mut terms: Vec<String> = Vec::new();
    let labels = live.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        terms.push(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
    let expressions = live.pointer("/spec/selector/matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let key = text(expression, "/key");
        let values = expression.pointer("/values").and_then(Value::as_array);
        let values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        terms.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    if terms.is_empty() { String::new() } else { format!("?labelSelector={}", encoded(&terms.join(","))) }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
