//! What the stories rely on, on the shared control plane: identities, the audit log, and pods that fall ill and get well.
use control_plane::{ContainerLogs, ControlPlane, Cursor, Identity, eventually};
use serde_json::Value;

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout }
spec:
  replicas: 2
  progressDeadlineSeconds: 2
  selector: { matchLabels: { app: checkout } }
  template:
    metadata: { labels: { app: checkout } }
    spec: { containers: [{ name: checkout, image: "shop/checkout:1" }] }
"#;

/// A pod with a sidecar; its first container is the one that falls ill.
fn pod(name: &str, state: &str, image: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Pod
metadata: {{ name: "{name}", labels: {{ roundsman.test/state: "{state}" }} }}
spec:
  restartPolicy: {}
  containers:
    - {{ name: app, image: "{image}", envFrom: [{{ configMapRef: {{ name: settings }} }}] }}
    - {{ name: sidecar, image: "shop/proxy:1" }}
---"#,
        if ["complete", "fail"].contains(&state) { "Never" } else { "Always" },
    )
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .find(|condition| at(condition, "/type") == kind)
        .map_or("", |found| at(found, "/status"))
}

/// `Running true/true`: the phase, and of each container why it waits or ended, or else whether it is ready.
fn summary(pod: &Value) -> String {
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let each = containers.into_iter().flatten().map(|status| {
        let why = ["/state/waiting/reason", "/state/terminated/reason"].map(|reason| at(status, reason)).concat();
        if why.is_empty() { status["ready"].to_string() } else { why }
    });
    format!("{} {}", at(pod, "/status/phase"), each.collect::<Vec<_>>().join("/"))
}

#[track_caller]
fn may(identity: Identity, arguments: &[&str]) -> bool {
    let output = ControlPlane::shared().try_kubectl(identity, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() || stderr.contains("Forbidden") || stderr.contains("forbidden"), "{stderr}");
    output.status.success()
}

/// kubectl looks at what it patches, which the writer may not.
#[track_caller]
fn let_look(namespace: &str) {
    let plane = ControlPlane::shared();
    plane.kubectl(&["create", "role", "look", "-n", namespace, "--verb=get", "--resource=deployments"]);
    let user = format!("--user={}", Identity::Writer.user());
    plane.kubectl(&["create", "rolebinding", "look", "-n", namespace, "--role=look", &user]);
    eventually("the writer may look", || {
        may(Identity::Writer, &["get", "deployment/checkout", "-n", namespace]).then_some(())
    });
}

