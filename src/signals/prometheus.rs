//! Prometheus: how full volumes are, who is slowed down, which targets are down, and how it is itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::{get, get_if_served};
use super::{Endpoint, quoted};
use crate::snapshot::{
    CpuThrottling, DroppingPool, EtcdStatus, FilesystemUse, ObjectMeta, PrometheusStatus, ScrapeTarget, VolumeUse, Why,
};
use crate::texts::cluster as texts;

/// Targets that are down and told one by one.
const MOST_DOWN: usize = 100;
const LONGEST_ERROR: usize = 300;
/// Scrape pools without a target that are asked about.
const MOST_DROPPING: usize = 10;
/// How far back it is looked when a target was up.
const LOOKED_BACK: TimeDelta = TimeDelta::hours(24);

type Labels = BTreeMap<String, String>;

/// One series at this moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Series {
    metric: Labels,
    value: (f64, String),
}

impl Series {
    fn label(&self, name: &str) -> &str {
        self.metric.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Not `NaN`, and nothing without end.
    fn number(&self) -> Option<f64> {
        self.value.1.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Without the metric's name.
    fn labels(&self) -> Labels {
        let mut labels = self.metric.clone();
        labels.remove("__name__");
        labels
    }
}

#[derive(Debug, Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Debug, Deserialize)]
struct Vector {
    result: Vec<Series>,
}

async fn api<T: DeserializeOwned>(endpoint: &Endpoint, path: &str, query: &[(&str, &str)]) -> Result<T, Why> {
    get(endpoint, &format!("/api/v1/{path}"), query).await.map(|answer: Answer<T>| answer.data)
}

async fn query(endpoint: &Endpoint, promql: &str) -> Result<Vec<Series>, Why> {
    api(endpoint, "query", &[("query", promql)]).await.map(|vector: Vector| vector.result)
}

/// The inside of a selector: what the endpoint's labels ask for, and more.
fn selector(endpoint: &Endpoint, more: &[String]) -> String {
    let all: Vec<String> = endpoint.matchers().into_iter().chain(more.iter().cloned()).collect();
    all.join(",")
}

fn in_namespace(namespace: Option<&str>) -> Option<String> {
    namespace.map(|name| format!("namespace={}", quoted(name)))
}

/// How full each claim's volume is.
///
/// # Errors
/// Why that is not known.
pub async fn volumes(endpoint: &Endpoint, namespace: Option<&str>) -> Result<Vec<VolumeUse>, Why> {
    let names = r#"__name__=~"kubelet_volume_stats_(available_bytes|capacity_bytes|inodes|inodes_used)""#;
    let more: Vec<String> = [names.to_owned()].into_iter().chain(in_namespace(namespace)).collect();
    let series = query(endpoint, &format!("{{{}}}", selector(endpoint, &more))).await?;
    Ok(volumes_of(&series))
}

fn volumes_of(series: &[Series]) -> Vec<VolumeUse> {
    let mut claims: BTreeMap<(&str, &str), FilesystemUse> = BTreeMap::new();
    let mut left: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in series {
        let claim = (one.label("namespace"), one.label("persistentvolumeclaim"));
        let Some(number) = one.number().filter(|number| *number >= 0.0 && !claim.1.is_empty()) else { continue };
        let number = number as i64;
        match one.label("__name__").trim_start_matches("kubelet_volume_stats_") {
            // The fullest report of a claim that several nodes mount.
            "available_bytes" => {
                left.entry(claim).and_modify(|known| *known = number.min(*known)).or_insert(number);
            }
            "capacity_bytes" => claims.entry(claim).or_default().capacity_bytes = number,
            "inodes" => claims.entry(claim).or_default().inodes = number,
            "inodes_used" => {
                let used = claims.entry(claim).or_default();
                used.inodes_used = used.inodes_used.max(number);
            }
            _ => {}
        }
    }
    let volumes = claims.into_iter().filter_map(|(claim, mut used)| {
        used.used_bytes = used.capacity_bytes.saturating_sub(*left.get(&claim)?).max(0);
        let (namespace, name) = claim;
        let meta = ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() };
        Some(VolumeUse { meta, used })
    });
    volumes.collect()
}

/// The containers that were stopped in more than one of ten periods of the last hour, because of their CPU limit.
///
/// # Errors
/// Why that is not known.
pub async fn throttled(endpoint: &Endpoint, namespace: Option<&str>) -> Result<Vec<CpuThrottling>, Why> {
    let more: Vec<String> = [r#"container!="""#.to_owned()].into_iter().chain(in_namespace(namespace)).collect();
    let selector = selector(endpoint, &more);
    let periods = |family: &str| {
        format!(
            "sum by (namespace, pod, container) (increase(container_cpu_cfs_{family}periods_total{{{selector}}}[1h]))"
        )
    };
    let promql = format!("100 * {} / ({} > 0) > 10", periods("throttled_"), periods(""));
    let series = query(endpoint, &promql).await?;
    Ok(series.iter().filter_map(throttling).collect())
}

fn throttling(series: &Series) -> Option<CpuThrottling> {
    let [namespace, name, container] = ["namespace", "pod", "container"].map(|label| series.label(label));
    let percent = series.number().filter(|_| !name.is_empty())?;
    let meta = ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() };
    Some(CpuThrottling { meta, container: container.into(), percent: percent.clamp(0.0, 100.0) })
}

/// The targets that are down, and since when.
///
/// # Errors
/// Why that is not known.
pub async fn down(endpoint: &Endpoint, now: DateTime<Utc>) -> Result<Vec<ScrapeTarget>, Why> {
    let mut down = query(endpoint, &format!("up{{{}}} == 0", selector(endpoint, &[]))).await?;
    if down.is_empty() {
        return Ok(Vec::new());
    }
    down.truncate(MOST_DOWN);
    let one_of = |label: &str| {
        let values: BTreeSet<String> = down.iter().map(|series| regex::escape(series.label(label))).collect();
        format!("{label}=~{}", quoted(&values.into_iter().collect::<Vec<_>>().join("|")))
    };
    let those = selector(endpoint, &[one_of("job"), one_of("instance")]);
    let hours = LOOKED_BACK.num_hours();
    let last_up = query(endpoint, &format!("max_over_time(timestamp(up{{{those}}} == 1)[{hours}h:15s])")).await?;
    // Why is a detail, which not every server of this API has.
    let targets: Targets = api(endpoint, "targets", &[("state", "active")]).await.unwrap_or_default();
    Ok(down.iter().map(|series| target(series, &last_up, &targets, now)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<Active>,
    /// Null where only those are asked for that are kept.
    dropped_target_counts: Option<BTreeMap<String, u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    labels: Labels,
    #[serde(default)]
    last_error: String,
}

fn target(series: &Series, last_up: &[Series], targets: &Targets, now: DateTime<Utc>) -> ScrapeTarget {
    let labels = series.labels();
    let (job, instance) = (series.label("job"), series.label("instance"));
    let was_up = last_up.iter().find(|other| other.labels() == labels).and_then(Series::number);
    let was_up = was_up.and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0));
    let error = targets.active_targets.iter().find(|target| target.labels == labels);
    let error: String = error.map(|target| target.last_error.chars().take(LONGEST_ERROR).collect()).unwrap_or_default();
    let clean = labels.iter().map(|(name, value)| (name.as_str(), crate::redact::text(value)));
    ScrapeTarget {
        meta: ObjectMeta { name: format!("{job}/{instance}").into(), ..ObjectMeta::default() },
        job: job.into(),
        instance: instance.into(),
        labels: clean.map(|(name, value)| (name, value.into_owned())).collect(),
        last_error: (&*crate::redact::text(&error)).into(),
        since: Some(was_up.unwrap_or(now - LOOKED_BACK)),
    }
}

/// How Prometheus itself is. What only speaks its API (Thanos, Mimir, VictoriaMetrics) does not tell.
///
/// # Errors
/// Why that is not known.
pub async fn status(endpoint: &Endpoint) -> Result<Vec<PrometheusStatus>, Why> {
    let runtime: Answer<Runtime> = get_if_served(endpoint, "/api/v1/status/runtimeinfo", &[]).await?;
    let runtime = runtime.data;
    let pools: Pools = api(endpoint, "scrape_pools", &[]).await?;
    let dropping = dropping(endpoint).await;
    let error = match runtime.reload_config_success {
        true => String::new(),
        false => texts::old_configuration(runtime.last_config_time),
    };
    Ok(vec![PrometheusStatus {
        meta: ObjectMeta { name: endpoint.url.as_str().into(), ..ObjectMeta::default() },
        reload_successful: runtime.reload_config_success,
        scrape_pools: i64::try_from(pools.scrape_pools.map_or(0, |pools| pools.len())).unwrap_or(i64::MAX),
        error: error.as_str().into(),
        dropping,
    }])
}

/// The pools that find targets and keep none, as far as Prometheus measures itself and counts what it drops.
async fn dropping(endpoint: &Endpoint) -> Vec<DroppingPool> {
    let empty = query(endpoint, "prometheus_target_scrape_pool_targets == 0").await.unwrap_or_default();
    let mut dropping = Vec::new();
    for name in empty.iter().map(|series| series.label("scrape_job")).take(MOST_DROPPING) {
        // The metric can be another Prometheus'; this one answers about its own.
        let targets: Result<Targets, Why> = api(endpoint, "targets", &[("state", "any"), ("scrapePool", name)]).await;
        let targets = targets.unwrap_or_default();
        let dropped = targets.dropped_target_counts.and_then(|counts| counts.get(name).copied()).unwrap_or_default();
        if targets.active_targets.is_empty() && dropped > 0 {
            dropping.push(DroppingPool { name: (&*crate::redact::text(name)).into(), dropped });
        }
    }
    dropping
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    reload_config_success: bool,
    #[serde(default)]
    last_config_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pools {
    /// Null where there are none.
    scrape_pools: Option<Vec<String>>,
}

/// Marks the series that counts changes: increases have no name, and without a difference `or` would take them for the sizes.
const CHANGES: &str = "leader_changes";

/// What etcd says of itself, where this Prometheus scrapes it.
///
/// # Errors
/// Why that is not known.
pub async fn etcd(endpoint: &Endpoint) -> Result<Vec<EtcdStatus>, Why> {
    let select = |name: &str| selector(endpoint, &[format!("__name__=~{}", quoted(name))]);
    let sizes = select("etcd_mvcc_db_total_size_in_bytes|etcd_server_quota_backend_bytes");
    let changes = select("etcd_server_leader_changes_seen_total");
    let promql = format!(r#"{{{sizes}}} or label_replace(increase({{{changes}}}[1h]), "{CHANGES}", "yes", "", "")"#);
    Ok(etcd_of(&query(endpoint, &promql).await?))
}

fn etcd_of(series: &[Series]) -> Vec<EtcdStatus> {
    let mut members: BTreeMap<&str, EtcdStatus> = BTreeMap::new();
    for one in series {
        let Some(number) = one.number() else { continue };
        let member = members.entry(one.label("instance")).or_default();
        match one.label("__name__") {
            "etcd_mvcc_db_total_size_in_bytes" => member.db_bytes = number as i64,
            "etcd_server_quota_backend_bytes" => member.quota_bytes = number as i64,
            _ if !one.label(CHANGES).is_empty() => member.leader_changes = number.round() as i64,
            _ => {}
        }
    }
    let measured = members.into_iter().filter(|(_, member)| member.db_bytes > 0);
    let named = measured.map(|(name, member)| {
        let meta = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        EtcdStatus { meta, ..member }
    });
    named.collect()
}
