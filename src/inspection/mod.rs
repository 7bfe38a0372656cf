//! Looks at one snapshot of one cluster and says what is wrong in it: pure, the same answer for the same objects.
//! Only `run` talks to a cluster, and `archive` to the store.

pub mod archive;
pub mod attention;
pub mod checks;
pub mod history;
mod passes;
mod run;

use crate::diagnosis::{self, Graph};
use crate::finding::{CheckId, Finding, FindingState, Fingerprint, Note, Target};
use crate::report::{Gap, Grade, Report, SCHEMA, score};
use crate::snapshot::{Resource, Scope, Snapshot, State, Unread, Why};
use crate::texts;
use attention::keep_out;
use checks::{Check, Draft, Role, Scene};

pub use attention::{Settings, Thresholds};
pub use history::{Absence, Capacity, Day, History, Memory, RestartCounts, Trend};
pub use run::{Explained, Inspected, Order, read, reads, run, why};

/// Runs the checks that the settings ask for, folds symptoms under their causes, and compares with the last time.
/// `duration_ms` is the reading's; who also measures the checking adds that.
pub fn inspect(snapshot: &Snapshot, history: &History, settings: &Settings) -> Report {
    let graph = Graph::new(snapshot);
    let scene = Scene::new(&graph, history, &settings.thresholds);
    let chosen: Vec<&Check> = checks::all().filter(|check| check.set.is_in(settings.set)).collect();
    let mut findings = Vec::new();
    for check in chosen.iter().filter(|check| runs(snapshot, check)) {
        let drafts = passes::find(check, &scene, settings);
        findings.extend(drafts.into_iter().map(|draft| finding(snapshot, check, draft)));
    }
    checks::keep_unexplained(&mut findings);
    for finding in &mut findings {
        let changed = settings.changes.iter().rev().find_map(|change| {
            change.severity.filter(|_| change.covers(&finding.id, finding.target.namespace.as_deref()))
        });
        finding.severity = changed.unwrap_or(finding.severity);
    }
    diagnosis::link(&graph, &mut findings);
    let (mut findings, mut kept_out) = keep_out(&graph, findings, history, settings);
    let changes = history.compare(&mut findings, &mut kept_out, |root| {
        let check = chosen.iter().find(|check| root.id == check.id);
        let rechecked = check.is_some_and(|check| saw_everything(snapshot, check) && in_scope(snapshot, &root.target));
        if !rechecked {
            Absence::NotRechecked
        } else if checks::shows_after_a_run(&root.id) && scene.has_just_started(&root.target) {
            Absence::TooEarly
        } else {
            Absence::Resolved
        }
    });
    diagnosis::order(&mut findings);
    for finding in &mut findings {
        let advice = checks::find(&finding.id).map(|check| check.advice).unwrap_or_default();
        finding.remedies = diagnosis::remedies(&graph, finding, advice);
        let times = history.appearances(finding, settings.flapping.within, snapshot.taken_at);
        if times >= settings.flapping.times {
            finding.notes.push(Note::Flapping { times, hours: settings.flapping.within.num_hours() });
        }
    }
    let score = score::score(&findings);
    let report = Report {
        schema: SCHEMA.to_owned(),
        cluster: snapshot.cluster.clone(),
        taken_at: snapshot.taken_at,
        set: settings.set,
        duration_ms: snapshot.duration.as_millis().try_into().unwrap_or(u64::MAX),
        score,
        grade: Grade::of(score),
        findings,
        kept_out,
        changes,
        ran: ran(snapshot, &chosen),
        gaps: gaps(snapshot, &chosen),
        reads: snapshot.reads,
    };
    // Here and not only where it is shown: nobody can keep or send what was never let out.
    report.redacted()
}

/// A check runs over whatever part of its list arrived, but concludes nothing from absence in an incomplete list.
fn runs(snapshot: &Snapshot, check: &Check) -> bool {
    check.data.iter().all(|(resource, role)| match role {
        Role::Walked | Role::Part | Role::Detail => true,
        Role::Complete => snapshot.has_read(*resource),
    })
}

/// Whether what the check did not find is not there.
fn saw_everything(snapshot: &Snapshot, check: &Check) -> bool {
    check.data.iter().all(|(resource, role)| match role {
        Role::Walked | Role::Complete | Role::Part => match snapshot.state_of(*resource) {
            State::Read => true,
            State::Unread(why) => *why == Why::NotServed && *role == Role::Walked,
        },
        Role::Detail => true,
    })
}

/// The checks that could look at all of what they are about. What the cluster does not have cannot be looked at.
fn ran(snapshot: &Snapshot, chosen: &[&Check]) -> Vec<CheckId> {
    let looked = |check: &&&Check| {
        let walked = || check.data.iter().filter(|(_, role)| *role == Role::Walked).map(|(resource, _)| *resource);
        let whole = |resource: Resource| match snapshot.state_of(resource) {
            State::Read | State::Unread(Why::NotServed) => true,
            State::Unread(_) => false,
        };
        runs(snapshot, check) && walked().all(whole) && walked().any(|resource| snapshot.has_read(resource))
    };
    chosen.iter().filter(looked).map(|check| check.id.clone()).collect()
}

fn in_scope(snapshot: &Snapshot, target: &Target) -> bool {
    match (&snapshot.scope, &target.namespace) {
        (Scope::AllNamespaces, _) | (Scope::Namespace(_), None) => true,
        (Scope::Namespace(scope), Some(namespace)) => scope == namespace,
    }
}

/// What was not read. An API that the cluster does not have is no gap.
fn gaps(snapshot: &Snapshot, chosen: &[&Check]) -> Vec<Gap> {
    let mut gaps: Vec<(Resource, Gap)> = Vec::new();
    let expected = |unread: &&Unread| unread.why != Why::NotServed;
    for unread in snapshot.unread.iter().filter(expected) {
        let uses = |check: &&&Check| check.data.iter().any(|(resource, _)| *resource == unread.resource);
        let checks: Vec<_> = chosen.iter().filter(uses).map(|check| check.id.clone()).collect();
        let known = gaps.iter().any(|(resource, _)| *resource == unread.resource);
        if !checks.is_empty() && !known {
            let what = texts::gaps::list_of(unread.resource);
            gaps.push((unread.resource, Gap { what, why: texts::gaps::why_unread(&unread.why), checks }));
        }
    }
    gaps.into_iter().map(|(_, gap)| gap).collect()
}

fn finding(snapshot: &Snapshot, check: &Check, draft: Draft) -> Finding {
    let Draft { severity, target, container, objects, title, evidence } = draft;
    Finding {
        id: check.id.clone(),
        fingerprint: Fingerprint::of(&check.id, &snapshot.cluster, &target, container.as_deref()),
        severity,
        state: FindingState::New,
        first_seen: snapshot.taken_at,
        target,
        objects,
        title,
        evidence,
        caused_by: None,
        remedies: Vec::new(),
        notes: Vec::new(),
    }
}
