//! `pods/log`: the lines that a container has written so far, and the kubelet's refusals.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::StatusCode;
use serde_json::Value;

use super::controllers::container::{Container, Ended, Stage};
use super::json::{items, name, text, uid};
use super::read::one;
use super::request::{Call, Target};
use super::resources::Resource;
use super::simulation::Simulation;
use super::status::{Failure, bad_request, internal};
use super::world::Image;
use super::{Answer, names};

/// The lines kept of one container's run, as a kubelet's log rotation would.
const KEPT: i64 = 2000;

/// GET of a container's log.
pub(super) fn get(
    simulation: &Simulation,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let pod = one(simulation, row, target)?;
    let container = choose(&pod, call.query("container"))?;
    let wanted = text(container, "/name");
    let node = text(&pod, "/spec/nodeName");
    if node.is_empty() {
        // Nobody has started it yet; the real server says just that.
        return Ok(Answer::Text(StatusCode::NO_CONTENT, String::new()));
    }
    if simulation.world.silent.contains_key(node) {
        let path = format!("containerLogs/{}/{}/{wanted}", text(&pod, "/metadata/namespace"), name(&pod));
        let host = text(&pod, "/status/hostIP");
        return Err(internal(format!("Get \"https://{host}:10250/{path}\": dial tcp {host}:10250: i/o timeout")));
    }
    let state = simulation.kubelets.get(uid(&pod), wanted);
    let (started, ended) = which(state, call.flag("previous"), wanted, name(&pod))?;

    let image = simulation.world.images.get(text(container, "/image")).cloned().unwrap_or_default();
    let lines = write(&image, started, ended, simulation.now, name(&pod));
    let since = call
        .query("sinceSeconds")
        .and_then(|seconds| seconds.parse::<i64>().ok())
        .map(|seconds| simulation.now - TimeDelta::seconds(seconds));
    let since = since.or_else(|| {
        call.query("sinceTime")
            .and_then(|time| DateTime::parse_from_rfc3339(time).ok())
            .map(|time| time.with_timezone(&Utc))
    });
    let lines: Vec<_> = lines.into_iter().filter(|(time, _)| since.is_none_or(|since| *time >= since)).collect();
    let tail = call.query("tailLines").and_then(|lines| lines.parse::<usize>().ok()).unwrap_or(lines.len());
    let stamps = call.flag("timestamps");
    let mut page = String::new();
    for (time, line) in lines.iter().skip(lines.len().saturating_sub(tail)) {
        if stamps {
            page.push_str(&time.to_rfc3339_opts(SecondsFormat::Nanos, true));
            page.push(' ');
        }
        page.push_str(line);
        page.push('\n');
    }
    if let Some(limit) = call.query("limitBytes").and_then(|limit| limit.parse::<usize>().ok()) {
        let end = (0..=limit.min(page.len())).rev().find(|end| page.is_char_boundary(*end)).unwrap_or_default();
        page.truncate(end);
    }
    Ok(Answer::Text(StatusCode::OK, page))
}

fn choose<'a>(pod: &'a Value, asked: Option<&str>) -> Result<&'a Value, Failure> {
    let containers = items(pod, "/spec/containers");
    let own = name(pod);
    match (asked, containers) {
        (Some(asked), all) => all
            .iter()
            .find(|container| text(container, "/name") == asked)
            .ok_or_else(|| bad_request(format!("container {asked} is not valid for pod {own}"))),
        (None, [only]) => Ok(only),
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|container| text(container, "/name")).collect();
            Err(bad_request(format!(
                "a container name must be specified for pod {own}, choose one of: [{}]",
                names.join(" ")
            )))
        }
    }
}

/// When the wanted run began and how it ended, in the kubelet's own words where there is none.
fn which(
    state: Option<&Container>,
    previous: bool,
    container: &str,
    pod: &str,
) -> Result<(DateTime<Utc>, Option<Ended>), Failure> {
    let last = state.and_then(|state| state.last.clone());
    if previous {
        let missing =
            || bad_request(format!("previous terminated container \"{container}\" in pod \"{pod}\" not found"));
        return last.map(|ended| (ended.started, Some(ended))).ok_or_else(missing);
    }
    let waiting =
        |why: &str| Err(bad_request(format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {why}")));
    let Some(state) = state else {
        return waiting("ContainerCreating");
    };
    match (&state.stage, last) {
        (Stage::Running { since, .. }, _) => Ok((*since, None)),
        (Stage::Done(ended), _) => Ok((ended.started, Some(ended.clone()))),
        (_, Some(ended)) => Ok((ended.started, Some(ended))),
        (stage, None) => match stage.waiting_reason() {
            "ErrImagePull" => waiting("image can't be pulled"),
            "ImagePullBackOff" => waiting("trying and failing to pull image"),
            other => waiting(other),
        },
    }
}

/// The lines of one run of an image.
fn write(
    image: &Image,
    started: DateTime<Utc>,
    ended: Option<Ended>,
    now: DateTime<Utc>,
    pod: &str,
) -> Vec<(DateTime<Utc>, String)> {
    let until = ended.as_ref().map_or(now, |ended| ended.finished);
    let mut lines = Vec::new();
    for (index, line) in image.log.start.iter().enumerate() {
        let offset = i64::try_from(index).unwrap_or_default() * 40;
        lines.push((started + TimeDelta::milliseconds(120 + offset), line.clone()));
    }
    let every = image.log.every_seconds.max(1);
    let rounds = (until - started).num_seconds() / every;
    let kinds = i64::try_from(image.log.running.len()).unwrap_or_default();
    if kinds > 0 {
        for round in (rounds - KEPT).max(1)..=rounds {
            let time = started + TimeDelta::seconds(round * every);
            let index = usize::try_from(round % kinds).unwrap_or_default();
            if let Some(line) = image.log.running.get(index) {
                lines.push((time, line.clone()));
            }
        }
    }
    if ended.is_some() {
        for line in &image.log.end {
            lines.push((until, line.clone()));
        }
    }
    lines.retain(|(time, _)| *time <= until);
    for (time, line) in &mut lines {
        *line = fill(line, *time, pod);
    }
    lines
}

/// Templates may say `{time}`, `{id}` (a request id) and `{ms}` (a latency); each line gets its own.
fn fill(line: &str, time: DateTime<Utc>, pod: &str) -> String {
    let seed = format!("{pod}/{}/{line}", time.timestamp_millis());
    line.replace("{time}", &time.to_rfc3339_opts(SecondsFormat::Millis, true))
        .replace("{id}", &names::hex(&seed)[..12])
        .replace("{ms}", &(names::number(&seed, 90) + 8).to_string())
}
