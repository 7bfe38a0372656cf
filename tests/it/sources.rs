//! What is no list, read from a real API server: its health, its metrics, its certificate, the autoscaler's status, kubelets
//! behind the node proxy; and that each of them is a gap of its own where it may not be had.

use crate::world::{self, shapes::Covered};
use control_plane::{ContainerLogs, ControlPlane, Identity, Profile};
use roundsman::{
    clock::Clock,
    cluster::{Access, Cluster, ClusterConfig, ReadRequest, Sources},
    snapshot::{Resource, Scope, Snapshot, State, Unread, Why},
};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

async fn started() -> (Arc<ControlPlane>, Covered) {
    let start = || Arc::new(ControlPlane::start(Profile::Bare).unwrap());
    let plane = tokio::task::spawn_blocking(start).await.unwrap();
    let covered = Covered::on(&plane);
    (plane, covered)
}

async fn ended(plane: Arc<ControlPlane>, covered: Covered) {
    drop(covered);
    tokio::task::spawn_blocking(move || drop(plane)).await.unwrap();
}

/// Does something that blocks with the control plane.
async fn with<T: Send + 'static>(
    plane: &Arc<ControlPlane>,
    act: impl FnOnce(&ControlPlane) -> T + Send + 'static,
) -> T {
    let plane = Arc::clone(plane);
    tokio::task::spawn_blocking(move || act(&plane)).await.unwrap()
}

async fn cluster(kubeconfig: PathBuf, sources: Sources) -> Cluster {
    let config = ClusterConfig {
        name: "real".to_owned(),
        reader: Access::Kubeconfig { path: Some(kubeconfig), context: None },
        writer: None,
        secrets: false,
        sources,
        deadline: Duration::from_secs(60),
    };
    Cluster::connect(config).await.unwrap()
}

async fn read(cluster: &Cluster, resources: &[Resource]) -> Snapshot {
    let request =
        ReadRequest { resources: resources.iter().copied().collect(), ..ReadRequest::new(Clock::system().now()) };
    cluster.read(&request).await.unwrap()
}

#[track_caller]
fn why(snapshot: &Snapshot, resource: Resource) -> &str {
    match snapshot.state_of(resource) {
        State::Unread(Why::Failed(why)) => why,
        other => panic!("{resource}: {other:?}"),
    }
}

const AUTOSCALER: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: cluster-autoscaler-status }
data:
  status: |
    autoscalerStatus: Running
    clusterWide:
      health: { status: Healthy, lastTransitionTime: null }
      scaleUp: { status: NoActivity }
    nodeGroups:
    - name: workers
      health: { status: Healthy }
      scaleUp: { status: Backoff, backoffInfo: { errorCode: OutOfStock, errorMessage: no m5.large left } }
";

/// The version, what is served, 39 lists, Secrets that are forbidden at once, and four of its own: health twice, metrics, one
/// ConfigMap.
const EVERYTHING: u64 = 46;

