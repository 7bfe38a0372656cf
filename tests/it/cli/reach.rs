//! Clusters that cannot be inspected at all: one line that says what stands in the way and what to do, and status 2.

use super::{Kubeconfig, closed_port, roundsman};
use control_plane::{ControlPlane, Identity};
use serde_json::json;
use std::{io::Read, net::TcpListener};

/// Every stateless command says the same; a question's answer may say it.
#[track_caller]
fn all_say(kubeconfig: &Kubeconfig, message: &str, also: &[&str]) {
    let inspect = roundsman(&["inspect", "-o", "json"]).with(kubeconfig).run();
    let why = roundsman(&["why", "deployment/checkout"]).with(kubeconfig).run();
    let ask = roundsman(&["ask", "why?"]).with(kubeconfig).run();
    assert!(ask.status == 2 && (ask.out.contains(message) || ask.err.contains(message)), "{ask:?}");
    for said in [inspect.failed(2, message), why.failed(2, message)] {
        for words in also {
            assert!(said.contains(words), "{words:?} is missing: {said}");
        }
    }
}

#[test]
fn a_closed_port() {
    let server = format!("https://127.0.0.1:{}", closed_port());
    let message = format!("Cannot inspect cluster prod at {server}: the connection is refused.");
    all_say(&Kubeconfig::at(&server, "any", None), &message, &["Is the API server running"]);
}

#[test]
fn a_server_that_accepts_and_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let listening = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        // Until the other side has had enough.
        connection.read_to_end(&mut Vec::new())
    });
    let ran = roundsman(&["inspect"]).with(&Kubeconfig::at(&server, "any", None)).run();
    let said = ran.failed(2, &format!("Cannot inspect cluster prod at {server}: it does not answer in time."));
    assert!(said.contains("Check the network") && said.contains("no answer within 20s"), "{said}");
    listening.join().unwrap().unwrap();
}

#[test]
fn a_host_that_does_not_exist() {
    let kubeconfig = Kubeconfig::at("https://no-such-host.invalid:6443", "any", None);
    let message = "Cannot inspect cluster prod at https://no-such-host.invalid:6443: its host name is unknown.";
    all_say(&kubeconfig, message, &["VPN"]);
}

#[test]
fn a_certificate_that_is_not_trusted() {
    let plane = ControlPlane::shared();
    let message = format!("Cannot inspect cluster prod at {}: it shows no certificate that is trusted.", plane.url());
    let kubeconfig = Kubeconfig::at(&plane.url(), plane.token(Identity::Reader), None);
    all_say(&kubeconfig, &message, &["certificate-authority", "UnknownIssuer"]);
}

#[test]
fn a_token_that_nobody_knows() {
    let plane = ControlPlane::shared();
    let message = format!("Cannot inspect cluster prod at {}: it does not accept our credentials.", plane.url());
    all_say(&Kubeconfig::at(&plane.url(), "stale-token", Some(plane.ca_file())), &message, &["Log in again", "401"]);
}

