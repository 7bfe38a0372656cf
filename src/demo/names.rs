//! Names, uids and hashes that are the same in every run: derived from what they name, never drawn at random.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The alphabet of generated Kubernetes names: no vowels, no look-alikes (`k8s.io/apimachinery/pkg/util/rand`).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

fn digest(seed: &str) -> [u8; 32] {
    Sha256::digest(seed.as_bytes()).into()
}

/// A name suffix of some length.
pub(super) fn suffix(seed: &str, length: usize) -> String {
    digest(seed).iter().take(length).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// A uid in the usual form (version 4 by its digits).
pub(super) fn uid(seed: &str) -> String {
    let hex: String = hex(seed).chars().take(32).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// 64 hexadecimal digits, for container and image ids.
pub(super) fn hex(seed: &str) -> String {
    digest(seed).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `pod-template-hash` of a pod template; the label itself does not count.
pub(super) fn template_hash(template: &Value) -> String {
    suffix(&without_hash(template).to_string(), 10)
}

/// A pod template as templates are compared: without the label that carries its hash.
pub(super) fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    super::json::take(&mut template, "/metadata/labels", "pod-template-hash");
    super::json::take(&mut template, "/metadata", "creationTimestamp");
    template
}

/// Whether two pod templates are the same but for the label that carries their hash.
pub(super) fn same_template(one: &Value, other: &Value) -> bool {
    const OWN: &str = "pod-template-hash";
    let labels = |template: &Value| -> Vec<(String, Value)> {
        let all = super::json::map(template, "/metadata/labels").into_iter().flatten();
        all.filter(|(key, _)| *key != OWN).map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    one["spec"] == other["spec"]
        && one["metadata"].get("annotations") == other["metadata"].get("annotations")
        && labels(one) == labels(other)
}

/// A stable number below a bound, for addresses and the like.
pub(super) fn number(seed: &str, bound: u32) -> u32 {
    let bytes = digest(seed);
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_hash_label_does_not_change_the_hash() {
        let plain = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": []}});
        let hashed =
            json!({"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}}, "spec": {"containers": []}});
        assert_eq!(template_hash(&plain), template_hash(&hashed));
        assert_eq!(template_hash(&plain).len(), 10);
        assert_eq!(uid("a").len(), 36);
    }
}
