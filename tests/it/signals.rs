//! A real Prometheus that scrapes an exporter of the test: what it tells is read as an inspection reads it.

use crate::world::{self, shapes::Covered};
use chrono::{DateTime, TimeDelta, Utc};
use control_plane::Identity;
use roundsman::{
    clock::Clock,
    signals::{Endpoint, prometheus},
    snapshot::{DroppingPool, Why},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// The program, built where it is missing.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prometheus/build");
        let built = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "Prometheus could not be built");
        PathBuf::from(String::from_utf8(built.stdout).unwrap().trim())
    })
}

/// A running Prometheus; it ends with the test, however that ends.
struct Prometheus {
    endpoint: Endpoint,
    folder: TempDir,
    /// A shell that ends the program when the pipe to it closes.
    keeper: Child,
}

/// `$@` is the program; what it says comes out, and goes on when nobody reads any more.
const KEEPER: &str = r#""$@" 2>&1 & cat >/dev/null; kill -9 $!"#;

impl Prometheus {
    fn start(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(program())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"])
            .args(["--web.enable-lifecycle", "--log.format=logfmt"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // `… msg="Listening on" component=web address=127.0.0.1:41234`
        let mut said = BufReader::new(keeper.stdout.take().unwrap()).lines().map(Result::unwrap);
        let listening = said.by_ref().find(|line| line.contains("msg=\"Listening on\"")).unwrap();
        let address = listening.split_whitespace().find_map(|word| word.strip_prefix("address=")).unwrap();
        let endpoint = Endpoint::at(&format!("http://{address}"));
        std::thread::spawn(move || said.for_each(drop));
        Self { endpoint, folder, keeper }
    }

    /// Takes another configuration, if it can.
    async fn reload(&self, configuration: &str) -> bool {
        std::fs::write(self.folder.path().join("prometheus.yml"), configuration).unwrap();
        let client = reqwest::Client::new();
        client.post(format!("{}/-/reload", self.endpoint.url)).send().await.unwrap().status().is_success()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

/// What the exporter says at each scrape: as kubelets, containers and etcd do.
const SERIES: &str = r#"
kubelet_volume_stats_capacity_bytes{namespace="shop",persistentvolumeclaim="data-db-0"} 1000
kubelet_volume_stats_available_bytes{namespace="shop",persistentvolumeclaim="data-db-0"} 40
kubelet_volume_stats_inodes{namespace="shop",persistentvolumeclaim="data-db-0"} 100
kubelet_volume_stats_inodes_used{namespace="shop",persistentvolumeclaim="data-db-0"} 7
kubelet_volume_stats_capacity_bytes{namespace="other",persistentvolumeclaim="x"} 10
kubelet_volume_stats_available_bytes{namespace="other",persistentvolumeclaim="x"} NaN
container_cpu_cfs_throttled_periods_total{namespace="shop",pod="api-1",container="app"} THROTTLED
container_cpu_cfs_periods_total{namespace="shop",pod="api-1",container="app"} PERIODS
container_cpu_cfs_throttled_periods_total{namespace="shop",pod="calm-1",container="app"} 0
container_cpu_cfs_periods_total{namespace="shop",pod="calm-1",container="app"} PERIODS
etcd_mvcc_db_total_size_in_bytes 7.5e+09
etcd_server_quota_backend_bytes 8.589934592e+09
etcd_server_leader_changes_seen_total PERIODS
prometheus_target_scrape_pool_targets{scrape_job="dropped"} 0
prometheus_target_scrape_pool_targets{scrape_job="of another server"} 0
"#;

/// The exporter, its address, and the means to stop it.
async fn exporter() -> (JoinSet<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let scrapes = AtomicU32::new(0);
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap_or(b'\n'));
            }
            let scrape = scrapes.fetch_add(1, Ordering::Relaxed);
            let body =
                SERIES.replace("THROTTLED", &(scrape * 4).to_string()).replace("PERIODS", &(scrape * 10).to_string());
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    });
    (tasks, address)
}

