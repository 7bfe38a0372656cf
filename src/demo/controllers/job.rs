//! Jobs: pods until enough have succeeded, or until too many have failed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::demo::events::{self, Note};
use crate::demo::json::{
    condition_true, count, items, name, put, put_default, set_condition, stamp, take, text, truth, uid, when,
};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

const COMPONENT: &str = "job-controller";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for job in simulation.objects.list(Kind::Job, Some(within)) {
        if !condition_true(&job, "Complete") && !condition_true(&job, "Failed") {
            reconcile(simulation, &job);
        }
    }
}

fn reconcile(simulation: &mut Simulation, job: &Value) {
    let mine = pods::of(simulation, job);
    let succeeded = mine.iter().filter(|pod| text(pod, "/status/phase") == "Succeeded").count();
    let failed: Vec<_> = mine.iter().filter(|pod| text(pod, "/status/phase") == "Failed").collect();
    let active: Vec<_> = mine.iter().filter(|pod| pods::active(pod)).collect();
    let wanted = usize::try_from(count(job, "/spec/completions")).unwrap_or(1);
    let allowed = usize::try_from(count(job, "/spec/backoffLimit")).unwrap_or(6);
    let now = simulation.now;

    let mut value = job.clone();
    put_default_selector(&mut value);
    put(&mut value, "/status/terminating", json!(0));
    if value["status"]["startTime"].is_null() {
        put(&mut value, "/status/startTime", stamp(now));
    }
    if succeeded >= wanted {
        set_condition(
            &mut value,
            "SuccessCriteriaMet",
            "True",
            "CompletionsReached",
            "Reached expected number of succeeded pods",
            now,
        );
        set_condition(
            &mut value,
            "Complete",
            "True",
            "CompletionsReached",
            "Reached expected number of succeeded pods",
            now,
        );
        put(&mut value, "/status/completionTime", stamp(now));
        events::record(simulation, job, Note::normal(COMPONENT, "Completed", "Job completed"));
    } else if failed.len() > allowed {
        let message = "Job has reached the specified backoff limit";
        set_condition(&mut value, "FailureTarget", "True", "BackoffLimitExceeded", message, now);
        set_condition(&mut value, "Failed", "True", "BackoffLimitExceeded", message, now);
        events::record(simulation, job, Note::warning(COMPONENT, "BackoffLimitExceeded", message));
        for pod in &active {
            pods::delete(simulation, pod, None);
        }
    } else if !truth(job, "/spec/suspend") && active.is_empty() {
        let last = failed.iter().filter_map(|pod| ended(pod)).max();
        let pause = TimeDelta::seconds((10_i64 << failed.len().saturating_sub(1).min(6)).min(360));
        match last.map(|last| last + pause).filter(|due| *due > now) {
            Some(due) => simulation.wake_at(due),
            None => start(simulation, &value),
        }
    }
    let (ready, active) = (active.iter().filter(|pod| pods::ready(pod)).count(), active.len());
    for (field, number) in [("active", active), ("succeeded", succeeded), ("failed", failed.len())] {
        let over = field == "active" && !items(&value, "/status/conditions").is_empty();
        if number > 0 && !over {
            put(&mut value, &format!("/status/{field}"), json!(number));
        } else {
            take(&mut value, "/status", field);
        }
    }
    put(&mut value, "/status/ready", json!(ready));
    simulation.objects.update(Kind::Job, value);
}

/// The selector that the API server makes for a Job, and the labels for it; the Job itself gets those of its template.
fn put_default_selector(job: &mut Value) {
    if !job["spec"]["selector"].is_null() {
        return;
    }
    let (own, called) = (json!(uid(job)), json!(name(job)));
    put(job, "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid", own.clone());
    for (key, value) in [
        ("controller-uid", &own),
        ("batch.kubernetes.io~1controller-uid", &own),
        ("job-name", &called),
        ("batch.kubernetes.io~1job-name", &called),
    ] {
        put(job, &format!("/spec/template/metadata/labels/{key}"), value.clone());
    }
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    put_default(job, "/metadata/labels", labels);
}

fn ended(pod: &Value) -> Option<DateTime<Utc>> {
    when(pod, "/status/containerStatuses/0/state/terminated/finishedAt")
}

fn start(simulation: &mut Simulation, job: &Value) {
    let seed = format!("{}/{}", uid(job), simulation.objects.version());
    let own = format!("{}-{}", name(job), names::suffix(&seed, 5));
    let pod = pods::from_template(job, &job["spec"]["template"], &own);
    if pods::may_create(simulation, job, &pod) {
        // A refusal is in the events that `create` writes; the Job stays without an active pod.
        drop(pods::create(simulation, job, pod, COMPONENT));
    }
}