const OF_ITSELF: &[Resource] = &[
    Resource::Nodes,
    Resource::HealthChecks,
    Resource::DeprecatedApis,
    Resource::EtcdStatuses,
    Resource::Credentials,
    Resource::AutoscalerStatuses,
    Resource::RequestStats,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_tells_of_itself_to_whoever_may_read() {
    let (plane, covered) = started().await;
    with(&plane, |plane| {
        // Deprecated since 1.33.
        plane.kubectl(&["get", "endpoints", "-A"]);
    })
    .await;
    let reader = cluster(plane.kubeconfig(Identity::Reader), Sources::default()).await;
    let snapshot = read(&reader, OF_ITSELF).await;
    for resource in OF_ITSELF.iter().filter(|resource| **resource != Resource::AutoscalerStatuses) {
        assert!(snapshot.has_read(*resource), "{resource}: {:?}", snapshot.state_of(*resource));
    }
    assert_eq!(snapshot.state_of(Resource::AutoscalerStatuses), State::Unread(&Why::NotServed));
    let checks = |endpoint: &str| snapshot.health_checks.iter().filter(|check| check.endpoint == endpoint).count();
    assert!(checks("readyz") > 20 && checks("livez") > 20, "{:?}", snapshot.health_checks);
    assert!(snapshot.health_checks.iter().all(|check| check.ok && check.message.is_empty()));
    assert!(snapshot.health_checks.iter().any(|check| check.meta.name == "etcd"));
    let endpoints = snapshot.deprecated_apis.iter().find(|api| api.meta.name == "endpoints/v1");
    assert!(endpoints.is_some(), "{:?}", snapshot.deprecated_apis);
    let [etcd] = snapshot.etcd_statuses.as_slice() else { panic!("{:?}", snapshot.etcd_statuses) };
    assert!((4096..1 << 30).contains(&etcd.db_bytes), "{etcd:?}");
    let [shown] = snapshot.credentials.as_slice() else { panic!("{:?}", snapshot.credentials) };
    assert_eq!((&*shown.holder, &*shown.meta.name), ("APIServer", plane.url().trim_start_matches("https://")));
    assert!(shown.not_after.unwrap() > Clock::system().now(), "{shown:?}");
    let [stats] = snapshot.request_stats.as_slice() else { panic!("{:?}", snapshot.request_stats) };
    assert_eq!((stats.requests as u64, stats.throttled, stats.retried), (snapshot.reads.requests, 0, 0));
    assert_eq!(stats.requests, 6, "version, nodes, readyz, livez, metrics, one ConfigMap");

    with(&plane, |plane| plane.apply("kube-system", AUTOSCALER)).await;
    let snapshot = read(&reader, &[Resource::AutoscalerStatuses]).await;
    let [autoscaler] = snapshot.autoscaler_statuses.as_slice() else { panic!("{:?}", snapshot.unread) };
    assert_eq!((&*autoscaler.health, &*autoscaler.scale_up), ("Healthy", "Backoff"));
    assert_eq!(autoscaler.message, "workers: OutOfStock: no m5.large left");

    // All that any check wants, with nothing installed beside Kubernetes.
    let everything = reader.read(&ReadRequest::new(Clock::system().now()).with_secrets()).await.unwrap();
    assert_eq!(everything.reads.requests, EVERYTHING);
    ended(plane, covered).await;
}

#[tokio::test]
async fn the_embedded_cluster_tells_of_itself_as_a_real_one_does() {
    let clock = Clock::system();
    let demo = roundsman::cli::demo::embedded(&clock).unwrap();
    let _covered = Covered::of(&demo);
    let snapshot = read(&roundsman::cli::demo::cluster(&demo), OF_ITSELF).await;
    for resource in OF_ITSELF.iter().filter(|resource| **resource != Resource::AutoscalerStatuses) {
        assert!(snapshot.has_read(*resource), "{resource}: {:?}", snapshot.state_of(*resource));
    }
    assert_eq!(snapshot.state_of(Resource::AutoscalerStatuses), State::Unread(&Why::NotServed));
    assert!(snapshot.health_checks.len() > 5 && snapshot.health_checks.iter().all(|check| check.ok));
    assert_eq!((snapshot.etcd_statuses.len(), snapshot.deprecated_apis.len(), snapshot.credentials.len()), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_store_says_so() {
    let (plane, covered) = started().await;
    let reader = cluster(plane.kubeconfig(Identity::Reader), Sources::default()).await;
    let etcd = plane.processes().into_iter().find(|process| process.name == "etcd").unwrap();
    assert!(std::process::Command::new("kill").args(["-9", &etcd.pid.to_string()]).status().unwrap().success());
    let failing = world::eventually("a failing check", async || {
        let snapshot = read(&reader, &[Resource::HealthChecks]).await;
        let failing: Vec<String> =
            snapshot.health_checks.iter().filter(|check| !check.ok).map(|check| format!("{check:?}")).collect();
        failing.iter().any(|check| check.contains("etcd")).then_some(failing)
    })
    .await;
    assert!(failing.iter().any(|check| check.contains("reason withheld")), "{failing:?}");
    ended(plane, covered).await;
}

const PODS_ONLY: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: pods-only }
rules: [{ apiGroups: [\"\"], resources: [pods], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: pods-only }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pods-only }
subjects: [{ kind: ServiceAccount, name: onlooker, namespace: default }]
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_allowed_is_a_gap_and_the_rest_is_read() {
    let (plane, covered) = started().await;
    let kubeconfig = with(&plane, |plane| {
        plane.apply("default", PODS_ONLY);
        plane.service_account("default", "onlooker")
    })
    .await;
    let sources = Sources {
        kubelet_summary: true,
        custom_resources: vec!["gears.acme.example".parse().unwrap()],
        ..Sources::default()
    };
    let onlooker = cluster(kubeconfig, sources).await;
    let more = [Resource::Pods, Resource::NodeSummaries, Resource::CustomResources];
    let snapshot = read(&onlooker, &[OF_ITSELF, &more].concat()).await;
    for forbidden in [
        Resource::Nodes,
        Resource::DeprecatedApis,
        Resource::EtcdStatuses,
        Resource::AutoscalerStatuses,
        Resource::NodeSummaries,
    ] {
        assert_eq!(snapshot.state_of(forbidden), State::Unread(&Why::Forbidden), "{forbidden}");
    }
    assert_eq!(why(&snapshot, Resource::CustomResources), "gears.acme.example: the cluster does not have it");
    for read in [Resource::Pods, Resource::HealthChecks, Resource::Credentials, Resource::RequestStats] {
        assert!(snapshot.has_read(read), "{read}: {:?}", snapshot.state_of(read));
    }
    // Its token lives for a day, and whoever made it makes the next one.
    assert_eq!(snapshot.credentials.len(), 1);
    ended(plane, covered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_in_the_kubeconfig_is_looked_at() {
    let (plane, covered) = started().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2031, 2, 3);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "alice");
    let certificate = parameters.self_signed(&key).unwrap().pem();
    let folder = tempfile::tempdir().unwrap();
    let (certificate_file, key_file) = (folder.path().join("alice.crt"), folder.path().join("alice.key"));
    std::fs::write(&certificate_file, certificate).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let text = std::fs::read(plane.kubeconfig(Identity::Reader)).unwrap();
    let mut kubeconfig: Value = serde_json::from_slice(&text).unwrap();
    kubeconfig["users"][0]["user"]["client-certificate"] = json!(certificate_file);
    kubeconfig["users"][0]["user"]["client-key"] = json!(key_file);
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();

    let alice = cluster(path, Sources::default()).await;
    let snapshot = read(&alice, &[Resource::Credentials]).await;
    let own = snapshot.credentials.iter().find(|credential| credential.holder == "Client").unwrap();
    assert_eq!(own.not_after.unwrap().to_rfc3339(), "2031-02-03T00:00:00+00:00");
    assert!(own.subject.contains("CN=alice"), "{own:?}");

    // Somebody tidied up: what the server shows is still there.
    std::fs::remove_file(&certificate_file).unwrap();
    let snapshot = read(&alice, &[Resource::Credentials]).await;
    assert!(why(&snapshot, Resource::Credentials).contains("alice.crt"));
    assert_eq!(snapshot.credentials.len(), 1);
    ended(plane, covered).await;
}

const CRASHING: &str = "
apiVersion: v1
kind: Pod
metadata: { name: basket, labels: { roundsman.test/state: crash-loop } }
spec: { containers: [{ name: app, image: registry.example/basket:1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: calm }
spec: { containers: [{ name: app, image: registry.example/calm:1 }] }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_run_of_a_container_that_crashes_is_looked_through() {
    let plane = world::plane().await;
    let _covered = Covered::on(plane);
    let crash = || {
        let namespace = plane.namespace("logs");
        let previous = "INFO starting\nERROR cannot reach postgres://basket:s3cr3t@db/basket\nFATAL giving up\n";
        plane.set_logs(&namespace, "app", &ContainerLogs { current: "INFO starting\n", previous });
        plane.apply(&namespace, CRASHING);
        namespace
    };
    let namespace = tokio::task::spawn_blocking(crash).await.unwrap();
    let reader = cluster(plane.kubeconfig(Identity::Reader), Sources { logs: true, ..Sources::default() }).await;
    let errors = world::eventually("a crash", async || {
        let resources = [Resource::Pods, Resource::LogErrors, Resource::Namespaces].into();
        let scope = Scope::Namespace(namespace.clone());
        let request = ReadRequest { resources, scope, ..ReadRequest::new(Clock::system().now()) };
        let snapshot = reader.read(&request).await.unwrap();
        snapshot.log_errors.first().cloned()
    })
    .await;
    assert_eq!((&*errors.meta.name, &*errors.container, errors.lines, errors.errors), ("basket", "app", 3, 2));
    assert_eq!(errors.sample, "FATAL giving up");
    let delete = move || plane.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
    tokio::task::spawn_blocking(delete).await.unwrap();
}

/// The port of a kubelet that has a certificate, and nothing to say.
async fn kubelet() -> (tokio::task::JoinSet<()>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut parameters = rcgen::CertificateParams::new(vec!["node".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2032, 4, 5);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    roundsman::cluster::init_tls();
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(acceptor.accept(stream).await);
        }
    });
    (tasks, port)
}

/// What a summary holds is told by the tests beside the code: the node proxy refuses to go to the loopback.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubelets_are_asked_through_the_api_server_by_who_may() {
    let (plane, covered) = started().await;
    let (kubelet, port) = kubelet().await;
    let status = format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{ name: real-1 }}\nstatus:\n  \
         addresses: [{{ type: InternalIP, address: 127.0.0.1 }}]\n  \
         conditions: [{{ type: Ready, status: \"True\" }}]\n  \
         daemonEndpoints: {{ kubeletEndpoint: {{ Port: {port} }} }}\n"
    );
    with(&plane, move |plane| {
        plane.apply("default", "apiVersion: v1\nkind: Node\nmetadata: { name: real-1 }");
        plane.apply_status("default", &status);
    })
    .await;
    let sources = Sources { kubelet_summary: true, ..Sources::default() };
    let reader = cluster(plane.kubeconfig(Identity::Reader), sources).await;
    let wanted = [Resource::Nodes, Resource::NodeSummaries, Resource::VolumeUses, Resource::KubeletCertificates];
    let snapshot = read(&reader, &wanted).await;
    assert!(
        why(&snapshot, Resource::NodeSummaries).contains("cannot get resource \"nodes/proxy\""),
        "{:?}",
        snapshot.unread
    );
    let [certificate] = snapshot.kubelet_certificates.as_slice() else { panic!("{:?}", snapshot.unread) };
    assert_eq!((&*certificate.meta.name, &*certificate.holder), ("real-1", "Kubelet"));
    assert_eq!(certificate.not_after.unwrap().to_rfc3339(), "2032-04-05T00:00:00+00:00");

    with(&plane, |plane| {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/rbac/reader-kubelet.yaml");
        plane.apply("default", &std::fs::read_to_string(file).unwrap());
        let user = format!("--user={}", Identity::Reader.user());
        plane.kubectl(&[
            "create",
            "clusterrolebinding",
            "asks-kubelets",
            "--clusterrole=roundsman-reader-kubelet",
            &user,
        ]);
    })
    .await;
    // The API server's own view of the roles is a moment behind.
    let snapshot = world::eventually("the new right", async || {
        let snapshot = read(&reader, &wanted).await;
        let refused = |unread: &Unread| matches!(&unread.why, Why::Failed(why) if why.contains("nodes/proxy"));
        (!snapshot.unread.iter().any(refused)).then_some(snapshot)
    })
    .await;
    let refused = "1 of 1 kubelets did not tell: real-1: 400: address not allowed";
    for resource in [Resource::NodeSummaries, Resource::VolumeUses] {
        assert_eq!(why(&snapshot, resource), refused);
    }
    assert!(snapshot.has_read(Resource::KubeletCertificates));
    drop(kubelet);
    ended(plane, covered).await;
}
