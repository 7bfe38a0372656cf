//! `-o json` field by field, the exit statuses, and what else scripts rely on.

use super::{Kubeconfig, LOST_SERVICES, in_an_hour, roundsman};
use chrono::TimeDelta;
use control_plane::{ControlPlane, Identity};
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Is {
    Text,
    Time,
    Number,
    OneOf(&'static [&'static str]),
    Object(&'static [(&'static str, Is)]),
    Each(&'static [(&'static str, Is)]),
    Texts,
    /// The same, or null.
    Maybe(&'static Is),
    /// Left out where there is nothing to say.
    Optional(&'static Is),
}

const TARGET: &[(&str, Is)] =
    &[("kind", Is::Text), ("namespace", Is::Optional(&Is::Maybe(&Is::Text))), ("name", Is::Text)];
const OBJECT: &[(&str, Is)] = &[
    ("kind", Is::Text),
    ("namespace", Is::Optional(&Is::Maybe(&Is::Text))),
    ("name", Is::Text),
    ("container", Is::Optional(&Is::Maybe(&Is::Text))),
];
const EVIDENCE: &[(&str, Is)] =
    &[("field", Is::Text), ("value", Is::Text), ("since", Is::Optional(&Is::Maybe(&Is::Time)))];
const REMEDY: &[(&str, Is)] = &[
    ("title", Is::Text),
    ("command", Is::Optional(&Is::Text)),
    ("action", Is::Optional(&Is::Object(&[]))),
    ("why", Is::Optional(&Is::Text)),
    ("effect", Is::Optional(&Is::OneOf(&["relieves"]))),
];
const FINDING: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("fingerprint", Is::Text),
    ("severity", Is::OneOf(&["critical", "high", "medium", "low", "info"])),
    ("state", Is::OneOf(&["new", "ongoing"])),
    ("first_seen", Is::Time),
    ("target", Is::Object(TARGET)),
    ("objects", Is::Each(OBJECT)),
    ("title", Is::Text),
    ("evidence", Is::Each(EVIDENCE)),
    ("caused_by", Is::Maybe(&Is::Text)),
    ("remedies", Is::Each(REMEDY)),
];
const RESOLVED: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("fingerprint", Is::Text),
    ("target", Is::Object(TARGET)),
    ("title", Is::Text),
    ("first_seen", Is::Time),
];
const REPORT: &[(&str, Is)] = &[
    ("schema", Is::OneOf(&["roundsman/report/v1"])),
    ("cluster", Is::OneOf(&["prod"])),
    ("taken_at", Is::Time),
    ("duration_ms", Is::Number),
    ("score", Is::Number),
    ("grade", Is::OneOf(&["A", "B", "C", "D", "F"])),
    ("findings", Is::Each(FINDING)),
    ("changes", Is::Object(&[("new", Is::Number), ("ongoing", Is::Number), ("resolved", Is::Each(RESOLVED))])),
    ("gaps", Is::Each(&[("what", Is::Text), ("why", Is::Text), ("checks", Is::Texts)])),
    ("reads", Is::Object(&[("requests", Is::Number), ("bytes", Is::Number), ("objects", Is::Number)])),
];

/// What of the contract is not kept; fields beside it are nobody's harm.
fn broken(at: &str, value: Option<&Value>, is: Is, found: &mut Vec<String>) {
    let fields = |at: &str, value: &Value, fields: &[(&str, Is)], found: &mut Vec<String>| match value.as_object() {
        Some(object) => {
            fields.iter().for_each(|(name, is)| broken(&format!("{at}.{name}"), object.get(*name), *is, found))
        }
        None => found.push(format!("{at} is no object: {value}")),
    };
    let Some(value) = value else {
        if !matches!(is, Is::Optional(_)) {
            found.push(format!("{at} is missing"));
        }
        return;
    };
    let good = match is {
        Is::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Is::Time => value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        Is::Number => value.is_u64(),
        Is::OneOf(known) => value.as_str().is_some_and(|text| known.contains(&text)),
        Is::Texts => value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string)),
        Is::Object(expected) => return fields(at, value, expected, found),
        Is::Each(expected) => match value.as_array() {
            Some(all) => return all.iter().for_each(|each| fields(&format!("{at}[]"), each, expected, found)),
            None => false,
        },
        Is::Maybe(_) if value.is_null() => true,
        Is::Maybe(is) | Is::Optional(is) => return broken(at, Some(value), *is, found),
    };
    if !good {
        found.push(format!("{at} is not {is:?}: {value}"));
    }
}

/// A Deployment whose image cannot be pulled, behind a Service; in another namespace a certificate that has 20 days left.
struct Trouble {
    plane: &'static ControlPlane,
    outage: String,
    worry: String,
}

impl Trouble {
    fn start() -> Self {
        let plane = ControlPlane::shared();
        let (outage, worry) = (plane.namespace("outage"), plane.namespace("worry"));
        plane.apply(&outage, OUTAGE);
        plane.apply(&worry, &certificate());
        control_plane::eventually("the pod to wait for its image", || {
            let pods = plane.get(&outage, &["pods"]);
            let reason = pods.pointer("/items/0/status/containerStatuses/0/state/waiting/reason")?;
            (reason == "ImagePullBackOff").then_some(())
        });
        Self { plane, outage, worry }
    }
}

