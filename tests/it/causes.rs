//! Compound stories, as data in `tests/data/causes`: one fault with many symptoms, two faults at once, a fault that looks
//! like another. Each says every finding of the cluster and what explains it, and what people get who ask.

use crate::checks::{data, path, read};
use chrono::{DateTime, Utc};
use roundsman::diagnosis::{Chain, Verdict, best_match, why};
use roundsman::finding::{ActionHint, Finding, RemedyKind};
use roundsman::inspection::{History, Settings, inspect};
use roundsman::snapshot::{Resource, Snapshot, Unread, Why};
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write as _;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    story: String,
    now: DateTime<Utc>,
    #[serde(default)]
    #[serde(rename = "shared")]
    _shared: Value,
    objects: Vec<Value>,
    #[serde(default)]
    unread: Vec<String>,
    /// `severity id Kind/namespace/name`, and ` <- id Kind/namespace/name` of what explains it; in the report's order.
    findings: Vec<String>,
    #[serde(default)]
    why: Vec<Asked>,
    #[serde(default)]
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `Kind/namespace/name`, or `Kind/name`.
    about: String,
    verdict: String,
    #[serde(default)]
    steps: Vec<String>,
    /// Actions and commands in their order.
    #[serde(default)]
    cures: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    /// None: no answer.
    about: Option<String>,
}

fn line(finding: &Finding, all: &[Finding]) -> String {
    let cause = finding.caused_by.as_ref().and_then(|cause| all.iter().find(|other| other.fingerprint == *cause));
    let cause = cause.map(|cause| format!(" <- {} {}", cause.id, path(&cause.target))).unwrap_or_default();
    format!("{} {} {}{cause}", finding.severity, finding.id, path(&finding.target))
}

fn verdict(chain: &Chain) -> String {
    match &chain.verdict {
        Verdict::Explained => "explained".to_owned(),
        Verdict::Healthy { unread: None, .. } => "healthy".to_owned(),
        Verdict::Healthy { unread: Some(unread), .. } => format!("healthy as far as read. {unread}"),
        Verdict::NoSuchObject { did_you_mean, named_by } => {
            let names =
                |targets: &[roundsman::finding::Target]| targets.iter().map(path).collect::<Vec<_>>().join(", ");
            format!("missing; similar: {}; named by: {}", names(did_you_mean), names(named_by))
        }
        Verdict::NoSuchKind { .. } => "no such kind".to_owned(),
        Verdict::NotRead { why } => format!("not read: {why}"),
    }
}

fn steps(chain: &Chain) -> Vec<String> {
    chain.steps.iter().map(|step| format!("{}: {}", path(&step.object), step.statement)).collect()
}

fn cures(chain: &Chain) -> Vec<String> {
    let cure = |kind: &RemedyKind| match kind {
        RemedyKind::Command(command) => command.clone(),
        RemedyKind::Action(ActionHint::UndoRollout { target, to_revision }) => {
            format!("undo {} to {}", path(target), to_revision.unwrap_or_default())
        }
        RemedyKind::Action(ActionHint::RestartRollout { target }) => format!("restart {}", path(target)),
        RemedyKind::Action(ActionHint::Scale { target, replicas }) => format!("scale {} to {replicas}", path(target)),
        RemedyKind::Action(ActionHint::DeletePod { target }) => format!("delete {}", path(target)),
    };
    chain.cures.iter().map(|each| cure(&each.what)).collect()
}

#[test]
fn every_story_has_its_roots_and_nothing_beside_them() {
    let mut files: Vec<_> = std::fs::read_dir(data("causes")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 40);
    let mut failures = String::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let story: Story = read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut snapshot =
            Snapshot::from_objects(story.now, story.objects).unwrap_or_else(|error| panic!("{name}: {error}"));
        for plural in &story.unread {
            let resource = Resource::ALL.iter().copied().find(|resource| resource.plural() == plural).unwrap();
            snapshot.unread.push(Unread { resource, why: Why::Forbidden });
        }
        let settings = Settings::default();
        let report = inspect(&snapshot, &History::default(), &settings);
        let found: Vec<String> = report.findings.iter().map(|finding| line(finding, &report.findings)).collect();
        let before = failures.len();
        if found != story.findings {
            writeln!(failures, "\n{name}\nfindings:\n{}", serde_yaml_ng::to_string(&found).unwrap()).unwrap();
        }
        for finding in report.findings.iter().filter(|finding| !finding.is_root()) {
            assert!(
                finding.remedies.iter().all(|remedy| remedy.as_action().is_none()),
                "{name}: a change at a symptom"
            );
        }
        for asked in &story.why {
            let parts: Vec<&str> = asked.about.split('/').collect();
            let chain = match parts.as_slice() {
                [kind, namespace, object] => why(&snapshot, &report, kind, namespace, object),
                [kind, object] => why(&snapshot, &report, kind, "", object),
                _ => panic!("{name}: {}", asked.about),
            };
            if (verdict(&chain), steps(&chain), cures(&chain))
                != (asked.verdict.clone(), asked.steps.clone(), asked.cures.clone())
            {
                let (steps, cures) = (steps(&chain), cures(&chain));
                let yaml = |list: &Vec<String>| serde_yaml_ng::to_string(list).unwrap();
                let about = &asked.about;
                writeln!(
                    failures,
                    "\n{name}\nabout: {about}\nverdict: \"{}\"\nsteps:\n{}cures:\n{}",
                    verdict(&chain),
                    yaml(&steps),
                    yaml(&cures)
                )
                .unwrap();
            }
            // What a person reads is not empty and names what was asked about.
            assert!(roundsman::texts::why::plain(&chain).contains(parts.last().unwrap()));
        }
        for question in &story.questions {
            let about = best_match(&question.ask, &snapshot, &report).map(|chain| path(&chain.subject));
            if about != question.about {
                writeln!(failures, "\n{name}\nask: {}\nabout: {about:?}", question.ask).unwrap();
            }
        }
        println!("{} {name}: {}", if failures.len() == before { "ok  " } else { "FAIL" }, story.story);
    }
    assert!(failures.is_empty(), "{failures}");
}
