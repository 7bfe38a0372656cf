//! Control planes of their own: they end with whoever started them, and faults of nodes stay inside.
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use control_plane::{ControlPlane, Identity, Profile, eventually};
use serde_json::Value;

/// Also a zombie is gone: it only waits for its parent to ask.
fn runs(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

#[test]
fn a_bare_one_keeps_the_status_that_a_test_writes_and_ends_when_dropped() {
    let plane = ControlPlane::start(Profile::Bare).expect("a control plane");
    let namespace = plane.namespace("bare");
    plane.apply(
        &namespace,
        r#"
apiVersion: v1
kind: Pod
metadata: { name: app }
spec: { containers: [{ name: app, image: "shop/app:1" }] }
"#,
    );
    let status = r#"{"status":{"phase":"Failed","reason":"Evicted"}}"#;
    plane.kubectl(&["patch", "pod/app", "-n", &namespace, "--subresource=status", "--type=merge", "-p", status]);
    assert_eq!(plane.get(&namespace, &["pod/app"])["status"]["reason"], "Evicted");

    let programs: Vec<_> = plane.processes();
    assert_eq!(programs.iter().map(|process| process.name).collect::<Vec<_>>(), ["etcd", "kube-apiserver"]);
    for process in &programs {
        let (now, highest) = process.memory().expect("a running process");
        assert!(now > 1 << 20 && highest >= now, "{process:?} {now} {highest}");
    }
    let folder = plane.kubeconfig(Identity::Admin).parent().map(Path::to_owned).expect("a file in a folder");
    drop(plane);
    assert!(programs.iter().all(|process| !runs(process.pid.into())));
    assert!(!folder.exists());
}

#[test]
fn nothing_outlives_a_test_that_is_killed() {
    let mut test = Command::new(env!("CARGO_BIN_EXE_control-plane"))
        .arg("bare")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let output = BufReader::new(test.stdout.take().expect("its output"));
    let about: String = output.lines().map_while(Result::ok).take_while(|line| line != "ready").collect();
    let about: Value = serde_json::from_str(&about).expect("what it printed is JSON");
    let pids: Vec<u64> =
        about["processes"].as_object().expect("processes").values().filter_map(Value::as_u64).collect();
    let kubeconfig = Path::new(about["kubeconfigs"]["admin"].as_str().expect("a path"));
    let folder = kubeconfig.parent().expect("a file in a folder");
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| runs(*pid)) && folder.exists());

    // SIGKILL: nothing of the child's own runs any more.
    test.kill().expect("it is ours to kill");
    test.wait().expect("it is ours to wait for");
    eventually("etcd and the API server end", || pids.iter().all(|pid| !runs(*pid)).then_some(()));
    eventually("their files are removed", || (!folder.exists()).then_some(()));
}

#[test]
fn a_node_that_is_not_ready_is_tainted_and_gets_well() {
    let plane = ControlPlane::start(Profile::NodeLifecycle).expect("a control plane");
    let node = |name: &str| plane.get("default", &["node", name]);
    let condition = |name: &str, kind: &str| {
        let node = node(name);
        let conditions = node["status"]["conditions"].as_array().expect("conditions");
        conditions.iter().find(|condition| condition["type"] == kind).map(|found| found["status"].clone())
    };
    let tainted = |name: &str| {
        let node = node(name);
        let taints = node["spec"]["taints"].as_array().map(Vec::as_slice).unwrap_or_default();
        taints.iter().any(|taint| taint["key"] == "node.kubernetes.io/not-ready" && taint["effect"] == "NoExecute")
    };
    plane.kubectl(&["label", "node/node-1", "roundsman.test/state=not-ready"]);
    plane.kubectl(&["label", "node/node-2", "roundsman.test/state=memory-pressure"]);
    eventually("node-1 is tainted", || tainted("node-1").then_some(()));
    assert_eq!(condition("node-1", "Ready"), Some("False".into()));
    eventually("node-2 has memory pressure", || {
        (condition("node-2", "MemoryPressure") == Some("True".into())).then_some(())
    });
    assert_eq!(condition("node-2", "Ready"), Some("True".into()));
    assert_eq!(condition("node-3", "Ready"), Some("True".into()));

    plane.kubectl(&["label", "node", "--all", "roundsman.test/state-"]);
    eventually("node-1 is well", || (!tainted("node-1")).then_some(()));
    plane.kubectl(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=120s"]);
    plane.kubectl(&["wait", "--for=condition=MemoryPressure=False", "node", "--all", "--timeout=120s"]);
}

#[test]
fn without_go_the_build_says_what_is_missing() {
    let empty = tempfile::tempdir().expect("a folder");
    let commands = empty.path().join("bin");
    fs::create_dir(&commands).expect("a folder in it");
    for command in ["bash", "cat", "cut", "dirname", "env", "sha256sum"] {
        let found =
            ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(command)).into_iter().find(|path| path.exists());
        std::os::unix::fs::symlink(found.expect("a usual command"), commands.join(command)).expect("a link");
    }
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("build"))
        .env("PATH", &commands)
        .env("ROUNDSMAN_CONTROL_PLANE_DIR", empty.path().join("cache"))
        .env_remove("KUBEBUILDER_ASSETS")
        .output()
        .expect("the script runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(stderr.contains("go is missing") && stderr.contains("install Go 1.26 or newer"), "{stderr}");
}
