//! CronJobs: a Job at each time of the schedule, in UTC unless they name a zone; old Jobs go by the history limits.

use std::str::FromStr as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::parser::CronParser;
use serde_json::{Value, json};

use crate::demo::defaults;
use crate::demo::events::{self, Note};
use crate::demo::json::{
    condition_true, count, map, name, namespace, owned_by, put, stamp, take, text, truth, uid, when,
};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

const COMPONENT: &str = "cronjob-controller";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for cron in simulation.objects.list(Kind::CronJob, Some(within)) {
        settle_jobs(simulation, &cron);
        if !truth(&cron, "/spec/suspend") {
            fire(simulation, &cron);
        }
    }
}

fn jobs_of(simulation: &Simulation, cron: &Value) -> Vec<Arc<Value>> {
    let mut jobs = simulation.objects.list(Kind::Job, Some(namespace(cron)));
    jobs.retain(|job| owned_by(job, uid(cron)));
    jobs
}

fn over(job: &Value) -> bool {
    condition_true(job, "Complete") || condition_true(job, "Failed")
}

/// The next time of a schedule after a moment; `None` if it is not a schedule or has none.
fn next(cron: &Value, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let zone = Tz::from_str(text(cron, "/spec/timeZone")).unwrap_or(Tz::UTC);
    let pattern = CronParser::new().parse(text(cron, "/spec/schedule")).ok()?;
    pattern.find_next_occurrence(&after.with_timezone(&zone), false).ok().map(|time| time.with_timezone(&Utc))
}

fn fire(simulation: &mut Simulation, cron: &Value) {
    let since = when(cron, "/status/lastScheduleTime")
        .or_else(|| when(cron, "/metadata/creationTimestamp"))
        .unwrap_or(simulation.now);
    let Some(mut due) = next(cron, since) else {
        return;
    };
    if due > simulation.now {
        return simulation.wake_at(due);
    }
    // Times that were missed (the cluster was asleep) are run once, as the real controller does.
    while let Some(later) = next(cron, due).filter(|later| *later <= simulation.now) {
        due = later;
    }
    if let Some(later) = next(cron, simulation.now) {
        simulation.wake_at(later);
    }
    let running = jobs_of(simulation, cron).iter().any(|job| !over(job));
    if running && text(cron, "/spec/concurrencyPolicy") == "Forbid" {
        return;
    }
    let own = format!("{}-{}", name(cron), due.timestamp() / 60);
    let mut job = json!({
        "metadata": {
            "name": own, "namespace": namespace(cron), "labels": cron["spec"]["jobTemplate"]["metadata"]["labels"],
            "annotations": { "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(due) },
            "ownerReferences": [pods::owner_reference(cron)],
        },
        "spec": cron["spec"]["jobTemplate"]["spec"],
    });
    if map(&job, "/metadata/labels").is_none() {
        take(&mut job, "/metadata", "labels");
    }
    defaults::apply(Kind::Job, &mut job);
    let now = simulation.now;
    if simulation.objects.insert(Kind::Job, job, now).is_some() {
        events::record(simulation, cron, Note::normal(COMPONENT, "SuccessfulCreate", &format!("Created job {own}")));
    }
    simulation
        .objects
        .edit(Kind::CronJob, namespace(cron), name(cron), |cron| put(cron, "/status/lastScheduleTime", stamp(due)));
}

/// Notes which jobs run and which has succeeded last, and drops those beyond the history limits.
fn settle_jobs(simulation: &mut Simulation, cron: &Value) {
    let mut jobs = jobs_of(simulation, cron);
    jobs.sort_by_key(|job| when(job, "/metadata/creationTimestamp"));
    for (condition, limit) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
        let ended: Vec<_> = jobs.iter().filter(|job| condition_true(job, condition)).collect();
        let kept = usize::try_from(count(cron, &format!("/spec/{limit}"))).unwrap_or_default();
        for job in ended.iter().take(ended.len().saturating_sub(kept)) {
            simulation.objects.remove(Kind::Job, namespace(job), name(job));
        }
    }
    let active: Vec<Value> = jobs
        .iter()
        .filter(|job| !over(job))
        .map(|job| json!({ "kind": "Job", "apiVersion": "batch/v1", "namespace": namespace(job), "name": name(job), "uid": uid(job), "resourceVersion": job["metadata"]["resourceVersion"] }))
        .collect();
    let success = jobs
        .iter()
        .filter(|job| condition_true(job, "Complete"))
        .filter_map(|job| when(job, "/status/completionTime"))
        .max();
    for job in jobs.iter().filter(|job| over(job)) {
        let status = if condition_true(job, "Complete") { "Complete" } else { "Failed" };
        let message = format!("Saw completed job: {}, condition: {status}", name(job));
        let known = simulation.objects.list(Kind::Event, Some(namespace(cron)));
        let recent =
            when(job, "/metadata/creationTimestamp").is_some_and(|time| simulation.now - time < TimeDelta::minutes(30));
        if recent && !known.iter().any(|event| text(event, "/message") == message) {
            events::record(simulation, cron, Note::normal(COMPONENT, "SawCompletedJob", &message));
        }
    }
    simulation.objects.edit(Kind::CronJob, namespace(cron), name(cron), |cron| {
        if active.is_empty() {
            take(cron, "/status", "active");
        } else {
            put(cron, "/status/active", Value::Array(active));
        }
        if let Some(success) = success {
            put(cron, "/status/lastSuccessfulTime", stamp(success));
        }
    });
}
