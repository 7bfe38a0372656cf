//! The end of a container's log: of the pod and the container that are meant, cut at the API, redacted; and why there is none.

use serde_json::Value;

use super::Cluster;
use super::ask::{Found, LookError, array, number, text};
use super::kinds::built_in;
use super::list::encode;
use super::objects::condition;
use super::wire::{JSON, Refused};
use crate::redact;

/// Cut at the API: no log costs more memory than this.
const MOST_BYTES: usize = 256 << 10;
const MOST_LINES: i64 = 2000;

/// Which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRequest<'a> {
    /// A pod, or what owns pods or selects them.
    pub kind: &'a str,
    pub name: &'a str,
    pub namespace: Option<&'a str>,
    /// Absent: the one in trouble, or the only one.
    pub container: Option<&'a str>,
    /// Of the run before the last restart.
    pub previous: bool,
    pub tail_lines: i64,
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTail {
    pub cluster: String,
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub previous: bool,
    /// Oldest first, redacted.
    pub lines: Vec<String>,
    /// Whether older lines were left out.
    pub cut: bool,
    /// How many other pods or containers there were to choose from.
    pub others: usize,
}

/// Why there is no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::texts::look::no_log(self))]
pub enum LogError {
    /// The object could not be found or read.
    Look(LookError),
    /// It has no pods now.
    NoPods {
        kind: String,
        name: String,
    },
    /// The pod is on no node yet; in the scheduler's words.
    NotScheduled {
        pod: String,
        message: String,
    },
    /// The container has not started; the reason and message of its waiting state.
    NotStarted {
        pod: String,
        container: String,
        reason: String,
        message: String,
    },
    /// It has never restarted, so there is no earlier run.
    NoPrevious {
        pod: String,
        container: String,
    },
    UnknownContainer {
        pod: String,
        container: String,
        has: Vec<String>,
    },
    /// The kubelet of the pod's node does not answer.
    NodeSilent {
        pod: String,
        node: String,
        message: String,
    },
}

impl From<LookError> for LogError {
    fn from(error: LookError) -> Self {
        Self::Look(error)
    }
}