#[test]
fn every_identity_may_do_what_its_role_says_and_no_more() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("identities");
    plane.apply(&namespace, DEPLOYMENT);
    let n = namespace.as_str();

    let reads = "pods,events,nodes,namespaces,services,endpointslices,configmaps,persistentvolumeclaims,persistentvolumes,\
        resourcequotas,replicationcontrollers,limitranges,serviceaccounts,deployments,replicasets,statefulsets,daemonsets,jobs,\
        cronjobs,ingresses,ingressclasses,networkpolicies,storageclasses,poddisruptionbudgets,horizontalpodautoscalers,leases";
    assert!(may(Identity::Reader, &["get", reads, "--all-namespaces"]));
    // Events it reads by one name only.
    assert!(!may(Identity::Reader, &["get", "events.events.k8s.io", "--all-namespaces"]));
    assert!(may(Identity::Reader, &["auth", "can-i", "list", "pods"]));
    assert!(!may(Identity::Reader, &["get", "secrets", "-n", n]));
    assert!(may(Identity::SecretsReader, &["get", "secrets,pods", "--all-namespaces"]));

    let annotate = r#"{"spec":{"template":{"metadata":{"annotations":{"again":"1"}}}}}"#;
    let patch = ["patch", "deployment/checkout", "-n", n, "--type=merge", "-p", annotate];
    let rehearse = [patch.as_slice(), &["--dry-run=server"]].concat();
    for reader in [Identity::Reader, Identity::SecretsReader, Identity::Nobody] {
        assert!(!may(reader, &patch));
        assert!(!may(reader, &rehearse));
    }
    let_look(n);
    assert!(may(Identity::Writer, &rehearse));
    assert!(may(Identity::Writer, &patch));
    let scale = ["patch", "deployment/checkout", "-n", n, "--subresource=scale", "--type=merge", "-p"];
    assert!(!may(Identity::Writer, &[&scale[..], &[r#"{"spec":{"replicas":3}}"#]].concat()));
    for kind in ["pods", "secrets", "configmaps", "serviceaccounts"] {
        assert!(!may(Identity::Writer, &["get", kind, "-n", n]));
    }
    assert!(!may(Identity::Writer, &["delete", "deployment/checkout", "-n", n]));
    assert!(!may(Identity::Writer, &["create", "configmap", "new", "-n", n]));
    assert!(!may(Identity::Nobody, &["get", "pods", "-n", n]));
}

#[test]
fn an_image_that_cannot_be_pulled_stops_a_rollout_and_an_undo_cures_it() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("rollout");
    let n = namespace.as_str();
    plane.apply(n, DEPLOYMENT);
    plane.kubectl(&["rollout", "status", "deployment/checkout", "-n", n, "--timeout=120s"]);

    plane.kubectl(&["set", "image", "deployment/checkout", "checkout=shop/checkout:nope", "-n", n]);
    let stopped = eventually("the rollout is stuck", || {
        let deployment = plane.get(n, &["deployment/checkout"]);
        (condition(&deployment, "Progressing") == "False").then_some(deployment)
    });
    assert_eq!(stopped["status"]["updatedReplicas"], 1);
    assert_eq!(stopped["status"]["availableReplicas"], 2);
    let summaries = || {
        let pods = plane.get(n, &["pods", "-l", "app=checkout"]);
        let mut summaries: Vec<_> = pods["items"].as_array().expect("a list").iter().map(summary).collect();
        summaries.sort();
        summaries
    };
    assert_eq!(summaries(), ["Pending ImagePullBackOff", "Running true", "Running true"]);

    plane.kubectl(&["rollout", "undo", "deployment/checkout", "-n", n]);
    plane.kubectl(&["rollout", "status", "deployment/checkout", "-n", n, "--timeout=120s"]);
    eventually("the bad pod is gone", || (summaries() == ["Running true", "Running true"]).then_some(()));
}

#[test]
fn labels_decide_what_becomes_of_a_pod() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("states");
    let cases = [
        ("healthy", "", "shop/app:1", "Running true/true"),
        ("not-ready", "not-ready", "shop/app:1", "Running false/true"),
        ("crash-loop", "crash-loop", "shop/app:1", "Running CrashLoopBackOff/true"),
        ("oom", "oom", "shop/app:1", "Running CrashLoopBackOff/true"),
        ("missing-config", "missing-config", "shop/app:1", "Pending CreateContainerConfigError/true"),
        ("complete", "complete", "shop/app:1", "Succeeded Completed/Completed"),
        ("fail", "fail", "shop/app:1", "Failed Error/Error"),
        ("bad-tag", "", "shop/app:nope", "Pending ImagePullBackOff/true"),
        ("bad-name", "", "shop/missing-app:1", "Pending ImagePullBackOff/true"),
    ];
    let manifests = cases.map(|(name, state, image, _)| pod(name, state, image)).concat();
    plane.apply(&namespace, &manifests);
    for (name, _, _, expected) in cases {
        eventually(&format!("{name} is {expected}"), || {
            (summary(&plane.get(&namespace, &["pod", name])) == expected).then_some(())
        });
    }

    let crashed = plane.get(&namespace, &["pod", "crash-loop"]);
    let last =
        |pod: &Value| pod.pointer("/status/containerStatuses/0/lastState/terminated").cloned().unwrap_or_default();
    assert_eq!((&last(&crashed)["exitCode"], at(&last(&crashed), "/reason")), (&Value::from(1), "Error"));
    assert_eq!(condition(&crashed, "Ready"), "False");
    let killed = plane.get(&namespace, &["pod", "oom"]);
    assert_eq!((&last(&killed)["exitCode"], at(&last(&killed), "/reason")), (&Value::from(137), "OOMKilled"));
    eventually("the restarts climb", || {
        let crashed = plane.get(&namespace, &["pod", "crash-loop"]);
        (crashed.pointer("/status/containerStatuses/0/restartCount")?.as_i64()? > 4).then_some(())
    });
    let unconfigured = plane.get(&namespace, &["pod", "missing-config"]);
    assert_eq!(
        at(&unconfigured, "/status/containerStatuses/0/state/waiting/message"),
        "configmap \"settings\" not found"
    );
    eventually("the events tell the reasons", || {
        let events = plane.get(&namespace, &["events"]);
        let reasons: Vec<_> = events["items"].as_array()?.iter().map(|event| at(event, "/reason")).collect();
        ["Scheduled", "Failed", "BackOff", "Unhealthy"].iter().all(|reason| reasons.contains(reason)).then_some(())
    });
}

#[test]
fn a_running_pod_falls_ill_and_gets_well() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("health");
    let becomes = |expected: &str| {
        eventually(expected, || (summary(&plane.get(&namespace, &["pod", "app"])) == expected).then_some(()));
    };
    let label = |label: &str| plane.kubectl(&["label", "--overwrite", "-n", &namespace, "pod/app", label]);
    plane.apply(&namespace, &pod("app", "", "shop/app:1"));
    becomes("Running true/true");
    label("roundsman.test/state=crash-loop");
    becomes("Running CrashLoopBackOff/true");
    label("roundsman.test/state=not-ready");
    becomes("Running false/true");
    label("roundsman.test/state-");
    becomes("Running true/true");

    label("roundsman.test/state=stuck");
    plane.kubectl(&["delete", "pod/app", "-n", &namespace, "--wait=false"]);
    assert!(plane.get(&namespace, &["pod", "app"])["metadata"]["deletionTimestamp"].is_string());
    label("roundsman.test/state-");
    plane.kubectl(&["wait", "--for=delete", "pod/app", "-n", &namespace, "--timeout=120s"]);
}

