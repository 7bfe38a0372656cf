//! What the API server fills in: the defaults of the kinds that the demo uses, so that diffs show only what somebody changed.

use serde_json::{Map, Value, json};

use super::json::{annotation, items, name, namespace, put, put_default, take, text};
use super::names;
use super::resources::Kind;

/// Fills in the defaults of a kind.
pub(super) fn apply(kind: Kind, value: &mut Value) {
    let fixed: &[(&str, Value)] = &match kind {
        Kind::Deployment => {
            if text(value, "/spec/strategy/type") != "Recreate" {
                put_default(value, "/spec/strategy/type", json!("RollingUpdate"));
                put_default(value, "/spec/strategy/rollingUpdate/maxSurge", json!("25%"));
                put_default(value, "/spec/strategy/rollingUpdate/maxUnavailable", json!("25%"));
            }
            vec![
                ("/spec/replicas", json!(1)),
                ("/spec/revisionHistoryLimit", json!(10)),
                ("/spec/progressDeadlineSeconds", json!(600)),
            ]
        }
        Kind::ReplicaSet => vec![("/spec/replicas", json!(1))],
        Kind::StatefulSet => vec![
            ("/spec/replicas", json!(1)),
            ("/spec/podManagementPolicy", json!("OrderedReady")),
            ("/spec/updateStrategy/type", json!("RollingUpdate")),
            ("/spec/updateStrategy/rollingUpdate/partition", json!(0)),
            ("/spec/revisionHistoryLimit", json!(10)),
            ("/spec/persistentVolumeClaimRetentionPolicy", json!({ "whenDeleted": "Retain", "whenScaled": "Retain" })),
        ],
        Kind::DaemonSet => vec![
            ("/spec/updateStrategy/type", json!("RollingUpdate")),
            ("/spec/updateStrategy/rollingUpdate/maxSurge", json!(0)),
            ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!(1)),
            ("/spec/revisionHistoryLimit", json!(10)),
        ],
        Kind::Job => vec![
            ("/spec/backoffLimit", json!(6)),
            ("/spec/completions", json!(1)),
            ("/spec/parallelism", json!(1)),
            ("/spec/completionMode", json!("NonIndexed")),
            ("/spec/suspend", json!(false)),
        ],
        Kind::CronJob => vec![
            ("/spec/concurrencyPolicy", json!("Allow")),
            ("/spec/suspend", json!(false)),
            ("/spec/successfulJobsHistoryLimit", json!(3)),
            ("/spec/failedJobsHistoryLimit", json!(1)),
        ],
        Kind::Namespace => vec![("/spec/finalizers", json!(["kubernetes"])), ("/status/phase", json!("Active"))],
        Kind::PersistentVolumeClaim => {
            vec![("/spec/volumeMode", json!("Filesystem")), ("/status/phase", json!("Pending"))]
        }
        Kind::Secret => vec![("/type", json!("Opaque"))],
        Kind::StorageClass => vec![("/reclaimPolicy", json!("Delete")), ("/volumeBindingMode", json!("Immediate"))],
        _ => Vec::new(),
    };
    for (path, default) in fixed {
        put_default(value, path, default.clone());
    }
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
            if let Some(spec) = value.pointer_mut("/spec/template/spec") {
                pod_spec(spec);
            }
        }
        Kind::CronJob => {
            if let Some(spec) = value.pointer_mut("/spec/jobTemplate/spec/template/spec") {
                pod_spec(spec);
            }
        }
        Kind::Pod => pod(value),
        Kind::Service => service(value),
        Kind::Namespace => {
            let own = json!(name(value));
            put(value, "/metadata/labels/kubernetes.io~1metadata.name", own);
        }
        Kind::Secret => string_data(value),
        _ => {}
    }
}

fn pod_spec(spec: &mut Value) {
    for (path, default) in [
        ("/restartPolicy", json!("Always")),
        ("/dnsPolicy", json!("ClusterFirst")),
        ("/schedulerName", json!("default-scheduler")),
        ("/securityContext", json!({})),
        ("/terminationGracePeriodSeconds", json!(30)),
    ] {
        put_default(spec, path, default);
    }
    for container in spec.pointer_mut("/containers").and_then(Value::as_array_mut).into_iter().flatten() {
        let latest = text(container, "/image")
            .rsplit('/')
            .next()
            .is_none_or(|last| !last.contains(':') || last.ends_with(":latest"));
        for (path, default) in [
            ("/imagePullPolicy", json!(if latest { "Always" } else { "IfNotPresent" })),
            ("/resources", json!({})),
            ("/terminationMessagePath", json!("/dev/termination-log")),
            ("/terminationMessagePolicy", json!("File")),
        ] {
            put_default(container, path, default);
        }
        requests_from_limits(container);
        for port in container.pointer_mut("/ports").and_then(Value::as_array_mut).into_iter().flatten() {
            put_default(port, "/protocol", json!("TCP"));
        }
        for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
            if let Some(probe) = container.pointer_mut(probe) {
                for (path, default) in
                    [("/timeoutSeconds", 1), ("/periodSeconds", 10), ("/successThreshold", 1), ("/failureThreshold", 3)]
                {
                    put_default(probe, path, json!(default));
                }
                if probe.get("httpGet").is_some() {
                    put_default(probe, "/httpGet/scheme", json!("HTTP"));
                    put_default(probe, "/httpGet/path", json!("/"));
                }
            }
        }
    }
}