impl Cluster {
    /// The end of a log.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn logs_of(&self, request: &LogRequest<'_>) -> Result<LogTail, LogError> {
        let (pod, other_pods) = self.pod_for(request).await?;
        let (container, other_containers) = choose_container(&pod, request.container)?;
        // The server would answer with an empty log.
        if text(&pod, "/spec/nodeName").is_empty() {
            return Err(not_scheduled(&pod));
        }
        let (namespace, name) = (text(&pod, "/metadata/namespace"), text(&pod, "/metadata/name"));
        let tail = request.tail_lines.clamp(1, MOST_LINES);
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={tail}&limitBytes={MOST_BYTES}{}",
            encode(namespace),
            encode(name),
            encode(&container),
            if request.previous { "&previous=true" } else { "" },
        );
        let ask = async {
            let answer = self.wire.get(&path, "*/*").await;
            match answer {
                Ok(response) => Ok(Ok(self.wire.small_body(response).await?)),
                // 400 and 500 are the kubelet's: what they mean depends on the container's state.
                Err(Refused::Status(status, message)) => Ok(Err((status, message))),
                Err(other) => Err(other),
            }
        };
        match self.within(ask).await? {
            Ok(bytes) => {
                let log = String::from_utf8_lossy(&bytes);
                let lines: Vec<String> = redact::text(&log).lines().map(plain).collect();
                let cut = bytes.len() >= MOST_BYTES || i64::try_from(lines.len()).is_ok_and(|lines| lines >= tail);
                Ok(LogTail {
                    cluster: self.name().to_owned(),
                    namespace: namespace.to_owned(),
                    pod: name.to_owned(),
                    container,
                    previous: request.previous,
                    lines,
                    cut,
                    others: other_pods + other_containers,
                })
            }
            Err((status, message)) => Err(why_none(&pod, container, request.previous, status, &message)),
        }
    }

    /// The pod that is meant, and how many others there were.
    async fn pod_for(&self, request: &LogRequest<'_>) -> Result<(Value, usize), LogError> {
        let found = match self.find(request.kind, request.namespace, request.name).await {
            Ok(found) => found,
            // People say `/logs checkout` and mean the workload.
            Err(error @ LookError::NotFound { .. }) if request.kind.eq_ignore_ascii_case("pod") => {
                let mut workload = None;
                for kind in ["deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"] {
                    workload = self.find(kind, request.namespace, request.name).await.ok();
                    if workload.is_some() {
                        break;
                    }
                }
                workload.ok_or(error)?
            }
            Err(error) => return Err(error.into()),
        };
        if found.kind.kind == "Pod" {
            return Ok((found.object, 0));
        }
        let mut pods = self.pods_of(&found).await?;
        // The one in the most trouble says the most; among equals the newest.
        pods.sort_by_key(|pod| (trouble(pod), text(pod, "/metadata/creationTimestamp").to_owned()));
        let others = pods.len().saturating_sub(1);
        let none = || LogError::NoPods { kind: found.kind.kind.clone(), name: request.name.to_owned() };
        Ok((pods.pop().ok_or_else(none)?, others))
    }

    async fn pods_of(&self, found: &Found) -> Result<Vec<Value>, LookError> {
        let Some(kind) = built_in("pods") else { return Ok(Vec::new()) };
        let object = &found.object;
        let selector = match found.kind.kind.as_str() {
            "Service" => object.pointer("/spec/selector").map(|labels| selector_text(Some(labels), &[])),
            "CronJob" => {
                let newest = self.newest_job(found).await?;
                newest.map(|job| format!("batch.kubernetes.io/controller-uid={}", text(&job, "/metadata/uid")))
            }
            _ => object
                .pointer("/spec/selector")
                .map(|selector| selector_text(selector.get("matchLabels"), array(selector, "/matchExpressions"))),
        };
        let Some(selector) = selector.filter(|selector| !selector.is_empty()) else { return Ok(Vec::new()) };
        let path = format!(
            "{}?labelSelector={}&resourceVersion=0",
            kind.path(found.namespace.as_deref(), None),
            encode(&selector)
        );
        let mut pods = Vec::new();
        self.scan(&path, JSON, |pod| pods.push(pod)).await?;
        Ok(pods)
    }

    async fn newest_job(&self, cron: &Found) -> Result<Option<Value>, LookError> {
        let Some(kind) = built_in("jobs") else { return Ok(None) };
        let uid = text(&cron.object, "/metadata/uid");
        let path = format!("{}?resourceVersion=0", kind.path(cron.namespace.as_deref(), None));
        let mut newest: Option<Value> = None;
        self.scan(&path, JSON, |job| {
            let owned = array(&job, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid);
            let created = |job: &Value| text(job, "/metadata/creationTimestamp").to_owned();
            if owned && newest.as_ref().is_none_or(|newest| created(newest) < created(&job)) {
                newest = Some(job);
            }
        })
        .await?;
        Ok(newest)
    }
}

/// As the API writes a selector in a query.
fn selector_text(labels: Option<&Value>, expressions: &[Value]) -> String {
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let mut parts: Vec<String> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    for expression in expressions {
        let key = text(expression, "/key");
        let values: Vec<&str> = array(expression, "/values").iter().filter_map(Value::as_str).collect();
        match text(expression, "/operator") {
            "In" => parts.push(format!("{key} in ({})", values.join(","))),
            "NotIn" => parts.push(format!("{key} notin ({})", values.join(","))),
            "Exists" => parts.push(key.to_owned()),
            "DoesNotExist" => parts.push(format!("!{key}")),
            // The API server accepts no other operator.
            _ => {}
        }
    }
    parts.join(",")
}

/// How much a pod has to tell: its containers' trouble, and their restarts.
fn trouble(pod: &Value) -> (i64, i64) {
    let statuses = || array(pod, "/status/initContainerStatuses").iter().chain(array(pod, "/status/containerStatuses"));
    let worst = statuses().map(container_trouble).max().unwrap_or_default();
    (worst, statuses().map(|status| number(status, "/restartCount")).max().unwrap_or_default())
}

