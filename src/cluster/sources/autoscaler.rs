//! What cluster-autoscaler writes down about itself, in the form of today (YAML) and in the one before 1.30 (a text).

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{Gathered, Round};
use crate::cluster::wire::JSON;
use crate::snapshot::{AutoscalerStatus, ObjectMeta, Resource, Why};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "cluster-autoscaler-status";
const LONGEST_MESSAGE: usize = 300;

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}");
    let result = round.wire.get_json::<Value>(&path, JSON).await.map_err(Why::from).and_then(|config_map| {
        let status = config_map.pointer("/data/status").and_then(Value::as_str).unwrap_or_default();
        let status = parse(status).ok_or_else(|| Why::Failed(format!("{NAMESPACE}/{NAME} is not understood")))?;
        into.objects.autoscaler_statuses.push(status);
        Ok(())
    });
    into.settle(Resource::AutoscalerStatuses, result);
}

fn parse(text: &str) -> Option<AutoscalerStatus> {
    let report = match serde_yaml_ng::from_str::<Report>(text) {
        Ok(report) if !report.autoscaler_status.is_empty() => report,
        _ => old_form(text)?,
    };
    Some(report.status())
}

/// The whole cluster, and each group of nodes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Report {
    autoscaler_status: String,
    message: String,
    cluster_wide: Part,
    node_groups: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    name: String,
    health: Aspect,
    scale_up: Aspect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Aspect {
    status: String,
    /// Null where nothing has changed yet.
    last_transition_time: Option<String>,
    backoff_info: Backoff,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Backoff {
    error_code: String,
    error_message: String,
}

impl Report {
    /// What is worst: of the cluster as a whole, or of one group.
    fn status(&self) -> AutoscalerStatus {
        let unhealthy = self.node_groups.iter().find(|group| group.health.status == "Unhealthy");
        let backing_off = self.node_groups.iter().find(|group| group.scale_up.status == "Backoff");
        let health = unhealthy.map_or(&self.cluster_wide.health, |group| &group.health);
        let scale_up = backing_off.map_or(&self.cluster_wide.scale_up, |group| &group.scale_up);
        let aspect = if health.status == "Healthy" && backing_off.is_some() { scale_up } else { health };
        let message = match backing_off.or(unhealthy) {
            None => self.message.clone(),
            Some(group) => {
                let Backoff { error_code, error_message } = &group.scale_up.backoff_info;
                let said = [group.name.as_str(), error_code, error_message];
                said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
            }
        };
        let message: String = message.chars().take(LONGEST_MESSAGE).collect();
        // While it starts it tells nothing else.
        let health = if health.status.is_empty() { &self.autoscaler_status } else { &health.status };
        AutoscalerStatus {
            meta: ObjectMeta { name: NAME.into(), namespace: NAMESPACE.into(), ..ObjectMeta::default() },
            health: health.as_str().into(),
            scale_up: scale_up.status.as_str().into(),
            message: (&*crate::redact::text(&message)).into(),
            last_transition_time: aspect.last_transition_time.as_deref().and_then(moment),
        }
    }
}

/// Lines such as `  Health:      Healthy (ready=4 …)`, each followed by its times.
fn old_form(text: &str) -> Option<Report> {
    let mut report = Report::default();
    let mut group = false;
    let mut told: Option<fn(&mut Part) -> &mut Aspect> = None;
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        match key {
            "Cluster-wide" => "Running".clone_into(&mut report.autoscaler_status),
            "Name" => {
                group = true;
                report.node_groups.push(Part { name: value.to_owned(), ..Part::default() });
            }
            "Health" => told = Some(|part| &mut part.health),
            "ScaleUp" => told = Some(|part| &mut part.scale_up),
            "ScaleDown" => told = None,
            _ => {}
        }
        let part = if group { report.node_groups.last_mut()? } else { &mut report.cluster_wide };
        let Some(aspect) = told.map(|aspect| aspect(part)) else { continue };
        match key {
            "Health" | "ScaleUp" => aspect.status = value.split_whitespace().next().unwrap_or_default().to_owned(),
            "LastTransitionTime" => aspect.last_transition_time = Some(value.to_owned()),
            _ => {}
        }
    }
    (!report.autoscaler_status.is_empty()).then_some(report)
}

