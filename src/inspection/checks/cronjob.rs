//! CronJobs that do not run when they should, or not one after the other.

use super::check::row::*;
use super::cronjob_plan::Plan;
use super::job::runs;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::inspection::history;
use crate::snapshot::Resource::{CronJobs, Events, Jobs};
use crate::snapshot::{CronJob, Event};
use crate::texts::findings::job as texts;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cronjob/suspended"),
        kind: "CronJob",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(CronJobs, Walked)],
        gate: None,
        means: "What it does regularly is not done.",
        advice: "Set spec.suspend to false if it is to run again.",
        find: suspended,
    },
    Check {
        id: CheckId::new("cronjob/never-succeeded"),
        kind: "CronJob",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(CronJobs, Walked)],
        gate: Some("2 periods"),
        means: "What it is there for has never been done.",
        advice: "Run it once by hand, and read the log.",
        find: never_succeeded,
    },
    Check {
        id: CheckId::new("cronjob/missed-schedule"),
        kind: "CronJob",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CronJobs, Walked)],
        gate: Some("2 periods and startingDeadlineSeconds"),
        means: "Its time has come twice, and no Job was made.",
        advice: "Look at its events, and whether the controller manager runs.",
        find: missed_schedule,
    },
    Check {
        id: CheckId::new("cronjob/success-stale"),
        kind: "CronJob",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CronJobs, Walked)],
        gate: Some("3 periods"),
        means: "What it does regularly was not done several times in a row.",
        advice: "Read the log of its newest run.",
        find: success_stale,
    },
    Check {
        id: CheckId::new("cronjob/overlap"),
        kind: "CronJob",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(CronJobs, Walked), (Events, Walked)],
        gate: Some("24h"),
        means: "A run is not done when the next one is due.",
        advice: "Run it less often, make it faster, or let it end with activeDeadlineSeconds.",
        find: overlap,
    },
    Check {
        id: CheckId::new("cronjob/warning-events"),
        kind: "CronJob",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Events, Walked), (CronJobs, Detail), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The controller has trouble with it.",
        advice: "The event says what it is.",
        find: warning_events,
    },
];

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Schedule and zone, as every finding about time shows them.
fn schedule(cron_job: &CronJob) -> Vec<Evidence> {
    let mut evidence = vec![Evidence::new("spec.schedule", cron_job.spec.schedule.as_str())];
    let zone = cron_job.spec.time_zone.as_str();
    evidence.extend((!zone.is_empty()).then(|| Evidence::new("spec.timeZone", zone)));
    evidence
}

fn was_suspended(scene: &Scene<'_>, cron_job: &CronJob) -> bool {
    let known = scene.history.memory().and_then(|memory| memory.workloads.as_ref());
    let known = known.and_then(|known| known.get(&history::key("CronJob", &cron_job.meta)));
    known.is_some_and(|known| known.suspended)
}

/// Those that are to run. What was suspended until lately may be late.
fn planned<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a CronJob, Plan)> {
    let running = scene.snapshot.cron_jobs.iter().filter(move |cron_job| {
        !cron_job.spec.suspend && cron_job.meta.deletion_timestamp.is_none() && !was_suspended(scene, cron_job)
    });
    running.filter_map(|cron_job| Some((cron_job, Plan::of(cron_job)?)))
}

fn suspended(scene: &Scene<'_>) -> Vec<Draft> {
    let held = scene.snapshot.cron_jobs.iter().filter(|cron_job| cron_job.spec.suspend);
    let draft = |cron_job: &CronJob| {
        // What was so the last time is so on purpose.
        let known = was_suspended(scene, cron_job);
        let severity = if known { Severity::Info } else { Severity::Low };
        let mut evidence = vec![Evidence::new("spec.suspend", "true")];
        let last = cron_job.status.last_schedule_time;
        evidence.extend(last.map(|last| Evidence::new("status.lastScheduleTime", written(last))));
        let title = texts::cron_suspended(last.map(|last| scene.age(last)));
        Draft::about(target("CronJob", &cron_job.meta), severity, title, evidence)
    };
    held.map(draft).collect()
}

fn never_succeeded(scene: &Scene<'_>) -> Vec<Draft> {
    let never = planned(scene).filter(|(cron_job, _)| cron_job.status.last_successful_time.is_none());
    let drafts = never.filter_map(|(cron_job, plan)| {
        let made = cron_job.meta.creation_timestamp?;
        plan.after(made, 3).filter(|third| scene.now > *third)?;
        let mut evidence = schedule(cron_job);
        evidence.push(Evidence::since("status.lastSuccessfulTime", texts::never(), Some(made)));
        let this = target("CronJob", &cron_job.meta);
        Some(Draft::about(this, Severity::Medium, texts::never_succeeded(scene.age(made)), evidence))
    });
    drafts.collect()
}