fn container_trouble(status: &Value) -> i64 {
    let waiting = text(status, "/state/waiting/reason");
    let ended_badly = number(status, "/state/terminated/exitCode") != 0;
    let ended_badly_before = number(status, "/lastState/terminated/exitCode") != 0;
    let ready = status.get("ready") == Some(&Value::Bool(true));
    match waiting {
        "CrashLoopBackOff" => 5,
        _ if ended_badly => 4,
        // It has not started: it is the culprit, but there is no log.
        "" | "ContainerCreating" | "PodInitializing" if ended_badly_before && !ready => 3,
        "" | "ContainerCreating" | "PodInitializing" => {
            i64::from(!ready && waiting.is_empty() && status.pointer("/state/terminated").is_none())
        }
        _ => 2,
    }
}

/// The container that is meant: the named one, the one in trouble, the annotated default, or the first.
fn choose_container(pod: &Value, named: Option<&str>) -> Result<(String, usize), LogError> {
    let all: Vec<&str> = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"]
        .iter()
        .flat_map(|list| array(pod, list))
        .map(|container| text(container, "/name"))
        .collect();
    let (name, others) = match named {
        Some(named) if all.contains(&named) => (named, 0),
        Some(named) => {
            let pod = text(pod, "/metadata/name").to_owned();
            return Err(LogError::UnknownContainer {
                pod,
                container: named.to_owned(),
                has: all.into_iter().map(str::to_owned).collect(),
            });
        }
        None => {
            let statuses =
                array(pod, "/status/containerStatuses").iter().chain(array(pod, "/status/initContainerStatuses"));
            let culprit = statuses
                .rev()
                .max_by_key(|status| container_trouble(status))
                .filter(|status| container_trouble(status) > 0);
            let default = text(pod, "/metadata/annotations/kubectl.kubernetes.io~1default-container");
            let default = all.iter().find(|name| **name == default).or(all.first()).copied().unwrap_or_default();
            (culprit.map_or(default, |status| text(status, "/name")), all.len().saturating_sub(1))
        }
    };
    Ok((name.to_owned(), others))
}

fn not_scheduled(pod: &Value) -> LogError {
    let message = condition(pod, "PodScheduled").map(|condition| text(condition, "/message")).unwrap_or_default();
    LogError::NotScheduled { pod: text(pod, "/metadata/name").to_owned(), message: redact::text(message).into_owned() }
}

/// What a refusal of the kubelet means, by the state of the container.
fn why_none(pod: &Value, container: String, previous: bool, status: u16, message: &str) -> LogError {
    let name = text(pod, "/metadata/name").to_owned();
    let node = text(pod, "/spec/nodeName");
    let said = redact::text(message).into_owned();
    let mut statuses =
        array(pod, "/status/containerStatuses").iter().chain(array(pod, "/status/initContainerStatuses"));
    let own = statuses.find(|status| text(status, "/name") == container);
    if previous && message.contains("previous terminated container") {
        return LogError::NoPrevious { pod: name, container };
    }
    if status >= 500 && !message.contains("not found") {
        return LogError::NodeSilent { pod: name, node: node.to_owned(), message: said };
    }
    let waiting = own.and_then(|status| status.pointer("/state/waiting"));
    match waiting {
        Some(waiting) => LogError::NotStarted {
            pod: name,
            container,
            reason: text(waiting, "/reason").to_owned(),
            message: redact::text(text(waiting, "/message")).into_owned(),
        },
        None => LogError::Look(LookError::Failed(said)),
    }
}

/// Control characters (colours, cursor movements) are for terminals, and can deceive one.
pub(super) fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            // A sequence ends with a letter or another byte of 0x40 to 0x7e.
            while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
        } else if c == '\t' || !c.is_control() {
            out.push(c);
        }
    }
    out
}