fn requests_from_limits(container: &mut Value) {
    let limits = container.pointer("/resources/limits").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    for (resource, limit) in limits {
        put_default(container, &format!("/resources/requests/{resource}"), limit);
    }
}

fn pod(value: &mut Value) {
    // A kubelet's own pods have no ServiceAccount: no API server made them.
    let mirror = !annotation(value, "kubernetes.io/config.mirror").is_empty();
    let Some(spec) = value.get_mut("spec") else {
        return;
    };
    pod_spec(spec);
    if !mirror {
        put_default(spec, "/serviceAccountName", json!("default"));
    }
    for (path, default) in [
        ("/enableServiceLinks", json!(true)),
        ("/priority", json!(priority(text(spec, "/priorityClassName")))),
        ("/preemptionPolicy", json!("PreemptLowerPriority")),
        ("/tolerations", json!([])),
    ] {
        put_default(spec, path, default);
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let known = items(spec, "/tolerations").iter().any(|toleration| {
            text(toleration, "/key") == key
                || (text(toleration, "/key").is_empty() && text(toleration, "/operator") == "Exists")
        });
        if let Some(all) = spec.get_mut("tolerations").and_then(Value::as_array_mut).filter(|_| !known) {
            all.push(json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }));
        }
    }
    put_default(value, "/status/phase", json!("Pending"));
    let class = qos(value);
    put_default(value, "/status/qosClass", json!(class));
}

/// Of the classes that every cluster has.
fn priority(class: &str) -> i64 {
    match class {
        "system-cluster-critical" => 2_000_000_000,
        "system-node-critical" => 2_000_001_000,
        _ => 0,
    }
}

fn qos(pod: &Value) -> &'static str {
    let containers = items(pod, "/spec/containers");
    let (mut any, mut all) = (false, true);
    for container in containers {
        any |= ["requests", "limits"]
            .iter()
            .any(|side| container["resources"][*side].as_object().is_some_and(|map| !map.is_empty()));
        let equal = |resource: &str| {
            let limit = &container["resources"]["limits"][resource];
            !limit.is_null() && *limit == container["resources"]["requests"][resource]
        };
        all &= equal("cpu") && equal("memory");
    }
    if all && any {
        "Guaranteed"
    } else if any {
        "Burstable"
    } else {
        "BestEffort"
    }
}

fn service(value: &mut Value) {
    let seed = format!("{}/{}", namespace(value), name(value));
    let ip = format!("10.96.{}.{}", names::number(&seed, 200) + 10, names::number(&format!("{seed}/ip"), 250) + 2);
    for (path, default) in [
        ("/spec/type", json!("ClusterIP")),
        ("/spec/sessionAffinity", json!("None")),
        ("/spec/clusterIP", json!(ip)),
        ("/spec/internalTrafficPolicy", json!("Cluster")),
        ("/spec/ipFamilies", json!(["IPv4"])),
        ("/spec/ipFamilyPolicy", json!("SingleStack")),
        ("/status/loadBalancer", json!({})),
    ] {
        put_default(value, path, default);
    }
    let cluster_ip = value["spec"]["clusterIP"].clone();
    put_default(value, "/spec/clusterIPs", json!([cluster_ip]));
    for port in value.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        put_default(port, "/protocol", json!("TCP"));
        let same = port["port"].clone();
        put_default(port, "/targetPort", same);
    }
}

fn string_data(value: &mut Value) {
    use base64::Engine as _;
    let Some(Value::Object(plain)) = take(value, "", "stringData") else {
        return;
    };
    for (key, words) in plain {
        let coded = base64::engine::general_purpose::STANDARD.encode(words.as_str().unwrap_or_default());
        put(value, &format!("/data/{}", key.replace('/', "~1")), json!(coded));
    }
}
