//! What belongs to the cluster as a whole: nodes with their agents, classes.

use serde_json::{Value, json};

use crate::pod::node_name;
use crate::workloads::daemon_set;
use crate::{Batch, Fault, PODS_PER_TEAM, Plan, core, group, uid};

/// One of each runs on every node.
const AGENTS: &[&str] = &["network-agent", "log-agent", "metrics-agent"];

/// One of so many nodes is silent, where there are faults.
const SILENT_ONE_IN: usize = 150;

pub(crate) fn batches(plan: Plan) -> impl Iterator<Item = Batch> {
    let nodes = (0..plan.nodes()).step_by(PODS_PER_TEAM).map(move |from| {
        let mut batch = Batch::default();
        for number in from..plan.nodes().min(from + PODS_PER_TEAM) {
            node(&plan, number, &mut batch);
        }
        batch
    });
    let agents = AGENTS.iter().enumerate().flat_map(move |(which, app)| {
        (0..plan.nodes()).step_by(PODS_PER_TEAM).map(move |from| {
            let mut batch = Batch::default();
            let nodes = from..plan.nodes().min(from + PODS_PER_TEAM);
            daemon_set(&plan, "kube-system", app, nodes, which * plan.nodes(), &mut batch);
            batch
        })
    });
    std::iter::once(classes(&plan)).chain(nodes).chain(agents)
}

fn classes(plan: &Plan) -> Batch {
    let mut batch = Batch::default();
    let created = plan.ago(40_000);
    let meta = |kind: &str, name: &str| json!({"name": name, "uid": uid(kind, "", name), "creationTimestamp": created});
    for name in ["kube-system", "kube-node-lease"] {
        batch.add(0, "/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": meta("Namespace", name), "status": {"phase": "Active"}}));
    }
    let account = |name: &str| json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "kube-system", "uid": uid("ServiceAccount", "kube-system", name)}});
    batch.add(1, core("kube-system", "serviceaccounts"), account("default"));
    batch.add(1, core("kube-system", "configmaps"), json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": "x"},
        "metadata": {"name": "kube-root-ca.crt", "namespace": "kube-system", "uid": uid("ConfigMap", "kube-system", "kube-root-ca.crt")}}));
    for app in AGENTS {
        let map = format!("{app}-config");
        batch.add(
            1,
            core("kube-system", "configmaps"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"endpoint": "x"},
            "metadata": {"name": map, "namespace": "kube-system", "uid": uid("ConfigMap", "kube-system", &map)}}),
        );
        let secret = format!("{app}-secret");
        batch.add(
            1,
            core("kube-system", "secrets"),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"password": "c3ludGhldGlj"},
            "metadata": {"name": secret, "namespace": "kube-system", "uid": uid("Secret", "kube-system", &secret)}}),
        );
    }
    let mut storage = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta("StorageClass", "fast"), "provisioner": "csi.example.com",
        "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true});
    storage["metadata"]["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    batch.add(1, "/apis/storage.k8s.io/v1/storageclasses", storage);
    batch.add(1, "/apis/storage.k8s.io/v1/csidrivers", json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": meta("CSIDriver", "csi.example.com"), "spec": {"attachRequired": false}}));
    batch.add(1, "/apis/networking.k8s.io/v1/ingressclasses", json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": meta("IngressClass", "public"), "spec": {"controller": "example.com/ingress"}}));
    batch
}

fn node(plan: &Plan, number: usize, batch: &mut Batch) {
    let name = node_name(number);
    let created = plan.ago(40_000);
    let silent = plan.faults_one_in > 0 && number % SILENT_ONE_IN == SILENT_ONE_IN / 2;
    let condition = |type_: &str, healthy: &str| -> Value {
        let (status, reason, heartbeat, since) = if silent {
            ("Unknown", "NodeStatusUnknown", 60, 59)
        } else {
            (healthy, "KubeletHasSufficient", 1, 40_000)
        };
        json!({"type": type_, "status": status, "reason": reason, "message": "kubelet says so", "lastHeartbeatTime": plan.ago(heartbeat), "lastTransitionTime": plan.ago(since)})
    };
    let mut object = json!({"apiVersion": "v1", "kind": "Node",
    "metadata": {"name": name, "uid": uid("Node", "", &name), "creationTimestamp": created, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64", "node.kubernetes.io/instance-type": "m6.4xlarge", "topology.kubernetes.io/region": "eu-1",
        "topology.kubernetes.io/zone": format!("eu-1{}", ["a", "b", "c"][number % 3])}},
    "spec": {"providerID": format!("example:///{name}")},
    "status": {
        "capacity": {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"},
        "allocatable": {"cpu": "15890m", "memory": "61Gi", "pods": "110", "ephemeral-storage": "180Gi"},
        "addresses": [{"type": "InternalIP", "address": format!("172.16.{}.{}", number >> 8, number & 255)}, {"type": "Hostname", "address": name}],
        "nodeInfo": {"machineID": uid("machine", "", &name), "systemUUID": uid("system", "", &name), "bootID": uid("boot", "", &name), "kernelVersion": "6.12.0",
            "osImage": "Debian GNU/Linux 13", "containerRuntimeVersion": "containerd://2.1.4", "kubeletVersion": "v1.37.2", "kubeProxyVersion": "",
            "operatingSystem": "linux", "architecture": "amd64"},
        "conditions": [condition("MemoryPressure", "False"), condition("DiskPressure", "False"), condition("PIDPressure", "False"), condition("Ready", "True")],
    }});
    if silent {
        object["spec"]["taints"] =
            json!([{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule", "timeAdded": plan.ago(59)}]);
        batch.faults.push(Fault { check: "node/not-ready", target: format!("Node/{name}") });
    }
    batch.add(0, "/api/v1/nodes", object);
    batch.add(1, group("coordination.k8s.io/v1", "kube-node-lease", "leases"), json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease", "uid": uid("Lease", "kube-node-lease", &name)},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": plan.micros_ago(if silent { 3600 } else { 5 })}}));
    batch.add(1, "/apis/storage.k8s.io/v1/csinodes", json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": name, "uid": uid("CSINode", "", &name)},
        "spec": {"drivers": [{"name": "csi.example.com", "nodeID": name, "topologyKeys": [], "allocatable": {"count": 25}}]}}));
}