fn missed_schedule(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = planned(scene).filter_map(|(cron_job, plan)| {
        let last = cron_job.status.last_schedule_time;
        let from = last.or(cron_job.meta.creation_timestamp)?;
        let deadline = cron_job.spec.starting_deadline_seconds.and_then(TimeDelta::try_seconds).unwrap_or_default();
        plan.after(from, 2).filter(|second| scene.now > *second + deadline)?;
        // A run that has not ended keeps the next one away, as its policy wants.
        let kept_away = cron_job.spec.concurrency_policy == "Forbid" && !cron_job.status.active.is_empty();
        let severity = if kept_away { Severity::Medium } else { Severity::High };
        let mut evidence = schedule(cron_job);
        evidence.push(Evidence::new("status.lastScheduleTime", last.map_or_else(texts::never, written)));
        evidence.extend(plan.after(from, 1).map(|due| Evidence::since(texts::was_due(), written(due), Some(due))));
        let title = texts::missed_schedule(last.map(|last| scene.age(last)), kept_away);
        Some(Draft::about(target("CronJob", &cron_job.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn success_stale(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = planned(scene).filter_map(|(cron_job, plan)| {
        let success = cron_job.status.last_successful_time?;
        plan.after(success, 3).filter(|third| scene.now > *third)?;
        let mut evidence = schedule(cron_job);
        evidence.push(Evidence::since("status.lastSuccessfulTime", written(success), Some(success)));
        let title = texts::success_stale(scene.age(success));
        Some(Draft::about(target("CronJob", &cron_job.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

fn overlap(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.cron_jobs.iter().filter_map(|cron_job| {
        let this = target("CronJob", &cron_job.meta);
        let skipped = |event: &Event| event.reason == "JobAlreadyActive" && scene.is_news(event.last_seen);
        let event = scene.event(scene.graph.find_target(&this), skipped);
        let allows = matches!(cron_job.spec.concurrency_policy.as_str(), "" | "Allow");
        let active = cron_job.status.active.len();
        let mut evidence = vec![Evidence::new("spec.schedule", cron_job.spec.schedule.as_str())];
        let title = match event {
            Some(event) => {
                evidence.push(event_evidence(event));
                texts::skipped()
            }
            None if allows && active > 1 => {
                evidence.push(Evidence::new("status.active", active.to_string()));
                texts::overlap(active)
            }
            None => return None,
        };
        Some(Draft::about(this, Severity::Low, title, evidence))
    });
    drafts.collect()
}

/// What other checks say: how runs end, and that they overlap.
const SAID_ELSEWHERE: &[&str] =
    &["JobAlreadyActive", "BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy", "MaxFailedIndexesExceeded"];

fn warning_events(scene: &Scene<'_>) -> Vec<Draft> {
    let warning = |event: &Event| {
        event.type_ == "Warning" && scene.is_news(event.last_seen) && !SAID_ELSEWHERE.contains(&event.reason.as_str())
    };
    let of_cron_jobs = scene.snapshot.cron_jobs.iter().filter_map(|cron_job| {
        let this = target("CronJob", &cron_job.meta);
        let id = scene.graph.find_target(&this)?;
        let own = scene.event(Some(id), warning).map(|event| (event, None));
        let of_runs = runs(scene, id).filter_map(|job| {
            let run = target("Job", &job.meta);
            Some((scene.event(scene.graph.find_target(&run), warning)?, Some(run)))
        });
        let (event, run) = own.into_iter().chain(of_runs).max_by_key(|(event, _)| event.last_seen)?;
        let objects = std::iter::once(ObjectRef::from(this.clone())).chain(run.map(ObjectRef::from)).collect();
        Some(Draft { objects, ..warned(this, event) })
    });
    let alone = scene.snapshot.jobs.iter().filter(|job| job.meta.controller().is_none());
    let of_jobs = alone.filter_map(|job| {
        let this = target("Job", &job.meta);
        Some(warned(this.clone(), scene.event(scene.graph.find_target(&this), warning)?))
    });
    of_cron_jobs.chain(of_jobs).collect()
}

fn warned(this: Target, event: &Event) -> Draft {
    let mut evidence = vec![event_evidence(event)];
    evidence.extend((event.count > 1).then(|| Evidence::new("count", event.count.to_string())));
    Draft::about(this, Severity::Low, texts::warning_event(&event.message), evidence)
}
