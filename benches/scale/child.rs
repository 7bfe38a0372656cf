//! One measurement in a process of its own, which tells what it cost itself.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use http::{Request, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use roundsman::cluster::{Access, Cluster, ClusterConfig, Sources};
use roundsman::inspection::{self, History, Order};
use serde_json::{Value, json};

use crate::lists::client;

/// The first argument of a child.
pub(crate) const ARGUMENT: &str = "measure";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Download,
    DownloadFive,
    Inspect,
}

impl Mode {
    pub(crate) const ALL: &[Self] = &[Self::Download, Self::DownloadFive, Self::Inspect];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::DownloadFive => "download x5",
            Self::Inspect => "inspect",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// In bytes.
    pub(crate) peak: u64,
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) objects: u64,
    pub(crate) findings: u64,
}

fn arguments(mode: Mode, kubeconfig: &Path, now: DateTime<Utc>, lists: &Path) -> Vec<String> {
    let paths = [kubeconfig, lists].map(|path| path.display().to_string());
    [&[ARGUMENT.to_owned(), mode.name().to_owned(), now.to_rfc3339()], &paths[..]].concat()
}

/// How a shell starts it.
pub(crate) fn command(mode: Mode, kubeconfig: &Path, now: DateTime<Utc>, lists: &Path) -> String {
    format!("{} {}", std::env::current_exe().unwrap().display(), arguments(mode, kubeconfig, now, lists).join(" "))
}

pub(crate) fn run(mode: Mode, kubeconfig: &Path, now: DateTime<Utc>, lists: &Path) -> Measured {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(arguments(mode, kubeconfig, now, lists)).output().unwrap();
    assert!(output.status.success(), "{mode:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |field: &str| said[field].as_u64().unwrap();
    Measured {
        wall: Duration::from_micros(number("wall_us")),
        cpu: Duration::from_millis(number("cpu_ms")),
        peak: number("peak"),
        requests: number("requests"),
        bytes: number("bytes"),
        objects: number("objects"),
        findings: number("findings"),
    }
}

pub(crate) fn main(arguments: &[String]) {
    let [mode, now, kubeconfig, lists] = arguments else { panic!("not a measurement: {arguments:?}") };
    let mode = *Mode::ALL.iter().find(|each| each.name() == mode).unwrap();
    let begun = Instant::now();
    // As `roundsman inspect` does it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut said = runtime.block_on(async {
        match mode {
            Mode::Download => download(Path::new(kubeconfig), Path::new(lists), 1).await,
            Mode::DownloadFive => download(Path::new(kubeconfig), Path::new(lists), 5).await,
            Mode::Inspect => inspect(Path::new(kubeconfig), now.parse().unwrap()).await,
        }
    });
    said["wall_us"] = json!(begun.elapsed().as_micros() as u64);
    said["cpu_ms"] = cpu_ms().into();
    said["peak"] = peak().into();
    say(&said.to_string());
}

async fn inspect(kubeconfig: &Path, now: DateTime<Utc>) -> Value {
    let reader = Access::Kubeconfig { path: Some(kubeconfig.to_owned()), context: None };
    let name = "bench".to_owned();
    let config = ClusterConfig {
        name,
        reader,
        writer: None,
        secrets: false,
        sources: Sources::default(),
        deadline: Duration::from_secs(600),
    };
    let cluster = Cluster::connect(config).await.unwrap();
    let inspected = inspection::run(&cluster, &Order::daily(None), &History::default(), now).await.unwrap();
    let report = inspected.report;
    let text = serde_json::to_vec(&report).unwrap();
    assert!(text.len() > 100);
    let reads = report.reads;
    json!({"requests": reads.requests, "bytes": reads.bytes, "objects": reads.objects, "findings": report.findings.len()})
}

async fn download(kubeconfig: &Path, lists: &Path, at_once: usize) -> Value {
    let client = client(kubeconfig).await;
    let lists = fs::read_to_string(lists).unwrap();
    let each = lists.lines().map(|uri| {
        let client = client.clone();
        async move {
            let request = Request::get(uri).header(header::ACCEPT, "application/json").body(Body::empty()).unwrap();
            let response = client.send(request).await.unwrap();
            assert!(response.status().is_success(), "{uri}: {}", response.status());
            let (mut body, mut bytes) = (response.into_body(), 0);
            while let Some(frame) = body.frame().await {
                bytes += frame.unwrap().into_data().map_or(0, |data| data.len());
            }
            bytes
        }
    });
    let bytes: Vec<usize> = futures::stream::iter(each).buffer_unordered(at_once).collect().await;
    json!({"requests": bytes.len(), "bytes": bytes.iter().sum::<usize>(), "objects": 0, "findings": 0})
}

pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// User and system time of this process; the kernel counts in hundredths of a second.
fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) * 10
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
