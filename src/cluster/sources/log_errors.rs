//! The end of the logs of containers in trouble: how many lines look like errors, and the newest of them.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use regex::Regex;
use tokio::time::timeout;

use super::{Gathered, Round};
use crate::cluster::list::encode;
use crate::cluster::logs::plain;
use crate::snapshot::{ContainerStatus, LogErrors, ObjectMeta, Pod, Resource, Snapshot, State, Str, Why};

/// Logs read in one inspection, one per workload and container.
const MOST_LOGS: usize = 20;
const AT_ONCE: usize = 4;
/// For one log.
const PATIENCE: Duration = Duration::from_secs(5);
const LINES: usize = 200;
const BYTES: usize = 64 << 10;
const LONGEST_SAMPLE: usize = 300;

pub(super) async fn read(round: &Round<'_>, seen: &Snapshot, into: &mut Gathered) {
    let logs: Vec<_> = in_trouble(seen).into_iter().map(|log| timeout(PATIENCE, log.read(round)).boxed()).collect();
    let mut logs = stream::iter(logs).buffered(AT_ONCE);
    let mut result = match seen.state_of(Resource::Pods) {
        State::Read => Ok(()),
        State::Unread(why) => Err(why.clone()),
    };
    while let Some(log) = logs.next().await {
        match log.unwrap_or(Err(Why::TimedOut)) {
            Ok(found) => into.objects.log_errors.extend(found),
            Err(why) => result = Err(why),
        }
    }
    into.settle(Resource::LogErrors, result);
}

/// One log to read.
#[derive(Debug, Clone, Copy)]
struct Log<'a> {
    pod: &'a Pod,
    container: &'a Str,
    /// Of the run that ended.
    previous: bool,
    restarts: i32,
}

/// The containers that fail, the most restless first, one of each workload.
fn in_trouble(seen: &Snapshot) -> Vec<Log<'_>> {
    let mut logs: Vec<Log<'_>> = seen
        .pods
        .iter()
        .flat_map(|pod| {
            let statuses = pod.status.init_container_statuses.iter().chain(pod.status.container_statuses.iter());
            statuses.filter_map(move |status| {
                let previous = fails(status)?;
                Some(Log { pod, container: &status.name, previous, restarts: status.restart_count })
            })
        })
        .collect();
    logs.sort_by_key(|log| (-log.restarts, log.pod.meta.namespace.clone(), log.pod.meta.name.clone()));
    let mut workloads = HashSet::new();
    logs.retain(|log| {
        let owner = log.pod.meta.controller().map_or(&log.pod.meta.uid, |owner| &owner.uid);
        workloads.insert((owner.clone(), log.container.clone()))
    });
    logs.truncate(MOST_LOGS);
    logs
}

/// Whether a container fails, and then whether its last run is the one that tells why.
fn fails(status: &ContainerStatus) -> Option<bool> {
    let waiting = status.state.waiting.as_ref().map(|waiting| &*waiting.reason);
    let failed = |ended: Option<&crate::snapshot::Terminated>| ended.is_some_and(|ended| ended.exit_code != 0);
    if failed(status.state.terminated.as_deref()) {
        return Some(false);
    }
    let failed_before = failed(status.last_state.terminated.as_deref());
    match waiting {
        Some("CrashLoopBackOff") => Some(true),
        // It has not started, so it has no log.
        Some(_) => None,
        None => (!status.ready && failed_before).then_some(true),
    }
}

impl Log<'_> {
    async fn read(self, round: &Round<'_>) -> Result<Option<LogErrors>, Why> {
        let meta = &self.pod.meta;
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={LINES}&limitBytes={BYTES}{}",
            encode(&meta.namespace),
            encode(&meta.name),
            encode(self.container),
            if self.previous { "&previous=true" } else { "" },
        );
        let response = match round.wire.get_once(&path, "*/*").await.map_err(Why::from) {
            Ok(response) if response.status().is_success() => response,
            Err(why @ Why::Forbidden) => return Err(why),
            // Pods come and go, kubelets rotate logs away: what has no log tells nothing.
            Ok(_) | Err(_) => return Ok(None),
        };
        let body = round.wire.small_body(response).await?;
        let (lines, errors, sample) = count(&String::from_utf8_lossy(&body));
        Ok(Some(LogErrors {
            meta: ObjectMeta { name: meta.name.clone(), namespace: meta.namespace.clone(), ..ObjectMeta::default() },
            container: self.container.clone(),
            lines,
            errors,
            sample: sample.as_str().into(),
        }))
    }
}

