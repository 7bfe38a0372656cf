//! What each kubelet knows of its node: how full its disks and its pods' volumes are, and the certificate on its port.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::OptionFuture;
use futures::{FutureExt, StreamExt, stream};
use serde::Deserialize;
use tokio::time::timeout;

use super::{Gathered, Round, tls};
use crate::cluster::list::encode;
use crate::cluster::wire::JSON;
use crate::snapshot::{
    Credential, FilesystemUse, Node, NodeSummary, ObjectMeta, PodSummary, Resource, Scope, Snapshot, State, VolumeUse,
    Why,
};
use crate::texts::cluster as texts;

/// Nodes asked at the same time.
const AT_ONCE: usize = 8;
/// For one node.
const PATIENCE: Duration = Duration::from_secs(10);
const KUBELET_PORT: u16 = 10250;

pub(super) async fn read(round: &Round<'_>, seen: &Snapshot, into: &mut Gathered) {
    let lookups: Vec<_> = seen.nodes.iter().map(|node| Lookup::of(round, node).boxed()).collect();
    let mut lookups = stream::iter(lookups).buffer_unordered(AT_ONCE);
    let (mut silent, mut hidden) = (Silent::default(), Silent::default());
    let mut volumes: HashMap<(String, String), VolumeUse> = HashMap::new();
    while let Some(Lookup { node, summary, certificate }) = lookups.next().await {
        match summary {
            Some(Ok(summary)) => {
                summary.volumes(&round.request.scope, &mut volumes);
                into.objects.node_summaries.push(summary.of_node(node, &round.request.scope));
            }
            Some(Err(why)) => silent.note(node, &why),
            None => {}
        }
        match certificate {
            Some(Ok(credential)) => into.objects.kubelet_certificates.push(credential),
            Some(Err(why)) => hidden.note(node, &why),
            None => {}
        }
    }
    into.objects.volume_uses.extend(volumes.into_values());
    into.objects.volume_uses.sort_by(|a, b| (&a.meta.namespace, &a.meta.name).cmp(&(&b.meta.namespace, &b.meta.name)));
    let nodes = match seen.state_of(Resource::Nodes) {
        State::Read => Ok(()),
        State::Unread(why) => Err(why.clone()),
    };
    for (resource, silent) in
        [(Resource::NodeSummaries, &silent), (Resource::VolumeUses, &silent), (Resource::KubeletCertificates, &hidden)]
    {
        if round.wants(resource) {
            into.settle(resource, nodes.clone().and_then(|()| silent.result(seen.nodes.len())));
        }
    }
}

/// What one node told, as far as it was asked.
struct Lookup<'a> {
    node: &'a Node,
    summary: Option<Result<Summary, String>>,
    certificate: Option<Result<Credential, String>>,
}

impl<'a> Lookup<'a> {
    async fn of(round: &Round<'_>, node: &'a Node) -> Self {
        let summary = round.wants(Resource::NodeSummaries) || round.wants(Resource::VolumeUses);
        let certificate = round.wants(Resource::KubeletCertificates);
        if !node.status.conditions.is("Ready", "True") {
            // A kubelet that is silent would only be waited for; its node is a finding already.
            let why = || texts::NODE_NOT_READY.to_owned();
            return Self { node, summary: summary.then(|| Err(why())), certificate: certificate.then(|| Err(why())) };
        }
        let summary = OptionFuture::from(summary.then(|| self::summary(round, node)));
        let certificate = OptionFuture::from(certificate.then(|| self::certificate(node)));
        let (summary, certificate) = futures::join!(summary, certificate);
        Self { node, summary, certificate }
    }
}

/// The nodes that did not answer.
#[derive(Debug, Default)]
struct Silent {
    count: usize,
    first: Option<String>,
}

impl Silent {
    fn note(&mut self, node: &Node, why: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{}: {why}", node.meta.name));
    }

    fn result(&self, nodes: usize) -> Result<(), Why> {
        match &self.first {
            None => Ok(()),
            Some(first) => Err(Why::Failed(texts::silent_kubelets(self.count, nodes, first))),
        }
    }
}