/// As Go prints a time, `2024-04-08 07:26:35.7 +0000 UTC m=+12.3`, or as everybody else does.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    DateTime::parse_from_str(&words.join(" "), "%Y-%m-%d %H:%M:%S%.f %z").ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = r#"
time: 2026-11-23 07:26:35.708359514 +0000 UTC
autoscalerStatus: Running
clusterWide:
  health:
    status: Healthy
    nodeCounts:
      registered: {total: 5, ready: 5, notStarted: 0, beingDeleted: 0, unready: {total: 0, resourceUnready: 0}}
      longUnregistered: 0
      unregistered: 0
    lastProbeTime: "2026-11-23T07:26:35.708359514Z"
    lastTransitionTime: "2026-11-22T03:47:35.5Z"
  scaleUp:
    status: NoActivity
    lastProbeTime: "2026-11-23T07:26:35.708359514Z"
    lastTransitionTime: "2026-11-22T03:47:35.5Z"
  scaleDown:
    status: NoCandidates
nodeGroups:
- name: sample-node-group
  health:
    status: Healthy
    cloudProviderTarget: 2
    minSize: 0
    maxSize: 10
    lastTransitionTime: null
  scaleUp:
    status: Backoff
    lastTransitionTime: "2026-11-23T07:00:00Z"
    backoffInfo:
      errorCode: QUOTA_EXCEEDED
      errorMessage: Instance creation failed with token=abcdef0123456789abcdef
"#;

    const OLD: &str = "Cluster-autoscaler status at 2023-06-08 07:54:13.2 +0000 UTC:
Cluster-wide:
  Health:      Unhealthy (ready=4 unready=3 (resourceUnready=0) notStarted=0 registered=7 longUnregistered=0)
               LastProbeTime:      2023-06-08 07:54:12.6 +0000 UTC m=+1234.5
               LastTransitionTime: 2023-06-06 10:00:00.25 +0000 UTC m=+34.5
  ScaleUp:     InProgress (ready=4 registered=7)
               LastProbeTime:      2023-06-08 07:54:12.6 +0000 UTC m=+1234.5
               LastTransitionTime: 2023-06-07 10:00:00 +0000 UTC m=+99.5
  ScaleDown:   NoCandidates (candidates=0)
               LastProbeTime:      2023-06-08 07:54:12.6 +0000 UTC m=+1234.5
               LastTransitionTime: 2023-06-01 00:00:00 +0000 UTC m=+1.5

NodeGroups:
  Name:        workers
  Health:      Healthy (ready=4 unready=3 notStarted=0 cloudProviderTarget=7 (minSize=1, maxSize=9))
               LastTransitionTime: 0001-01-01 00:00:00 +0000 UTC
  ScaleUp:     NoActivity (ready=4 cloudProviderTarget=7)
  ScaleDown:   NoCandidates (candidates=0)
";

    #[test]
    fn the_worst_group_is_told_in_the_form_of_today() {
        let status = parse(NEW).unwrap();
        assert_eq!((&*status.health, &*status.scale_up), ("Healthy", "Backoff"));
        assert!(status.message.starts_with("sample-node-group: QUOTA_EXCEEDED: Instance creation failed"));
        assert!(!status.message.contains("abcdef"), "{}", status.message);
        assert_eq!(status.last_transition_time.unwrap().to_rfc3339(), "2026-11-23T07:00:00+00:00");
        let calm = parse(&NEW.replace("Backoff", "NoActivity")).unwrap();
        assert_eq!((&*calm.scale_up, &*calm.message), ("NoActivity", ""));
        let starting = parse("autoscalerStatus: Initializing\n").unwrap();
        assert_eq!(&*starting.health, "Initializing");
    }

    #[test]
    fn the_older_form_is_understood_too() {
        let status = parse(OLD).unwrap();
        assert_eq!((&*status.health, &*status.scale_up), ("Unhealthy", "InProgress"));
        assert_eq!(status.last_transition_time.unwrap().to_rfc3339(), "2023-06-06T10:00:00.250+00:00");
        let group = OLD.replace("Unhealthy", "Healthy").replace("NoActivity (ready=4 cloud", "Backoff (ready=4 cloud");
        let status = parse(&group).unwrap();
        assert_eq!((&*status.health, &*status.scale_up, &*status.message), ("Healthy", "Backoff", "workers"));
    }

    #[test]
    fn what_is_neither_is_not_guessed_at() {
        for text in ["", "hello", "{", "- a\n- b", "autoscalerStatus: [1]", &"x: ".repeat(100_000)] {
            assert!(parse(text).is_none(), "{}", text.chars().take(20).collect::<String>());
        }
    }
}
