//! Jobs that gave up, and CronJobs whose newest run did.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::diagnosis::Relation;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{CronJobs, Events, Jobs};
use crate::snapshot::{Condition, Job};
use crate::texts::findings as texts;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("job/failed"),
        kind: "Job",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Jobs, Walked), (Events, Detail)],
        gate: Some("24h"),
        means: "The Job has given up; its work is not done.",
        advice: "Read the log of its last pod, then run it again.",
        find: failed,
    },
    Check {
        id: CheckId::new("cronjob/last-run-failed"),
        kind: "CronJob",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CronJobs, Walked), (Jobs, Complete)],
        gate: None,
        means: "The newest run failed, so what it does regularly is not done.",
        advice: "Read the log of its last pod; the next run fails too if nothing changes.",
        find: last_run_failed,
    },
];

pub(super) fn failed(scene: &Scene<'_>) -> Vec<Draft> {
    let mut drafts: BTreeMap<Target, Draft> = BTreeMap::new();
    let mut jobs: Vec<(&Job, &Condition)> =
        scene.snapshot.jobs.iter().filter_map(|job| Some((job, failure(job)?))).collect();
    // The newest failure of a CronJob gives its finding title and facts.
    jobs.sort_by_key(|(job, failure)| (std::cmp::Reverse(failure.last_transition_time), job.meta.name.clone()));
    for (job, failure) in jobs {
        if !scene.is_news(failure.last_transition_time) || succeeded_since(scene, job) {
            continue;
        }
        let this = target("Job", &job.meta);
        let id = scene.graph.find_target(&this);
        let owner = id.map(|id| scene.graph.object(scene.graph.owner(id)).target()).unwrap_or_else(|| this.clone());
        if let Some(draft) = drafts.get_mut(&owner) {
            draft.objects.push(ObjectRef::from(this));
            continue;
        }
        let mut evidence = vec![
            Evidence::since("conditions[Failed].reason", &*failure.reason, failure.last_transition_time),
            Evidence::new("conditions[Failed].message", &*failure.message),
            Evidence::new("status.failed", job.status.failed.to_string()),
        ];
        let event = scene.event(id, |event| event.type_ == "Warning" && event.message != failure.message);
        evidence.extend(event.map(event_evidence));
        let title = texts::job_failed(&failure.reason);
        let objects = vec![ObjectRef::from(this)];
        drafts.insert(owner.clone(), Draft { objects, ..Draft::about(owner, Severity::High, title, evidence) });
    }
    drafts.into_values().collect()
}

pub(super) fn last_run_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.cron_jobs.iter().filter(|cron| !cron.spec.suspend).filter_map(|cron| {
        let this = target("CronJob", &cron.meta);
        let id = scene.graph.find_target(&this)?;
        let newest = runs(scene, id).max_by_key(|job| (started(job), job.meta.name.as_str()))?;
        let failure = failure(newest)?;
        let run = target("Job", &newest.meta);
        let mut evidence = vec![Evidence::since(
            "newest Job",
            format!("{}: {}", run.name, failure.reason),
            failure.last_transition_time,
        )];
        if let Some(success) = cron.status.last_successful_time {
            evidence.push(Evidence::new(
                "status.lastSuccessfulTime",
                success.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            ));
        }
        let last_success = cron.status.last_successful_time.map(|at| scene.age(at));
        let title = texts::last_run_failed(&failure.reason, last_success);
        let objects = vec![ObjectRef::from(this.clone()), run.into()];
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}

pub(super) fn failure(job: &Job) -> Option<&Condition> {
    job.status.conditions.get("Failed").filter(|failed| failed.status == "True")
}

fn started(job: &Job) -> Option<DateTime<Utc>> {
    job.meta.creation_timestamp.or(job.status.start_time)
}

pub(super) fn runs<'a>(scene: &Scene<'a>, cron: crate::diagnosis::ObjectId) -> impl Iterator<Item = &'a Job> {
    let graph = scene.graph;
    let owned = graph.depends_on(cron).filter(|(relation, _)| *relation == Relation::Owns);
    owned.filter_map(move |(_, run)| match graph.object(run).entity {
        Some(crate::diagnosis::Entity::Job(job)) => Some(job),
        _ => None,
    })
}

/// Whether a later run of the same CronJob succeeded: then the failure is over.
fn succeeded_since(scene: &Scene<'_>, job: &Job) -> bool {
    let id = scene.graph.find_target(&target("Job", &job.meta));
    let Some(owner) = id.map(|id| scene.graph.owner(id)).filter(|owner| Some(*owner) != id) else { return false };
    runs(scene, owner).any(|run| run.status.conditions.is("Complete", "True") && started(run) > started(job))
}
