//! Every check against its cases, which are data: `tests/data/checks/<kind>/<slug>.yaml`. A case is a cluster written
//! down, a moment, and the whole of what the check says about it; a derived case names only what differs.

mod case;

pub(crate) use case::{Case, cases_of, data, history_of, mark_unread, path, read, reported, told};

use case::{Expected, Shows, report_of};
use roundsman::inspection::checks::{self, Role, Set};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

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