#[test]
fn jobs_end_as_their_pods_do() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("jobs");
    for (name, state, expected) in [("backup", "fail", "Failed"), ("report", "complete", "Complete")] {
        plane.apply(
            &namespace,
            &format!(
                r#"
apiVersion: batch/v1
kind: Job
metadata: {{ name: {name} }}
spec:
  backoffLimit: 0
  template:
    metadata: {{ labels: {{ roundsman.test/state: {state} }} }}
    spec: {{ restartPolicy: Never, containers: [{{ name: job, image: "shop/job:1" }}] }}
"#
            ),
        );
        plane.kubectl(&[
            "wait",
            "-n",
            &namespace,
            &format!("--for=condition={expected}"),
            &format!("job/{name}"),
            "--timeout=120s",
        ]);
    }
}

#[test]
fn the_audit_log_tells_what_each_identity_asked() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("audit");
    let n = namespace.as_str();
    plane.apply(n, DEPLOYMENT);
    let_look(n);
    let audit = plane.audit();
    let before = audit.cursor();
    let here = |identity, since| {
        let mut requests = audit.requests(since, identity);
        // Other tests ask at the same time.
        requests.retain(|request| request.namespace == n);
        requests.into_iter().map(|r| (r.verb.clone(), r.what(), r.name.clone(), r.dry_run, r.code)).collect::<Vec<_>>()
    };
    let call = |verb: &str, what: &str, name: &str, dry_run, code| {
        (verb.to_owned(), what.to_owned(), name.to_owned(), dry_run, Some(code))
    };

    plane.try_kubectl(Identity::Reader, &["get", "pods", "-n", n]);
    plane.try_kubectl(Identity::Reader, &["get", "secrets", "-n", n]);
    assert_eq!(
        here(Identity::Reader, before),
        [call("list", "pods", "", false, 200), call("list", "secrets", "", false, 403)]
    );

    let pause = ["patch", "deployment/checkout", "-n", n, "--type=merge", "-p", r#"{"spec":{"paused":true}}"#];
    plane.try_kubectl(Identity::Writer, &[pause.as_slice(), &["--dry-run=server"]].concat());
    let rehearsed = audit.cursor();
    plane.try_kubectl(Identity::Writer, &pause);
    plane.try_kubectl(Identity::Writer, &["delete", "deployment/checkout", "-n", n]);
    let rehearsal =
        [call("get", "deployments", "checkout", false, 200), call("patch", "deployments", "checkout", true, 200)];
    let change = [
        call("get", "deployments", "checkout", false, 200),
        call("patch", "deployments", "checkout", false, 200),
        call("delete", "deployments", "checkout", false, 403),
    ];
    assert_eq!(here(Identity::Writer, before), [&rehearsal[..], &change[..]].concat());
    assert_eq!(here(Identity::Writer, rehearsed), change);
    let writes: Vec<_> =
        audit.writes(before, Identity::Writer).into_iter().filter(|write| write.namespace == n).collect();
    assert_eq!(
        writes.iter().map(|write| (write.verb.as_str(), write.succeeded())).collect::<Vec<_>>(),
        [("patch", true), ("delete", false)]
    );
    let bodies: Vec<_> = audit
        .writes(before, Identity::Writer)
        .into_iter()
        .filter(|write| write.name == "checkout" && write.namespace == n)
        .map(|write| write.body)
        .collect();
    assert_eq!(bodies.first(), Some(&Some(serde_json::json!({ "spec": { "paused": true } }))));
    assert!(audit.since(Cursor::START).iter().all(|request| request.user != "admin"));
}

