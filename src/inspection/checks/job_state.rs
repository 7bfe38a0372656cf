//! Jobs that have not ended, and those that have and stay.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::inspection::history;
use crate::snapshot::Job;
use crate::snapshot::Resource::{CronJobs, Jobs};
use crate::texts::findings::job as texts;
use chrono::TimeDelta;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("job/retrying"),
        kind: "Job",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Jobs, Walked)],
        gate: None,
        means: "Pods of it failed; it tries again until its backoff limit is reached.",
        advice: "Read the log of the pod that failed.",
        find: retrying,
    },
    Check {
        id: CheckId::new("job/suspended"),
        kind: "Job",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Jobs, Walked)],
        gate: Some("1h"),
        means: "Its work is not done until somebody resumes it.",
        advice: "Set spec.suspend to false, or delete it.",
        find: suspended,
    },
    Check {
        id: CheckId::new("job/long-running"),
        kind: "Job",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Jobs, Walked), (CronJobs, Detail)],
        gate: Some("6h, 3 times its usual duration"),
        means: "It hangs, or has much more to do than usual.",
        advice: "Read the log of its pod; set activeDeadlineSeconds so that a hanging one ends by itself.",
        find: long_running,
    },
    Check {
        id: CheckId::new("job/finished-pile-up"),
        kind: "Job",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Jobs, Walked)],
        gate: Some("20"),
        means: "Finished Jobs and their pods stay until somebody deletes them; they burden the API server.",
        advice: "Delete them, and set ttlSecondsAfterFinished on the next ones.",
        find: finished_pile_up,
    },
];

fn is_finished(job: &Job) -> bool {
    job.status.conditions.is("Complete", "True") || job.status.conditions.is("Failed", "True")
}

fn active<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Job> {
    scene.snapshot.jobs.iter().filter(|job| !is_finished(job) && job.meta.deletion_timestamp.is_none())
}

/// The CronJob, or the Job itself.
fn owner(scene: &Scene<'_>, this: &Target) -> Target {
    let id = scene.graph.find_target(this);
    id.map_or_else(|| this.clone(), |id| scene.graph.object(scene.graph.owner(id)).target())
}

fn retrying(scene: &Scene<'_>) -> Vec<Draft> {
    let mut drafts: BTreeMap<Target, Draft> = BTreeMap::new();
    for job in active(scene).filter(|job| job.status.failed > 0 && !job.spec.suspend) {
        let this = target("Job", &job.meta);
        let owner = owner(scene, &this);
        if let Some(draft) = drafts.get_mut(&owner) {
            draft.objects.push(this.into());
            continue;
        }
        let (failed, limit) = (job.status.failed, job.spec.backoff_limit);
        let mut evidence = vec![Evidence::since("status.failed", failed.to_string(), job.status.start_time)];
        evidence.extend(limit.map(|limit| Evidence::new("spec.backoffLimit", limit.to_string())));
        let objects = vec![ObjectRef::from(this)];
        let title = texts::retrying(failed, limit);
        drafts.insert(owner.clone(), Draft { objects, ..Draft::about(owner, Severity::Medium, title, evidence) });
    }
    drafts.into_values().collect()
}

/// Kueue lets Jobs wait in this way.
const QUEUED: &str = "kueue.x-k8s.io/queue-name";

fn suspended(scene: &Scene<'_>) -> Vec<Draft> {
    let held = active(scene).filter(|job| job.spec.suspend && !job.meta.labels.contains_key(QUEUED));
    let drafts = held.filter_map(|job| {
        let condition = job.status.conditions.get("Suspended").filter(|suspended| suspended.status == "True");
        let since = condition.and_then(|condition| condition.last_transition_time).or(job.meta.creation_timestamp);
        let age = since.map(|since| scene.age(since)).filter(|age| *age > scene.thresholds.suspended)?;
        let evidence = vec![Evidence::since("spec.suspend", "true", since)];
        Some(Draft::about(target("Job", &job.meta), Severity::Info, texts::suspended(age), evidence))
    });
    drafts.collect()
}

/// The middle one, of enough to speak of a habit.
fn median(runs: &BTreeMap<String, i64>) -> Option<TimeDelta> {
    let mut runs: Vec<i64> = runs.values().copied().collect();
    runs.sort_unstable();
    let middle = runs.get(runs.len() / 2).filter(|_| runs.len() >= 3)?;
    TimeDelta::try_seconds(*middle)
}

fn long_running(scene: &Scene<'_>) -> Vec<Draft> {
    let before = scene.history.memory().and_then(|memory| memory.runs.as_ref());
    let runs = history::runs(scene.snapshot, before);
    let mut drafts: BTreeMap<Target, Draft> = BTreeMap::new();
    for job in active(scene).filter(|job| job.status.active > 0 && !job.spec.suspend) {
        let Some(start) = job.status.start_time else { continue };
        let cron = job.meta.controller().filter(|owner| owner.kind == "CronJob");
        let usual = cron.and_then(|cron| median(runs.get(&format!("{}/{}", job.meta.namespace, cron.name))?));
        let times = i32::try_from(scene.thresholds.running_times).unwrap_or(i32::MAX);
        let limit = usual.map_or(scene.thresholds.running, |usual| (usual * times).max(scene.thresholds.running));
        // Past its own deadline it should have been ended already.
        let deadline = job.spec.active_deadline_seconds.and_then(TimeDelta::try_seconds);
        let overdue = deadline.is_some_and(|deadline| scene.age(start) > deadline + scene.thresholds.settle);
        if scene.age(start) <= limit && !overdue {
            continue;
        }
        let this = target("Job", &job.meta);
        let owner = owner(scene, &this);
        let mut evidence = vec![Evidence::since("status.active", job.status.active.to_string(), Some(start))];
        evidence.extend(usual.map(|usual| Evidence::new(texts::usual(), texts::span(usual))));
        evidence.extend(
            deadline.map(|deadline| Evidence::new("spec.activeDeadlineSeconds", deadline.num_seconds().to_string())),
        );
        let title = texts::long_running(scene.age(start), usual, overdue);
        match drafts.get_mut(&owner) {
            Some(draft) => draft.objects.push(this.into()),
            None => {
                let objects = vec![ObjectRef::from(this)];
                let draft = Draft { objects, ..Draft::about(owner.clone(), Severity::Medium, title, evidence) };
                drafts.insert(owner, draft);
            }
        }
    }
    drafts.into_values().collect()
}

fn finished_pile_up(scene: &Scene<'_>) -> Vec<Draft> {
    let mut piles: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
    let kept = |job: &&Job| {
        is_finished(job) && job.spec.ttl_seconds_after_finished.is_none() && job.meta.owner_references.is_empty()
    };
    for job in scene.snapshot.jobs.iter().filter(kept) {
        piles.entry(job.meta.namespace.as_str()).or_default().push(job);
    }
    let high = piles.into_iter().filter(|(_, jobs)| jobs.len() > scene.thresholds.finished_jobs);
    let drafts = high.map(|(namespace, jobs)| {
        let oldest = jobs.iter().filter_map(|job| job.status.completion_time.or(job.status.start_time)).min();
        let evidence = vec![Evidence::since("finished Jobs", jobs.len().to_string(), oldest)];
        let objects = jobs.iter().map(|job| target("Job", &job.meta).into()).collect();
        let this = Target::cluster_wide("Namespace", namespace);
        Draft { objects, ..Draft::about(this, Severity::Low, texts::finished_pile_up(jobs.len()), evidence) }
    });
    drafts.collect()
}