async fn summary(round: &Round<'_>, node: &Node) -> Result<Summary, String> {
    let path = format!("/api/v1/nodes/{}/proxy/stats/summary", encode(&node.meta.name));
    let asking = async {
        let response = round.wire.get_once(&path, JSON).await.map_err(|refused| refused.to_string())?;
        let status = response.status();
        let body = round.wire.small_body(response).await.map_err(|refused| refused.to_string())?;
        if !status.is_success() {
            return Err(status.to_string());
        }
        serde_json::from_slice(&body).map_err(|error| format!("the summary makes no sense: {error}"))
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

async fn certificate(node: &Node) -> Result<Credential, String> {
    let address = node.status.addresses.iter().find(|address| address.type_ == "InternalIP");
    let address = address.ok_or_else(|| texts::NODE_WITHOUT_ADDRESS.to_owned())?;
    let port = u16::try_from(node.status.daemon_endpoints.kubelet_endpoint.port).ok().filter(|port| *port > 0);
    let der = tls::shown_by(&address.address, port.unwrap_or(KUBELET_PORT), None).await?;
    tls::credential(&der, &node.meta.name, "Kubelet")
}

/// `/stats/summary`, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    node: NodeStats,
    pods: Vec<PodStats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeStats {
    fs: Option<Stats>,
    runtime: Option<RuntimeStats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RuntimeStats {
    image_fs: Option<Stats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStats {
    pod_ref: Named,
    volume: Vec<VolumeStats>,
    #[serde(rename = "ephemeral-storage")]
    ephemeral_storage: Option<Stats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeStats {
    pvc_ref: Option<Named>,
    #[serde(flatten)]
    stats: Stats,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stats {
    available_bytes: Option<u64>,
    capacity_bytes: Option<u64>,
    used_bytes: Option<u64>,
    inodes: Option<u64>,
    inodes_used: Option<u64>,
}

impl Stats {
    /// What cannot be written any more counts as used, as for the kubelet itself: some of it is kept for root.
    fn used(&self, name: &str) -> FilesystemUse {
        let number = |value: Option<u64>| i64::try_from(value.unwrap_or_default()).unwrap_or(i64::MAX);
        let left = self.capacity_bytes.zip(self.available_bytes).map(|(all, left)| all.saturating_sub(left));
        FilesystemUse {
            name: name.into(),
            used_bytes: number(left.or(self.used_bytes)),
            capacity_bytes: number(self.capacity_bytes),
            inodes_used: number(self.inodes_used),
            inodes: number(self.inodes),
        }
    }

    /// What a pod has written; the capacity is its node's.
    fn written(&self) -> FilesystemUse {
        Self { available_bytes: None, ..*self }.used("")
    }
}

fn in_scope(scope: &Scope, namespace: &str) -> bool {
    match scope {
        Scope::AllNamespaces => true,
        Scope::Namespace(only) => only == namespace,
    }
}

impl Summary {
    fn of_node(&self, node: &Node, scope: &Scope) -> NodeSummary {
        let disk = self.node.fs.as_ref().map(|stats| stats.used("nodefs"));
        let images = self.node.runtime.as_ref().and_then(|runtime| runtime.image_fs.as_ref());
        let pods = self.pods.iter().filter(|pod| in_scope(scope, &pod.pod_ref.namespace));
        NodeSummary {
            meta: ObjectMeta { name: node.meta.name.clone(), ..ObjectMeta::default() },
            filesystems: disk.into_iter().chain(images.map(|stats| stats.used("imagefs"))).collect(),
            pods: pods
                .map(|pod| PodSummary {
                    namespace: pod.pod_ref.namespace.as_str().into(),
                    name: pod.pod_ref.name.as_str().into(),
                    ephemeral_storage: pod.ephemeral_storage.as_ref().map(Stats::written),
                })
                .collect(),
        }
    }

    /// A claim that several pods use is told by each of their kubelets.
    fn volumes(&self, scope: &Scope, into: &mut HashMap<(String, String), VolumeUse>) {
        for volume in self.pods.iter().flat_map(|pod| &pod.volume) {
            let Some(claim) = volume.pvc_ref.as_ref().filter(|claim| in_scope(scope, &claim.namespace)) else {
                continue;
            };
            let used = volume.stats.used("");
            let known = into.entry((claim.namespace.clone(), claim.name.clone())).or_insert_with(|| VolumeUse {
                meta: ObjectMeta {
                    name: claim.name.as_str().into(),
                    namespace: claim.namespace.as_str().into(),
                    ..ObjectMeta::default()
                },
                used: FilesystemUse::default(),
            });
            if used.used_bytes >= known.used.used_bytes {
                known.used = used;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kubelet of v1.37 writes it, shortened.
    const SAID: &str = r#"{
      "node": {"nodeName": "n1", "startTime": "2026-11-01T00:00:00Z",
        "fs": {"time": "2026-11-23T09:00:00Z", "availableBytes": 10, "capacityBytes": 100, "usedBytes": 85, "inodesFree": 5, "inodes": 50, "inodesUsed": 45},
        "runtime": {"imageFs": {"availableBytes": 60, "capacityBytes": 100, "usedBytes": 30}, "containerFs": {"usedBytes": 1}}},
      "pods": [
        {"podRef": {"name": "db-0", "namespace": "shop", "uid": "u1"}, "startTime": "2026-11-01T00:00:00Z",
         "volume": [{"time": "2026-11-23T09:00:00Z", "name": "data", "pvcRef": {"name": "data-db-0", "namespace": "shop"},
                     "availableBytes": 20, "capacityBytes": 1000, "usedBytes": 930, "inodes": 100, "inodesUsed": 3},
                    {"name": "kube-api-access-x", "availableBytes": 1, "capacityBytes": 1, "usedBytes": 1}],
         "ephemeral-storage": {"availableBytes": 10, "capacityBytes": 100, "usedBytes": 7, "inodesUsed": 2}},
        {"podRef": {"name": "x", "namespace": "other", "uid": "u2"}, "ephemeral-storage": {"usedBytes": 1}}
      ]}"#;

    #[test]
    fn a_summary_tells_disks_pods_and_claims() {
        let summary: Summary = serde_json::from_str(SAID).unwrap();
        let node = summary.of_node(&Node::default(), &Scope::Namespace("shop".to_owned()));
        let disks: Vec<(&str, i64, i64)> =
            node.filesystems.iter().map(|disk| (&*disk.name, disk.used_bytes, disk.inodes_used)).collect();
        assert_eq!(disks, [("nodefs", 90, 45), ("imagefs", 40, 0)]);
        assert_eq!(node.pods.len(), 1);
        assert_eq!(node.pods[0].ephemeral_storage.as_ref().unwrap().used_bytes, 7);
        let mut volumes = HashMap::new();
        summary.volumes(&Scope::AllNamespaces, &mut volumes);
        let claim = &volumes[&("shop".to_owned(), "data-db-0".to_owned())];
        assert_eq!((claim.used.used_bytes, claim.used.capacity_bytes, volumes.len()), (980, 1000, 1));
    }

    #[test]
    fn an_odd_summary_is_an_error_or_tells_nothing() {
        assert!(serde_json::from_str::<Summary>("7").is_err());
        assert!(serde_json::from_str::<Summary>(r#"{"node": {"fs": {"usedBytes": -1}}}"#).is_err());
        let huge = r#"{"node": {"fs": {"usedBytes": 18446744073709551615, "capacityBytes": 1, "availableBytes": 2}}}"#;
        let summary: Summary = serde_json::from_str(huge).unwrap();
        assert_eq!(summary.of_node(&Node::default(), &Scope::AllNamespaces).filesystems[0].used_bytes, 0);
        assert!(serde_json::from_str::<Summary>("{}").unwrap().pods.is_empty());
    }
}
