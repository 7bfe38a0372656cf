//! Messages written by hand, whole and broken.

use super::{Item, Malformed};
use crate::snapshot::{Event, IntOrString, Node, Pod, Secret, Service};

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn number(field: u64, value: i64) -> Vec<u8> {
    [varint(field << 3), varint(value.cast_unsigned())].concat()
}

fn bytes(field: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn message(field: u64, parts: &[Vec<u8>]) -> Vec<u8> {
    bytes(field, parts.concat())
}

fn entry(field: u64, key: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
    message(field, &[bytes(1, key), bytes(2, value)])
}

fn time(field: u64, seconds: i64) -> Vec<u8> {
    message(field, &[number(1, seconds), number(2, 0)])
}

/// A pod as the API server sends one, with much that no struct names.
fn pod() -> Vec<u8> {
    let meta = message(
        1,
        &[
            bytes(1, "api-1"),
            bytes(2, ""),
            bytes(3, "shop"),
            bytes(5, "u1"),
            number(7, 3),
            time(8, 1_795_424_400),
            bytes(9, ""),
            entry(11, "tier", "front"),
            entry(11, "app", "api"),
            entry(12, "roundsman.dev/ignore", "x"),
            entry(12, "kubectl.kubernetes.io/last-applied-configuration", "{}"),
            message(13, &[bytes(1, "ReplicaSet"), bytes(3, "api"), bytes(4, "u0"), number(6, 1)]),
            message(17, &[bytes(1, "kubelet"), bytes(7, "{\"f:status\":{}}")]),
        ],
    );
    let container = |name: &str| {
        message(
            2,
            &[
                bytes(1, name),
                bytes(2, "acme/api:1"),
                message(8, &[entry(1, "memory", bytes(1, "1Gi"))]),
                message(
                    10,
                    &[
                        message(
                            1,
                            &[message(
                                2,
                                &[bytes(1, "/health"), message(2, &[number(1, 1), number(2, 0), bytes(3, "http")])],
                            )],
                        ),
                        number(2, 0),
                    ],
                ),
            ],
        )
    };
    let volume = message(
        1,
        &[bytes(1, "config"), message(2, &[message(19, &[message(1, &[bytes(1, "settings")]), number(4, 1)])])],
    );
    let spec =
        message(2, &[volume, container("api"), container("proxy"), number(4, 0), bytes(10, "n1"), number(11, 1)]);
    let status = message(
        3,
        &[
            bytes(1, "Running"),
            message(
                2,
                &[
                    bytes(1, "Ready"),
                    bytes(2, "False"),
                    bytes(3, ""),
                    time(4, 1_795_424_460),
                    bytes(5, "Why"),
                    number(7, 2),
                ],
            ),
            message(
                8,
                &[
                    bytes(1, "api"),
                    message(3, &[message(3, &[number(1, 137), bytes(3, "OOMKilled")])]),
                    number(4, 0),
                    number(5, 3),
                ],
            ),
        ],
    );
    [meta, spec, status].concat()
}

fn json_pod() -> Pod {
    let container = |name: &str| {
        serde_json::json!({"name": name, "image": "acme/api:1", "resources": {"limits": {"memory": "1Gi"}},
            "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}, "initialDelaySeconds": 0}})
    };
    serde_json::from_value(serde_json::json!({
        "metadata": {"name": "api-1", "namespace": "shop", "uid": "u1", "generation": 3,
            "creationTimestamp": "2026-11-23T09:00:00Z", "labels": {"app": "api", "tier": "front"},
            "annotations": {"roundsman.dev/ignore": "x"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "uid": "u0", "controller": true}]},
        "spec": {"nodeName": "n1", "hostNetwork": true, "terminationGracePeriodSeconds": 0,
            "volumes": [{"name": "config", "configMap": {"name": "settings", "optional": true}}],
            "containers": [container("api"), container("proxy")]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-23T09:01:00Z", "reason": "Why"}],
            "containerStatuses": [{"name": "api", "restartCount": 3,
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]},
    }))
    .unwrap()
}

#[test]
fn protobuf_says_the_same_as_json() {
    let read = Pod::decode(&pod()).unwrap();
    assert_eq!(read, json_pod());
    assert_eq!((read.spec.containers.capacity(), read.spec.volumes.capacity()), (2, 1));
}

#[test]
fn a_message_cut_anywhere_is_no_panic_and_never_more_than_was_sent() {
    let whole = pod();
    for end in 0..whole.len() {
        if let Ok(part) = Pod::decode(&whole[..end]) {
            assert_ne!(part, json_pod(), "{end}");
        }
    }
}

#[test]
fn garbage_is_no_panic() {
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let whole = pod();
    for _ in 0..20_000 {
        let mut odd = whole.clone();
        for _ in 0..=random() % 4 {
            let at = random() % odd.len();
            odd[at] = random() as u8;
        }
        Pod::decode(&odd).ok();
        Event::decode(&odd).ok();
        Node::decode(&odd).ok();
    }
}

#[test]
fn fields_that_nobody_names_are_skipped_in_every_form() {
    let unknown = [
        number(2000, -1),
        [varint(2001 << 3 | 1), vec![1; 8]].concat(),
        [varint(2002 << 3 | 5), vec![1; 4]].concat(),
        bytes(2003, "x"),
    ];
    assert_eq!(Pod::decode(&[unknown.concat(), pod(), unknown.concat()].concat()).unwrap(), json_pod());
    // Groups, field 0, fields beyond 32 bits, numbers beyond 64.
    for odd in [
        vec![2 << 3 | 3],
        vec![0, 0],
        [varint(1 << 36), vec![0]].concat(),
        [vec![0x08], vec![0xff; 9], vec![2]].concat(),
    ] {
        assert!(Pod::decode(&odd).is_err(), "{odd:?}");
    }
}

#[test]
fn a_message_that_comes_in_two_parts_is_merged() {
    let halves = [message(2, &[bytes(10, "n1")]), message(2, &[number(11, 1)])].concat();
    let pod = Pod::decode(&halves).unwrap();
    assert!(pod.spec.node_name == "n1" && pod.spec.host_network);
    let split_map = message(1, &[entry(11, "a", "1"), bytes(1, "x"), entry(11, "b", "2")]);
    assert_eq!(Pod::decode(&split_map), Err(Malformed::Value));
}

#[test]
fn zero_is_told_apart_from_nothing_only_where_kubernetes_does() {
    let times = message(1, &[bytes(8, ""), time(9, 0)]);
    let pod = Pod::decode(&times).unwrap();
    assert_eq!(pod.meta.creation_timestamp, None);
    assert_eq!(pod.meta.deletion_timestamp.unwrap().timestamp(), 0);
    let port = |parts: &[Vec<u8>]| {
        let service = message(2, &[message(1, &[number(3, -7), message(4, parts)])]);
        Service::decode(&service).unwrap().spec.ports.remove(0)
    };
    let read = port(&[number(1, 0), number(2, 8080), bytes(3, "")]);
    assert_eq!((read.port, read.target_port), (-7, Some(IntOrString::Int(8080))));
    assert_eq!(port(&[number(1, 1), bytes(3, "http")]).target_port, Some(IntOrString::String("http".into())));
    let too_large = message(2, &[message(1, &[number(3, 1 << 40)])]);
    assert_eq!(Service::decode(&too_large), Err(Malformed::Value));
}

#[test]
fn texts_that_are_none_read_as_in_json_and_types_that_are_wrong_are_refused() {
    let pod = Pod::decode(&message(1, &[bytes(1, [b'a', 0xff])])).unwrap();
    assert_eq!(pod.meta.name, "a\u{fffd}");
    for odd in [
        message(1, &[number(1, 5)]),
        number(1, 5),
        message(2, &[bytes(11, "x")]),
        message(1, &[message(8, &[bytes(1, "x")])]),
    ] {
        assert_eq!(Pod::decode(&odd), Err(Malformed::Type));
    }
    let amount = |text: &str| message(3, &[entry(1, "cpu", bytes(1, text))]);
    assert!(Node::decode(&amount("100m")).is_ok());
    assert_eq!(Node::decode(&amount("much")), Err(Malformed::Value));
}

#[test]
fn of_a_secret_only_the_certificate_is_kept() {
    let secret = |key: &str, value: &str| {
        [entry(2, "tls.key", "s3cret"), entry(2, key, value), bytes(3, "kubernetes.io/tls")].concat()
    };
    let read = Secret::decode(&secret("tls.crt", "CERTIFICATE")).unwrap();
    assert_eq!((read.type_.as_str(), read.data.pem()), ("kubernetes.io/tls", Some(&b"CERTIFICATE"[..])));
    assert!(!format!("{read:?}").contains("s3cret"));
    let wrong = Secret::decode(&secret("tls.crt", "-----BEGIN PRIVATE KEY-----")).unwrap();
    assert_eq!(wrong.data.pem(), None);
}

#[test]
fn conditions_differ_in_their_numbers_from_kind_to_kind() {
    use crate::snapshot::{Deployment, ReplicaSet};
    let condition =
        |field: u64, parts: &[Vec<u8>]| message(field, &[&[bytes(1, "Ready"), bytes(2, "True")], parts].concat());
    let node =
        Node::decode(&message(3, &[condition(4, &[time(3, 30), time(4, 40), bytes(5, "why"), bytes(6, "what")])]));
    let node = node.unwrap().status.conditions.0.remove(0);
    let set = ReplicaSet::decode(&message(3, &[condition(6, &[time(3, 40), bytes(4, "why"), bytes(5, "what")])]));
    let set = set.unwrap().status.conditions.0.remove(0);
    let deployment = message(3, &[condition(6, &[bytes(4, "why"), bytes(5, "what"), time(6, 60), time(7, 40)])]);
    let deployment = Deployment::decode(&deployment).unwrap().status.conditions.0.remove(0);
    for read in [&node, &set, &deployment] {
        assert_eq!((read.reason.as_str(), read.message.as_str()), ("why", "what"));
        assert_eq!(read.last_transition_time.unwrap().timestamp(), 40);
    }
    assert_eq!(deployment.last_update_time().unwrap().timestamp(), 60);
}