#[test]
fn a_deletion_may_say_in_its_body_that_it_is_a_dry_run() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("rehearsal");
    plane.apply(&namespace, &pod("app", "", "shop/app:1"));
    let audit = plane.audit();
    let before = audit.cursor();
    let deletion = ["delete", "pod/app", "-n", &namespace, "--wait=false"];
    plane.try_kubectl(Identity::Writer, &[&deletion[..], &["--dry-run=server"]].concat());
    let here = || audit.requests(before, Identity::Writer).into_iter().filter(|request| request.namespace == namespace);
    let rehearsal = here().next_back().expect("it was asked");
    assert!(!rehearsal.uri.contains("dryRun"), "kubectl sends the options as the body: {}", rehearsal.uri);
    assert!(rehearsal.dry_run && rehearsal.succeeded() && !rehearsal.is_write());
    plane.try_kubectl(Identity::Writer, &deletion);
    assert!(here().next_back().expect("it was asked").is_write());
}

#[test]
fn a_story_has_a_namespace_and_any_rights_it_wants() {
    let plane = ControlPlane::shared();
    let (one, other) = (plane.namespace("story"), plane.namespace("story"));
    assert_ne!(one, other);

    let kubeconfig = plane.service_account(&one, "half-reader");
    plane.kubectl(&["create", "role", "pods", "-n", &one, "--verb=list", "--resource=pods"]);
    plane.kubectl(&[
        "create",
        "rolebinding",
        "pods",
        "-n",
        &one,
        "--role=pods",
        &format!("--serviceaccount={one}:half-reader"),
    ]);
    let path = kubeconfig.to_str().expect("a path of ours");
    let may = |namespace: &str, kind: &str| {
        let arguments = ["--kubeconfig", path, "get", kind, "-n", namespace];
        plane.try_kubectl(Identity::Nobody, &arguments).status.success()
    };
    eventually("the role is in force", || may(&one, "pods").then_some(()));
    assert!(!may(&other, "pods"));
    assert!(!may(&one, "services"));
}

#[test]
fn containers_have_logs_also_of_their_previous_life() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("logs");
    plane.apply(&namespace, &pod("app", "crash-loop", "shop/app:1"));
    eventually("the pod has a node", || {
        (summary(&plane.get(&namespace, &["pod", "app"])) == "Running CrashLoopBackOff/true").then_some(())
    });
    plane.set_logs(
        &namespace,
        "app",
        &ContainerLogs { current: "starting", previous: "starting\npanic: no database\nexit" },
    );

    let logs = |arguments: &[&str]| {
        let output =
            plane.try_kubectl(Identity::Reader, &[&["logs", "-n", &namespace, "app", "-c", "app"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(logs(&[]), "starting\n");
    assert_eq!(logs(&["--previous"]), "starting\npanic: no database\nexit\n");
    assert_eq!(logs(&["--previous", "--tail=1"]), "exit\n");
    plane.set_logs(&namespace, "app", &ContainerLogs { current: "starting\nup", previous: "" });
    assert_eq!(logs(&[]), "starting\nup\n");
    let sidecar = plane.try_kubectl(Identity::Reader, &["logs", "-n", &namespace, "app", "-c", "sidecar"]);
    assert!(!sidecar.status.success(), "a container without a log has none");
}