fn certificate() -> String {
    let now = roundsman::clock::Clock::system().now();
    let ends = u64::try_from((now + TimeDelta::days(20)).timestamp()).unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["web.example".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(ends);
    let key = rcgen::KeyPair::generate().unwrap();
    let data = json!({ "tls.crt": parameters.self_signed(&key).unwrap().pem(), "tls.key": key.serialize_pem() });
    let meta = json!({ "name": "web-tls" });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/tls", "stringData": data })
        .to_string()
}

const OUTAGE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: registry.example/web-missing:1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
";

#[test]
fn the_json_form_keeps_its_contract_and_the_exit_status_says_how_bad_it_is() {
    let trouble = Trouble::start();
    let kubeconfig = Kubeconfig::of(trouble.plane, Identity::Reader);
    let now = in_an_hour();
    let inspect = |namespace: &str, more: &[&str]| {
        roundsman(&[&["inspect", "-n", namespace, "--now", &now], more].concat()).with(&kubeconfig).run()
    };
    let report = inspect(&trouble.outage, &["-o", "json"]).json(1);
    let mut found = Vec::new();
    broken("report", Some(&report), Is::Object(REPORT), &mut found);
    assert!(found.is_empty(), "{found:#?}\n{report:#}");
    assert_eq!(report["taken_at"].as_str().unwrap().parse(), now.parse::<chrono::DateTime<chrono::Utc>>());

    // Roots and their children are listed, each child with the finding that explains it.
    let findings = report["findings"].as_array().unwrap();
    // What is said of the control plane for tests itself is none of the story.
    let of_the_plane = |finding: &&Value| finding["target"]["kind"] == "Cluster";
    let roots = findings.iter().filter(|finding| finding["caused_by"].is_null() && !of_the_plane(finding));
    let roots: Vec<&Value> = roots.collect();
    let told = findings.iter().filter(of_the_plane).count() + roots.len();
    assert_eq!(roots.iter().map(|root| root["id"].as_str().unwrap()).collect::<Vec<_>>(), ["pod/image-pull"]);
    assert!(findings.len() > 1 && report["changes"]["new"] == told, "{report:#}");
    for child in findings.iter().filter(|finding| !finding["caused_by"].is_null()) {
        assert!(findings.iter().any(|cause| cause["fingerprint"] == child["caused_by"]), "{child:#}");
    }
    let object = &roots[0]["objects"][0];
    assert_eq!((&object["kind"], &object["container"]), (&"Pod".into(), &"app".into()));
    let gap = &report["gaps"][0];
    assert_eq!((&gap["what"], &gap["why"]), (&"list secrets".into(), &"switched off".into()));
    let with_secrets = Kubeconfig::of(trouble.plane, Identity::SecretsReader);
    let all = ["inspect", "-n", &trouble.outage, "--now", &now, "-o", "json", "--secrets"];
    let complete = roundsman(&all).with(&with_secrets).run().json(1);
    let gaps: Vec<(&Value, &Value)> =
        complete["gaps"].as_array().unwrap().iter().map(|gap| (&gap["what"], &gap["why"])).collect();
    assert!(gaps.iter().all(|(_, why)| **why == "not configured"), "{gaps:?}");
    // What Prometheus would tell.
    assert!(gaps.iter().any(|(what, _)| **what == "read how full volumes are"), "{gaps:?}");

    // 0 or 1, by what is asked for.
    for severity in ["critical", "high", "info"] {
        inspect(&trouble.outage, &["--fail-on", severity]).printed(1);
    }
    let worry = ["inspect", "-n", &trouble.worry, "--now", &now, "--secrets"];
    let worry = |more: &[&str]| roundsman(&[&worry[..], more].concat()).with(&with_secrets).run();
    assert!(worry(&[]).printed(0).contains("Secret"));
    for (severity, status) in [("high", 0), ("medium", 1), ("low", 1)] {
        let ran = worry(&["--fail-on", severity]);
        assert!(ran.printed(status).contains("the certificate expires in 19d"), "{ran:?}");
    }
    let ran = inspect(&trouble.outage, &["--fail-on", "terrible"]);
    assert!(ran.status == 2 && ran.err.contains("critical, high, medium, low, info"), "{ran:?}");
}

#[test]
fn the_cluster_is_found_as_kubectl_finds_it() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("found");
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    let arguments = ["inspect", "-n", &namespace];
    // By the variable, by the home folder, and by the option, which goes before the variable.
    let first_line = |ran: super::Ran| ran.printed(0).lines().next().unwrap().to_owned();
    assert!(first_line(roundsman(&arguments).env("KUBECONFIG", kubeconfig.path()).run()).starts_with("prod, "));
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    std::fs::copy(kubeconfig.path(), home.path().join(".kube/config")).unwrap();
    assert!(first_line(roundsman(&arguments).env("HOME", home.path()).run()).starts_with("prod, "));
    let call = roundsman(&arguments).env("KUBECONFIG", "/nowhere").with(&kubeconfig);
    assert!(first_line(call.run()).starts_with("prod, "));

    // Several files, and a context that is not the current one.
    let other = Kubeconfig::text(std::fs::read_to_string(kubeconfig.path()).unwrap().replace("\"prod\"", "\"lab\""));
    let both = std::env::join_paths([kubeconfig.path(), other.path()]).unwrap();
    let call = roundsman(&[&arguments[..], &["--context", "lab"]].concat()).env("KUBECONFIG", both);
    assert!(first_line(call.run()).starts_with("lab, "));

    let ran = roundsman(&["inspect", "--now", "yesterday"]).with(&kubeconfig).run();
    assert!(ran.status == 2 && ran.err.contains("write it as 2026-11-23T09:00:00Z"), "{ran:?}");
}

#[test]
fn a_reader_that_has_seen_enough_changes_nothing() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("gone");
    plane.apply(&namespace, LOST_SERVICES);
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    let now = in_an_hour();
    for form in ["text", "json"] {
        let mut call = roundsman(&["inspect", "-n", &namespace, "-o", form, "--now", &now]).with(&kubeconfig);
        let mut child = call.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Gone before the first line is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap()),
            (Some(1), String::new()),
            "{form}"
        );
    }
}
