//! What a case is, and how it is read: a cluster written down, a moment, and the whole of what a check says about it.

use chrono::{DateTime, Utc};
use roundsman::finding::{Evidence, Finding, ObjectRef, Target};
use roundsman::inspection::attention::Allowed;
use roundsman::inspection::checks::{Check, Set};
use roundsman::inspection::{History, Memory, RestartCounts, Settings, Thresholds, inspect};
use roundsman::report::CheckSet;
use roundsman::report::Report;
use roundsman::snapshot::{Resource, Snapshot, Unread, Why};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a case shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shows {
    /// The condition.
    Hit,
    /// Something like it that must stay silent.
    NearMiss,
    /// Just beyond an age or number from which on it reports.
    Over,
    /// Just before it.
    Under,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    now: DateTime<Utc>,
    /// Why none of them is held by a real API server.
    #[serde(default)]
    in_process: Option<String>,
    cases: Vec<Case>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(super) shows: Shows,
    /// The case that this one differs from; the differences follow.
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    pub(crate) objects: Vec<Value>,
    /// `Kind/name path.to.field` -> value; null takes the field away.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// `Kind/name` of objects that are not there.
    #[serde(default)]
    without: Vec<String>,
    /// `Kind/name path.to.field` -> a text of that length.
    #[serde(default)]
    long: BTreeMap<String, usize>,
    /// `Kind/name` -> so many of it, numbered from 01.
    #[serde(default)]
    times: BTreeMap<String, usize>,
    #[serde(default)]
    pub(crate) now: Option<DateTime<Utc>>,
    /// Why a real API server does not hold its objects, or holds them otherwise.
    #[serde(default)]
    pub(crate) in_process: Option<String>,
    /// Lists that could not be read, by their plural.
    #[serde(default)]
    unread: Vec<String>,
    /// The last inspection's restart counts, `uid/container`.
    #[serde(default)]
    restarts: Option<RestartCounts>,
    /// What the last inspection saw, as it differs from what there is now; a check of drift compares the two.
    #[serde(default)]
    before: Option<Before>,
    /// The API server's version.
    #[serde(default)]
    version: Option<String>,
    /// What the last inspection saw.
    #[serde(default)]
    memory: Option<Memory>,
    /// What the configuration allows.
    #[serde(default)]
    allowed: Allow,
    /// What the check says; empty: nothing.
    #[serde(default)]
    pub(super) expect: Vec<Expected>,
    /// What other checks say about it: `id Kind/namespace/name`.
    #[serde(default)]
    pub(super) also: Vec<String>,
}

/// The cluster of the last inspection: the case's own, with these differences.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    at: DateTime<Utc>,
    #[serde(default)]
    objects: Vec<Value>,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    without: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Allow {
    registries: Vec<String>,
    privileged: Vec<String>,
}

/// A finding as a case writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    severity: String,
    target: String,
    objects: Vec<String>,
    title: String,
    evidence: Vec<String>,
}

impl Expected {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.to_string(),
            target: path(&finding.target),
            objects: finding.objects.iter().map(object).collect(),
            title: finding.title.clone(),
            evidence: finding.evidence.iter().map(fact).collect(),
        }
    }
}

pub(crate) fn path(target: &Target) -> String {
    match &target.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", target.kind, target.name),
        None => format!("{}/{}", target.kind, target.name),
    }
}

fn object(object: &ObjectRef) -> String {
    let path = path(&object.target());
    object.container.as_ref().map_or(path.clone(), |container| format!("{path}:{container}"))
}

fn fact(evidence: &Evidence) -> String {
    let since = evidence.since.map(|at| at.format(" @%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
    format!("{}: {}{since}", evidence.field, evidence.value)
}

pub(crate) fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder)
}

pub(crate) fn cases_of(check: &Check) -> (DateTime<Utc>, Vec<Case>) {
    let path = data("checks").join(format!("{}.yaml", check.id));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} has no cases: {error}", check.id));
    let file: CaseFile = read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases: Vec<Case> = Vec::new();
    for mut case in file.cases {
        if let Some(from) = &case.from {
            let base = cases.iter().find(|base| base.name == *from);
            let base = base.unwrap_or_else(|| panic!("{}: {} derives from unknown {from}", check.id, case.name));
            let added = std::mem::replace(&mut case.objects, base.objects.clone());
            case.objects.retain(|object| !case.without.iter().any(|name| is_called(object, name)));
            case.objects.extend(added);
            case.before = case.before.or_else(|| base.before.clone());
        }
        case.in_process = case.in_process.or_else(|| file.in_process.clone());
        let mut set = std::mem::take(&mut case.set);
        set.extend(std::mem::take(&mut case.long).into_iter().map(|(key, length)| (key, "-".repeat(length).into())));
        change(&mut case.objects, set, &format!("{}: {}", check.id, case.name));
        for (name, times) in std::mem::take(&mut case.times) {
            let at = case.objects.iter().position(|object| is_called(object, &name));
            let object = case.objects.remove(at.unwrap_or_else(|| panic!("{}: {}: no {name}", check.id, case.name)));
            case.objects.extend((1..=times).map(|number| numbered(&object, number)));
        }
        cases.push(case);
    }
    (file.now, cases)
}

