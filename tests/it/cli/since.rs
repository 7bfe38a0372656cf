//! `--since REPORT.json`: what is new, ongoing and resolved; and files that cannot be compared with.

use super::{Kubeconfig, LOST_SERVICES, in_an_hour, roundsman};
use control_plane::{ControlPlane, Identity};
use serde_json::{Value, json};
use std::{io::Write, path::Path};
use tempfile::NamedTempFile;

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Target names by the state of their finding.
fn in_state(report: &Value, state: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let roots = findings.filter(|finding| finding["caused_by"].is_null() && finding["state"] == state);
    roots.map(|finding| finding["target"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_new_what_goes_on_and_what_is_resolved() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("since");
    plane.apply(&namespace, LOST_SERVICES);
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    // What is said of the control plane for tests itself, which other tests fill, is none of the story.
    let orders =
        file("[[mute]]\nchecks = [\"cluster/*\", \"service/clusterip-space\"]\nwhy = \"not what is compared\"\n");
    let config = ["--config", orders.path().to_str().unwrap()];
    let arguments = ["inspect", "-n", &namespace, "-o", "json", config[0], config[1], "--now"];
    let then = in_an_hour();
    let first = roundsman(&[&arguments[..], &[&then]].concat()).with(&kubeconfig).run();
    let report = first.json(1);
    assert_eq!(in_state(&report, "new"), ["basket", "search"]);
    assert_eq!(report["changes"], json!({ "new": 2, "ongoing": 0, "resolved": [], "not_rechecked": [] }));

    plane.kubectl(&["delete", "service", "-n", &namespace, "search"]);
    plane.apply(&namespace, &LOST_SERVICES.split("---").next().unwrap().replace("search", "ads"));
    let earlier = file(&first.out);
    let since = ["--since", earlier.path().to_str().unwrap()];
    let now = in_an_hour();
    let second = roundsman(&[&arguments[..], &[&now], &since].concat()).with(&kubeconfig).run().json(1);
    assert_eq!((in_state(&second, "new"), in_state(&second, "ongoing")), (vec!["ads".into()], vec!["basket".into()]));
    let changes = &second["changes"];
    assert_eq!((&changes["new"], &changes["ongoing"]), (&json!(1), &json!(1)));
    let known = report["findings"].as_array().unwrap().iter().find(|finding| finding["target"]["name"] == "search");
    let known = known.unwrap();
    let fields = ["id", "fingerprint", "target", "title", "first_seen"];
    let resolved = Value::Object(fields.map(|field| (field.to_owned(), known[field].clone())).into_iter().collect());
    assert_eq!(changes["resolved"], json!([resolved]));
    let ongoing = second["findings"].as_array().unwrap().iter().find(|finding| finding["state"] == "ongoing").unwrap();
    assert_eq!(ongoing["first_seen"], report["taken_at"]);

    let text = roundsman(&["inspect", "-n", &namespace, since[0], since[1], config[0], config[1], "--now", &now])
        .with(&kubeconfig)
        .run();
    let text = text.printed(1);
    assert!(
        text.contains("1 new, 1 known, 1 resolved") && text.contains(&format!("Service {namespace}/search")),
        "{text}"
    );

    // Another namespace says nothing about this one.
    let other = plane.namespace("since");
    let elsewhere =
        roundsman(&["inspect", "-n", &other, "-o", "json", "--now", &now, since[0], since[1], config[0], config[1]]);
    let changes = &elsewhere.with(&kubeconfig).run().json(0)["changes"];
    assert_eq!((&changes["resolved"], changes["not_rechecked"].as_array().unwrap().len()), (&json!([]), 2));
}

#[test]
fn a_file_that_cannot_be_compared_with_is_named_with_the_reason() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("since");
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    let inspect = |since: &Path| {
        roundsman(&["inspect", "-n", &namespace, "--since", since.to_str().unwrap()]).with(&kubeconfig).run()
    };
    let says = |text: &str, why: &str| {
        let file = file(text);
        let ran = inspect(file.path());
        let said = ran.failed(2, &format!("--since {}", file.path().display()));
        assert!(said.contains(why), "{said}");
    };
    inspect(Path::new("/nowhere/report.json")).failed(2, "--since /nowhere/report.json: No such file");
    let writes_one = "; roundsman inspect -o json writes one";
    says(
        "prod, 2026-11-23 09:00 UTC: all is well.",
        &format!("this is no report: expected value at line 1 column 1{writes_one}"),
    );
    says("", &format!("this is no report: EOF while parsing a value at line 1 column 0{writes_one}"));
    says("{\"items\": []}", "this is no report: missing field `schema`");
    says("[]", "this is no report: ");
    says("{\"schema\": \"roundsman/report/v1\"}", "this is no report: missing field `cluster`");
    says(
        "{\"schema\": \"roundsman/report/v2\", \"clusters\": []}",
        "of schema \"roundsman/report/v2\", and this version reads",
    );

    let report = roundsman(&["inspect", "-n", &namespace, "-o", "json"]).with(&kubeconfig).run();
    says(&report.out.replacen("\"prod\"", "\"staging\"", 1), " is of cluster staging, and this is prod");
    let mut later = report.json(0);
    later["taken_at"] = json!("2099-01-01T00:00:00Z");
    says(&later.to_string(), " is of 2099-01-01 00:00 UTC, which is later than this inspection's ");
}
