//! What every namespace gets: its default service account and the cluster's root certificates.

use serde_json::json;

use crate::demo::json::{name, when};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    for namespace in simulation.objects.all(Kind::Namespace) {
        let own = name(&namespace);
        let created = when(&namespace, "/metadata/creationTimestamp").unwrap_or(simulation.now);
        if !simulation.objects.has(Kind::ServiceAccount, own, "default") {
            simulation.objects.insert(
                Kind::ServiceAccount,
                json!({ "metadata": { "name": "default", "namespace": own } }),
                created,
            );
        }
        if !simulation.objects.has(Kind::ConfigMap, own, "kube-root-ca.crt") {
            let note =
                "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints";
            let value = json!({
                "metadata": { "name": "kube-root-ca.crt", "namespace": own, "annotations": { "kubernetes.io/description": note } },
                "data": { "ca.crt": "" },
            });
            simulation.objects.insert(Kind::ConfigMap, value, created);
        }
    }
}
