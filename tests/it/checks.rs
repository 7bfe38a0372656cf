//! Every check against its cases, which are data: `tests/data/checks/<kind>/<slug>.yaml`. A case is a cluster written
//! down, a moment, and the whole of what the check says about it; a derived case names only what differs.

use chrono::{DateTime, Utc};
use roundsman::inspection::attention::Allowed;
use roundsman::inspection::checks::{self, Check, Role, Set};
use roundsman::inspection::finding::{Evidence, Finding, ObjectRef, Target};
use roundsman::inspection::{CheckSet, History, Memory, RestartCounts, Settings, Thresholds, inspect};
use roundsman::report::Report;
use roundsman::snapshot::{Resource, Snapshot, Unread, Why};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What a case shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shows {
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
    cases: Vec<Case>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    shows: Shows,
    /// The case that this one differs from; the differences follow.
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    objects: Vec<Value>,
    /// `Kind/name path.to.field` -> value; null takes the field away.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// `Kind/name` of objects that are not there.
    #[serde(default)]
    without: Vec<String>,
    /// `Kind/name` -> so many of it, numbered from 01.
    #[serde(default)]
    times: BTreeMap<String, usize>,
    #[serde(default)]
    now: Option<DateTime<Utc>>,
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
    expect: Vec<Expected>,
    /// What other checks say about it: `id Kind/namespace/name`.
    #[serde(default)]
    also: Vec<String>,
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
struct Expected {
    severity: String,
    target: String,
    objects: Vec<String>,
    title: String,
    evidence: Vec<String>,
}

impl Expected {
    fn of(finding: &Finding) -> Self {
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

fn cases_of(check: &Check) -> (DateTime<Utc>, Vec<Case>) {
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
        let set = std::mem::take(&mut case.set);
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
    snapshot.version.clone_from(&case.version);
    for plural in &case.unread {
        let resource = Resource::ALL.iter().copied().find(|resource| resource.plural() == plural);
        let resource = resource.unwrap_or_else(|| panic!("{}: no resource {plural}", case.name));
        snapshot.unread.push(Unread { resource, why: Why::Forbidden });
    }
    snapshot
}

/// The checks of the same set look too, so that what is said twice is seen; order and prevention are looked at apart.
fn report_of(case: &Case, now: DateTime<Utc>, set: Set) -> Report {
    let snapshot = snapshot_of(case, case.now.unwrap_or(now), case.objects.clone());
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
    let set = match set {
        Set::Daily | Set::Extra => CheckSet::Daily,
        Set::Hygiene => CheckSet::Hygiene,
    };
    let Allow { registries, privileged } = case.allowed.clone();
    let thresholds = Thresholds { allowed: Allowed { registries, privileged }, ..Thresholds::default() };
    inspect(&snapshot, &history, &Settings { set, thresholds, ..Settings::default() })
}

#[test]
fn every_check_says_what_its_cases_expect() {
    let mut listing = String::new();
    let mut failures = String::new();
    for check in checks::all() {
        let (now, cases) = cases_of(check);
        for case in &cases {
            let report = report_of(case, now, check.set);
            let found: Vec<Expected> =
                report.findings.iter().filter(|finding| finding.id == check.id).map(Expected::of).collect();
            let others = report.findings.iter().filter(|finding| finding.id != check.id);
            let others: BTreeSet<String> =
                others.map(|finding| format!("{} {}", finding.id, path(&finding.target))).collect();
            let also: BTreeSet<String> = case.also.iter().cloned().collect();
            let ok = found == case.expect && others == also;
            writeln!(listing, "{} {} [{:?}] {}", if ok { "ok  " } else { "FAIL" }, check.id, case.shows, case.name)
                .unwrap();
            if found != case.expect {
                let found = serde_yaml_ng::to_string(&found).unwrap();
                writeln!(failures, "\n{} / {}: it says\n{found}", check.id, case.name).unwrap();
            }
            if others != also {
                writeln!(failures, "\n{} / {}: other checks say {others:#?}", check.id, case.name).unwrap();
            }
        }
    }
    println!("{listing}");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_check_has_every_kind_of_case() {
    let mut missing = Vec::new();
    for check in checks::all() {
        let (_, cases) = cases_of(check);
        let mut needed = vec![Shows::Hit, Shows::NearMiss];
        if check.gate.is_some() {
            needed.extend([Shows::Over, Shows::Under]);
        }
        let lacks = needed.into_iter().filter(|kind| !cases.iter().any(|case| case.shows == *kind));
        missing.extend(lacks.map(|kind| format!("{}: no {kind:?}", check.id)));
        for case in &cases {
            // A number has two levels: what is under the higher one is a finding of the lower.
            let consistent = match case.shows {
                Shows::Hit | Shows::Over => !case.expect.is_empty(),
                Shows::NearMiss => case.expect.is_empty(),
                Shows::Under => true,
            };
            if !consistent {
                missing.push(format!("{}: {} is no {:?}", check.id, case.name, case.shows));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    let files =
        std::fs::read_dir(data("checks")).unwrap().flat_map(|kind| std::fs::read_dir(kind.unwrap().path()).unwrap());
    assert_eq!(files.count(), checks::all().count(), "a file of cases without a check");
}

#[test]
fn the_table_agrees_with_the_catalogue() {
    let rows = rows();
    assert_eq!(rows.len(), 294);
    for check in checks::all() {
        let row = rows.get(check.id.as_str()).unwrap_or_else(|| panic!("{} is not in the catalogue", check.id));
        let set = match check.set {
            Set::Daily => "D",
            Set::Hygiene => "H",
            Set::Extra => "X",
        };
        assert_eq!(
            (check.kind, check.severity.name(), set),
            (row[2].as_str(), row[3].as_str(), row[4].as_str()),
            "{}",
            check.id
        );
        for list in row[6].split(", ") {
            let name = list.split('(').next().unwrap();
            // What a person asks for in the report's thread.
            if list.ends_with("(opt)") {
                continue;
            }
            for plural in plurals(name) {
                assert!(
                    check.data.iter().any(|(resource, _)| resource.plural() == plural),
                    "{} reads no {plural}",
                    check.id
                );
            }
        }
        assert!(check.data.iter().any(|(_, role)| *role == Role::Walked), "{} walks nothing", check.id);
        assert!(check.means.ends_with('.') && check.advice.ends_with('.'), "{}", check.id);
    }
    let ids: BTreeSet<&str> = checks::all().map(|check| check.id.as_str()).collect();
    assert_eq!(ids.len(), checks::all().count(), "an id twice");
}

/// The rows of the catalogue by their id.
pub(crate) fn rows() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(data("catalogue").join("checks.csv")).unwrap();
    text.lines().skip(1).map(fields).map(|row| (row[1].clone(), row)).collect()
}

/// What the catalogue's short names for data mean; one of several is enough where they are several kinds of the same.
fn plurals(name: &str) -> Vec<&str> {
    match name {
        // What the last inspection knew is no list.
        "state" => vec![],
        "pvcs" => vec!["persistentvolumeclaims"],
        "pvs" => vec!["persistentvolumes"],
        "hpas" => vec!["horizontalpodautoscalers"],
        "pdbs" => vec!["poddisruptionbudgets"],
        "crds" => vec!["customresourcedefinitions"],
        "csrs" => vec!["certificatesigningrequests"],
        "csvs" => vec!["clusterserviceversions"],
        "bindings" => vec!["clusterrolebindings"],
        "workloads" | "workload templates" => vec!["deployments", "statefulsets", "daemonsets"],
        "webhookconfigs" => vec!["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        "routes" => vec!["httproutes", "grpcroutes", "tlsroutes", "tcproutes"],
        "flux CRs" => vec!["kustomizations", "helmreleases", "gitrepositories"],
        "mx.nodes" => vec!["nodes"],
        "mx.pods" => vec!["pods"],
        "raw /readyz" => vec!["healthchecks"],
        "self timing" => vec!["requeststats"],
        "discovery" => vec!["servedapis"],
        "kubeconfig" => vec!["credentials"],
        "kubelet.summary or prom" => vec!["volumeuses"],
        "dynamic list" => vec!["customresources"],
        "logs" => vec!["logerrors"],
        "alertmanager API" => vec!["alerts"],
        // Named by what they hold: each check says which.
        "version"
        | "kubelet.summary"
        | "prom"
        | "prom or raw /metrics"
        | "tls probe"
        | "raw /metrics"
        | "objects"
        | "list counts"
        | "all lists"
        | "cilium CRs"
        | "AWS API" => vec![],
        name => vec![name],
    }
}

/// The fields of a line of comma-separated values with quoted fields.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    fields
}