fn configuration(exporter: &str) -> String {
    format!(
        "global: {{ scrape_interval: 250ms, scrape_timeout: 250ms }}\nscrape_configs:\n\
         - {{ job_name: cluster, static_configs: [{{ targets: [\"{exporter}\"], labels: {{ cluster: prod }} }}] }}\n\
         - {{ job_name: gone, static_configs: [{{ targets: [\"127.0.0.1:1\"], labels: {{ cluster: prod, team: a+b }} }}] }}\n\
         - {{ job_name: dropped, static_configs: [{{ targets: [\"127.0.0.1:1\", \"127.0.0.1:2\"] }}], \
         relabel_configs: [{{ source_labels: [__address__], action: drop }}] }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_prometheus_tells_is_read() {
    let (exporter, address) = exporter().await;
    let text = configuration(&address);
    let running = tokio::task::spawn_blocking(move || Prometheus::start(&text)).await.unwrap();
    let now = || -> DateTime<Utc> { Clock::system().now() };
    let endpoint = Endpoint { labels: vec![("cluster".to_owned(), "prod".to_owned())], ..running.endpoint.clone() };

    let volumes = world::eventually("the first scrape", async || {
        Some(prometheus::volumes(&endpoint, None).await.unwrap()).filter(|volumes| !volumes.is_empty())
    })
    .await;
    let [claim] = volumes.as_slice() else { panic!("{volumes:?}") };
    assert_eq!((&*claim.meta.namespace, &*claim.meta.name), ("shop", "data-db-0"));
    let used = &claim.used;
    assert_eq!((used.used_bytes, used.capacity_bytes, used.inodes_used, used.inodes), (960, 1000, 7, 100));
    assert_eq!(prometheus::volumes(&endpoint, Some("shop")).await.unwrap().len(), 1);
    assert_eq!(prometheus::volumes(&endpoint, Some("elsewhere")).await, Ok(Vec::new()));
    let lab = Endpoint { labels: vec![("cluster".to_owned(), "lab".to_owned())], ..endpoint.clone() };
    assert_eq!(prometheus::volumes(&lab, None).await, Ok(Vec::new()));

    let throttled = world::eventually("a rate", async || {
        Some(prometheus::throttled(&endpoint, None).await.unwrap()).filter(|throttled| !throttled.is_empty())
    })
    .await;
    let [api] = throttled.as_slice() else { panic!("{throttled:?}") };
    assert_eq!((&*api.meta.name, &*api.container, api.percent.round()), ("api-1", "app", 40.0));

    let etcd = world::eventually("changes of the leader", async || {
        Some(prometheus::etcd(&endpoint).await.unwrap())
            .filter(|etcd| etcd.first().is_some_and(|member| member.leader_changes > 0))
    })
    .await;
    let [etcd] = etcd.as_slice() else { panic!("{etcd:?}") };
    assert_eq!((&*etcd.meta.name, etcd.db_bytes, etcd.quota_bytes), (&*address, 7_500_000_000, 8 << 30));

    let [status] = prometheus::status(&endpoint).await.unwrap().try_into().unwrap();
    assert_eq!(status.dropping, [DroppingPool { name: "dropped".into(), dropped: 2 }]);

    let down = prometheus::down(&endpoint, now()).await.unwrap();
    let [gone] = down.as_slice() else { panic!("{down:?}") };
    assert_eq!((&*gone.job, &*gone.instance), ("gone", "127.0.0.1:1"));
    assert_eq!(gone.labels.get("team").map(|team| &**team), Some("a+b"));
    assert!(gone.last_error.contains("connection refused"), "{gone:?}");
    assert!(now() - gone.since.unwrap() >= TimeDelta::hours(24), "it was never up");

    // As far back as the first quarter of a minute in which it was up.
    world::eventually("a quarter of a minute", async || {
        let seen = "last_over_time(up{job=\"cluster\"}[1m:15s])";
        let answer = reqwest::Client::new().get(format!("{}/api/v1/query?query={}", endpoint.url, encoded(seen)));
        answer.send().await.unwrap().text().await.unwrap().contains("\"1\"").then_some(())
    })
    .await;
    drop(exporter);
    let stopped = now();
    let down = world::eventually("a target that goes down", async || {
        Some(prometheus::down(&endpoint, now()).await.unwrap()).filter(|down| down.len() == 2)
    })
    .await;
    let cluster = down.iter().find(|target| target.job == "cluster").unwrap();
    let since = stopped - cluster.since.unwrap();
    assert!((TimeDelta::seconds(-2)..TimeDelta::minutes(2)).contains(&since), "{cluster:?} {stopped}");

    let [status] = prometheus::status(&endpoint).await.unwrap().try_into().unwrap();
    assert_eq!((status.reload_successful, status.scrape_pools, &*status.error), (true, 3, ""));
    assert_eq!(status.dropping, [], "nobody measures it any more");
    assert!(!running.reload("scrape_configs: nonsense").await);
    let [status] = prometheus::status(&endpoint).await.unwrap().try_into().unwrap();
    assert!(!status.reload_successful && status.error.contains("the configuration of"), "{status:?}");
    assert!(running.reload("global: {}").await);
    let [status] = prometheus::status(&endpoint).await.unwrap().try_into().unwrap();
    assert_eq!((status.reload_successful, status.scrape_pools), (true, 0));

    let mistaken = Endpoint { url: format!("{}/prefix", endpoint.url), ..endpoint.clone() };
    let why = prometheus::volumes(&mistaken, None).await.unwrap_err();
    assert!(matches!(&why, Why::Failed(why) if why.contains("is the address right?")), "{why:?}");
}

/// The binary on a real cluster, with what this Prometheus knows of it; and without, where nothing is missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inspection_asks_the_prometheus_that_it_is_told() {
    let plane = world::plane().await;
    let _covered = Covered::on(plane);
    let (exporter, address) = exporter().await;
    let running = tokio::task::spawn_blocking(move || Prometheus::start(&configuration(&address))).await.unwrap();
    world::eventually("the first scrape", async || {
        Some(prometheus::volumes(&running.endpoint, None).await.unwrap()).filter(|volumes| !volumes.is_empty())
    })
    .await;
    let inspect = async |more: &[&str]| {
        let home = tempfile::tempdir().unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_roundsman"));
        command.args(["inspect", "-o", "json", "--kubeconfig"]).arg(plane.kubeconfig(Identity::Reader)).args(more);
        let output = command.env_clear().env("HOME", home.path()).output().await.unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let report = inspect(&["--prometheus", &running.endpoint.url]).await;
    let findings = report["findings"].as_array().unwrap();
    let full =
        findings.iter().find(|finding| finding["id"] == "pvc/nearly-full").unwrap_or_else(|| panic!("{report:#}"));
    let target = json!({"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data-db-0"});
    assert_eq!((&full["severity"], &full["target"]), (&json!("critical"), &target));
    assert!(report["reads"]["requests"].as_u64().unwrap() <= 60, "{}", report["reads"]);

    let gap = |report: &Value| {
        let gaps = report["gaps"].as_array().unwrap().clone();
        gaps.into_iter().find(|gap| gap["checks"].as_array().unwrap().contains(&json!("pvc/nearly-full")))
    };
    assert_eq!(gap(&report), None);
    assert_eq!(gap(&inspect(&[]).await).unwrap()["why"], "not configured");
    let lost = gap(&inspect(&["--prometheus", "http://127.0.0.1:1"]).await).unwrap();
    assert_eq!(lost["what"], "read how full volumes are");
    assert!(lost["why"].as_str().unwrap().contains("refused"), "{lost}");
    drop(exporter);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