#[test]
fn an_identity_that_may_list_nothing() {
    let plane = ControlPlane::shared();
    let message = format!("Cannot inspect cluster prod at {}: it lets us in but allows no list.", plane.url());
    let next = ["deploy/rbac/reader.yaml", r#"User "nobody" cannot list resource "pods""#];
    all_say(&Kubeconfig::of(plane, Identity::Nobody), &message, &next);
}

#[test]
fn something_else_that_answers() {
    let plane = ControlPlane::shared();
    let server = plane.url().replace("https", "http");
    let message = format!("Cannot inspect cluster prod at {server}: what answers is no Kubernetes API server.");
    all_say(&Kubeconfig::at(&server, "any", None), &message, &["Client sent an HTTP request to an HTTPS server"]);
}

#[test]
fn a_namespace_that_does_not_exist() {
    let plane = ControlPlane::shared();
    let ran = roundsman(&["inspect", "-n", "defualt"]).with(&Kubeconfig::of(plane, Identity::Reader)).run();
    let said =
        ran.failed(2, &format!("Cannot inspect cluster prod at {}: it has no namespace \"defualt\"", plane.url()));
    assert!(said.contains("it has ") && said.contains("default"), "{said}");
}

#[test]
fn a_kubeconfig_that_does_not_exist() {
    let ran = roundsman(&["inspect", "--kubeconfig", "/nowhere/config"]).run();
    let said = ran.failed(2, "Cannot use the current context: there is no file /nowhere/config;");
    assert!(said.ends_with("name the kubeconfig, or set KUBECONFIG."), "{said}");
    let ran = roundsman(&["inspect"]).run();
    assert!(ran.failed(2, "Cannot use the current context: there is no file /").contains("/.kube/config;"));
    let ran = roundsman(&["inspect"]).env("KUBECONFIG", "/elsewhere/config").run();
    ran.failed(2, "Cannot use the current context: there is no file /elsewhere/config;");
}

#[test]
fn a_kubeconfig_that_is_none() {
    for (text, why) in [
        ("hello", "line 1 column 1"),
        ("users:\n- name: me\n  user: { token: s3cret-token\n", "line "),
        ("contexts: 7", "line 1 column 11"),
    ] {
        let file = Kubeconfig::text(text);
        let message = format!("Cannot use the current context: {} is no kubeconfig: {why}", file.path().display());
        let ran = roundsman(&["inspect"]).with(&file).run();
        // The parser would quote the line with the token.
        assert!(!ran.failed(2, &message).contains("s3cret"), "{ran:?}");
    }
    let ran = roundsman(&["inspect"]).with(&Kubeconfig::text("")).run();
    ran.failed(2, "Cannot use the current context: the kubeconfig has no contexts; name another one");
}

#[test]
fn a_context_that_leads_nowhere() {
    let plane = ControlPlane::shared();
    let ran = roundsman(&["inspect", "--context", "staging"]).with(&Kubeconfig::of(plane, Identity::Reader)).run();
    ran.failed(2, "Cannot use cluster staging: the kubeconfig has no context \"staging\"; it has prod.");
    let context = |cluster: &str, user: &str| {
        Kubeconfig::text(json!({
            "current-context": "prod",
            "contexts": [{ "name": "prod", "context": { "cluster": cluster, "user": user } }],
            "clusters": [{ "name": "prod", "cluster": { "server": plane.url() } }],
            "users": [{ "name": "me", "user": {} }],
        }))
    };
    for (kubeconfig, what) in [(context("prod", "you"), "user \"you\""), (context("lab", "me"), "cluster \"lab\"")] {
        let message = format!("Cannot use the current context: its context \"prod\" names the {what}, which");
        roundsman(&["inspect"]).with(&kubeconfig).run().failed(2, &message);
    }
}

#[test]
fn a_login_command_that_fails() {
    let logging_in_by = |command: &str, script: &str| {
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "args": ["-c", script],
            "interactiveMode": "Never",
            "installHint": "Install the cloud's tool.",
        });
        Kubeconfig::with("https://127.0.0.1:1", None, json!({ "exec": exec }))
    };
    let ran = roundsman(&["inspect"]).with(&logging_in_by("cloud-login", "")).run();
    let said =
        ran.failed(2, "Cannot use cluster prod: the login command \"cloud-login\" of the kubeconfig cannot be run");
    assert!(said.ends_with("Install the cloud's tool."), "{said}");
    let script = "echo token-s3cret; echo 'Your session has expired.' >&2; exit 1";
    let ran = roundsman(&["inspect"]).with(&logging_in_by("/bin/sh", script)).run();
    let said = "Cannot use cluster prod: the login command of the kubeconfig failed (exit status: 1): Your session has expired.";
    assert_eq!(ran.failed(2, said), said);
}