/// Sets fields of objects.
fn change(objects: &mut [Value], set: BTreeMap<String, Value>, place: &str) {
    for (key, value) in set {
        let (name, field) = key.split_once(' ').unwrap_or_else(|| panic!("{place}: {key}: no path"));
        let object = objects.iter_mut().find(|object| is_called(object, name));
        put(object.unwrap_or_else(|| panic!("{place}: no {name}")), field, value);
    }
}

/// YAML, with its merge keys carried out.
pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_yaml_ng::Error> {
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    value.apply_merge()?;
    serde_yaml_ng::from_value(value)
}

/// One of several objects that are alike but for their name and uid.
fn numbered(object: &Value, number: usize) -> Value {
    let mut object = object.clone();
    for field in ["name", "uid"] {
        let base = object["metadata"][field].as_str().unwrap_or_default();
        object["metadata"][field] = format!("{base}-{number:02}").into();
    }
    object
}

fn is_called(object: &Value, name: &str) -> bool {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    name.split_once('/') == Some((text("/kind"), text("/metadata/name")))
}

/// Sets a field by its path; what is missing on the way is made.
fn put(object: &mut Value, path: &str, value: Value) {
    let (last, parents) = path.split('.').collect::<Vec<_>>().split_last().map(|(l, p)| (*l, p.to_vec())).unwrap();
    let mut at = object;
    for part in parents {
        at = match part.parse::<usize>() {
            Ok(index) => at.get_mut(index).unwrap_or_else(|| panic!("{path}: no item {index}")),
            Err(_) => {
                if at.get(part).is_none() {
                    at[part] = serde_json::json!({});
                }
                &mut at[part]
            }
        };
    }
    match (at, last.parse::<usize>()) {
        (Value::Array(items), Ok(index)) if value.is_null() => drop(items.remove(index)),
        (Value::Array(items), Ok(index)) => items[index] = value,
        (Value::Object(fields), _) if value.is_null() => drop(fields.remove(last)),
        (at, _) => at[last] = value,
    }
}

fn snapshot_of(case: &Case, now: DateTime<Utc>, objects: Vec<Value>) -> Snapshot {
    let mut snapshot = Snapshot::from_objects(now, objects).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    mark_unread(&mut snapshot, case);
    snapshot
}

/// What is not known of the cluster, and what its server says of itself.
pub(crate) fn mark_unread(snapshot: &mut Snapshot, case: &Case) {
    snapshot.version.clone_from(&case.version);
    for plural in &case.unread {
        let resource = Resource::ALL.iter().copied().find(|resource| resource.plural() == plural);
        let resource = resource.unwrap_or_else(|| panic!("{}: no resource {plural}", case.name));
        snapshot.unread.push(Unread { resource, why: Why::Forbidden });
    }
}

/// The checks of the same set look too, so that what is said twice is seen; order and prevention are looked at apart.
pub(super) fn report_of(case: &Case, now: DateTime<Utc>, set: Set) -> Report {
    let snapshot = snapshot_of(case, case.now.unwrap_or(now), case.objects.clone());
    reported(case, &snapshot, &history_of(case), set)
}

/// What the last inspection knew.
pub(crate) fn history_of(case: &Case) -> History {
    let mut history = History::default();
    if let Some(before) = &case.before {
        let mut objects = case.objects.clone();
        objects.retain(|object| !before.without.iter().any(|name| is_called(object, name)));
        objects.extend(before.objects.clone());
        change(&mut objects, before.set.clone(), &format!("{}: before", case.name));
        history = history.with_memory(Memory::of(&snapshot_of(case, before.at, objects), None));
    }
    if let Some(memory) = case.memory.clone() {
        history = history.with_memory(memory);
    }
    if let Some(restarts) = case.restarts.clone() {
        history = history.with_restarts(restarts);
    }
    history
}

pub(crate) fn reported(case: &Case, snapshot: &Snapshot, history: &History, set: Set) -> Report {
    let set = match set {
        Set::Daily | Set::Extra => CheckSet::Daily,
        Set::Hygiene => CheckSet::Hygiene,
    };
    let Allow { registries, privileged } = case.allowed.clone();
    let thresholds = Thresholds { allowed: Allowed { registries, privileged }, ..Thresholds::default() };
    inspect(snapshot, history, &Settings { set, thresholds, ..Settings::default() })
}

/// What a report says: the findings of the check, and what others say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    found: Vec<Expected>,
    others: BTreeSet<String>,
}

pub(crate) fn told(report: &Report, check: &Check) -> Told {
    let found = report.findings.iter().filter(|finding| finding.id == check.id).map(Expected::of).collect();
    let others = report.findings.iter().filter(|finding| finding.id != check.id);
    Told { found, others: others.map(|finding| format!("{} {}", finding.id, path(&finding.target))).collect() }
}

impl Told {
    /// Whether the case expects it; a server lists objects in an order of its own.
    pub(crate) fn is(&self, case: &Case) -> bool {
        let sorted = |findings: &[Expected]| {
            let mut findings = findings.to_vec();
            findings.iter_mut().for_each(|finding| finding.objects.sort());
            findings.sort_by(|one, other| one.target.cmp(&other.target));
            findings
        };
        sorted(&self.found) == sorted(&case.expect) && self.others == case.also.iter().cloned().collect()
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} and {:?}", serde_json::to_string(&self.found).unwrap_or_default(), self.others)
    }
}