/// The lines, those that look like errors, and the newest of these.
fn count(log: &str) -> (i64, i64, String) {
    // As a whole, because what is secret may have several lines.
    let log = crate::redact::text(log);
    let (mut lines, mut errors, mut newest) = (0, 0, "");
    for line in log.lines().filter(|line| !line.trim().is_empty()) {
        lines += 1;
        if is_error(line) {
            (errors, newest) = (errors + 1, line);
        }
    }
    (lines, errors, plain(newest.trim()).chars().take(LONGEST_SAMPLE).collect())
}

/// It says so by its level, or it says nothing of a level and speaks of a failure.
fn is_error(line: &str) -> bool {
    static LEVEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?x) (?i: \b (?: level | lvl | severity ) ["']? \s* [=:] \s* ["']? ) (?<said>\w+)
             | (?: ^ | [\s\[(|<] ) (?<shouted> TRACE | DEBUG | INFO | NOTICE | WARN | WARNING | ERROR | ERR | FATAL | CRITICAL | SEVERE | PANIC ) (?: [\s\])|>:,] | $ )
             | ^ (?<klog> [IWEF] ) \d{4} \s"#,
        )
        .ok()
    });
    static FAILURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(error|fatal|panic|exception|traceback|segfault|failed|failure|refused|denied|cannot|unable to)\b|(Error|Exception):")
            .ok()
    });
    let level = LEVEL.as_ref().and_then(|level| level.captures(line)).and_then(|found| {
        let level = found.name("said").or(found.name("shouted")).or(found.name("klog"))?;
        Some(level.as_str().to_ascii_lowercase())
    });
    match level.as_deref() {
        Some("error" | "err" | "fatal" | "critical" | "crit" | "severe" | "panic" | "alert" | "emerg" | "e" | "f") => {
            true
        }
        Some(_) => false,
        None => FAILURE.as_ref().is_some_and(|failure| failure.is_match(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_an_error_by_its_level_or_by_its_words() {
        for line in [
            "2026-11-23T09:00:00Z ERROR cannot open /data",
            r#"{"level":"error","msg":"x"}"#,
            "time=1 level=fatal msg=gone",
            "E1123 09:00:00.000000 1 main.go:7] gone",
            "[ERROR] x",
            "panic: runtime error: index out of range",
            "Traceback (most recent call last):",
            "java.lang.NullPointerException: null",
            "dial tcp 10.0.0.1:5432: connect: connection refused",
            "Error: Cannot find module 'express'",
        ] {
            assert!(is_error(line), "{line}");
        }
        for line in [
            "INFO finished with 0 failed and no error",
            r#"{"level":"info","msg":"error budget is fine"}"#,
            "level=warning msg=\"retrying after error\"",
            "I1123 09:00:00.000000 1 main.go:7] error rate 0",
            "listening on :8080",
            "loaded terrors.json",
        ] {
            assert!(!is_error(line), "{line}");
        }
    }

    #[test]
    fn the_newest_error_is_shown_redacted_and_short() {
        let long = "x".repeat(2 << 20);
        let log = format!(
            "starting\nERROR first\n\nERROR password=hunter2hunter2 \u{1b}[31mwrong\u{1b}[0m {long}\nbye\u{fffd}\n"
        );
        let (lines, errors, sample) = count(&log);
        assert_eq!((lines, errors, sample.chars().count()), (4, 2, LONGEST_SAMPLE));
        assert!(sample.starts_with("ERROR password=[redacted] wrong xxx"), "{}", &sample[..40]);
        assert_eq!(count(""), (0, 0, String::new()));
    }

    #[test]
    fn one_container_of_each_workload_in_trouble_is_read() {
        let pod = |name: &str, owner: &str, restarts: i32, state: serde_json::Value, last: i32| {
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": true}]},
                "status": {"containerStatuses": [{"name": "app", "restartCount": restarts, "ready": false, "state": state,
                    "lastState": {"terminated": {"exitCode": last}}}]}})
        };
        let crash = || json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let objects = [
            pod("a-1", "a", 3, crash(), 1),
            pod("a-2", "a", 9, crash(), 1),
            pod("b-1", "b", 0, json!({"waiting": {"reason": "ImagePullBackOff"}}), 0),
            pod("c-1", "c", 0, json!({"terminated": {"exitCode": 2}}), 0),
            pod("d-1", "d", 1, json!({"running": {}}), 137),
            pod("e-1", "e", 1, json!({"running": {}}), 0),
        ];
        let seen = Snapshot::from_objects("2026-11-23T09:00:00Z".parse().unwrap(), objects).unwrap();
        let logs: Vec<(&str, bool)> = in_trouble(&seen).iter().map(|log| (&*log.pod.meta.name, log.previous)).collect();
        assert_eq!(logs, [("a-2", true), ("d-1", true), ("c-1", false)]);
    }
}
