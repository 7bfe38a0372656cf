//! What a pod's containers refer to and have to find before they start.

use serde_json::Value;

use crate::demo::json::{items, namespace, text, truth};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

/// The first ConfigMap or Secret that the environment of a container refers to and that is not there.
pub(super) fn missing_reference(simulation: &Simulation, pod: &Value, spec: &Value) -> Option<String> {
    let from = items(spec, "/envFrom").iter().flat_map(|source| {
        [(Kind::ConfigMap, "configmap", &source["configMapRef"]), (Kind::Secret, "secret", &source["secretRef"])]
    });
    let keys = items(spec, "/env").iter().flat_map(|variable| {
        let source = &variable["valueFrom"];
        [(Kind::ConfigMap, "configmap", &source["configMapKeyRef"]), (Kind::Secret, "secret", &source["secretKeyRef"])]
    });
    for (kind, word, reference) in from.chain(keys) {
        let wanted = text(reference, "/name");
        if wanted.is_empty() || truth(reference, "/optional") {
            continue;
        }
        let Some(found) = simulation.objects.get(kind, namespace(pod), wanted) else {
            return Some(format!("{word} \"{wanted}\" not found"));
        };
        let key = text(reference, "/key");
        if !key.is_empty() && found["data"].get(key).is_none() {
            let kind = kind.row().kind;
            return Some(format!("couldn't find key {key} in {kind} {}/{wanted}", namespace(pod)));
        }
    }
    None
}

/// The first volume whose ConfigMap or Secret is not there.
pub(super) fn missing_volume(simulation: &Simulation, pod: &Value) -> Option<String> {
    for volume in items(pod, "/spec/volumes") {
        let sources = [
            (Kind::ConfigMap, "configmap", text(volume, "/configMap/name"), truth(volume, "/configMap/optional")),
            (Kind::Secret, "secret", text(volume, "/secret/secretName"), truth(volume, "/secret/optional")),
        ];
        for (kind, word, wanted, optional) in sources {
            if !wanted.is_empty() && !optional && !simulation.objects.has(kind, namespace(pod), wanted) {
                return Some(format!("\"{}\" : {word} \"{wanted}\" not found", text(volume, "/name")));
            }
        }
    }
    None
}
