//! Discovery from the table: the old documents and the aggregated ones, version, health.

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::request::{Call, Form};
use super::resources::{Resource, STORED, TABLE, Verbs, groups};
use super::status::{Failure, no_such_resource};

/// The media type of aggregated discovery.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The version that the demo claims to be.
pub(super) const VERSION: &str = "v1.37.2";

/// GET of a path that names no resource.
pub(super) fn get(call: &Call) -> Result<Answer, Failure> {
    let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Ok(Answer::Json(StatusCode::OK, version())),
        [endpoint @ ("readyz" | "livez" | "healthz")] => Ok(Answer::Text(StatusCode::OK, health(endpoint, call))),
        ["metrics"] => Ok(Answer::Text(StatusCode::OK, METRICS.to_owned())),
        ["api" | "apis"] if call.form() == Form::AggregatedDiscovery => {
            Ok(Answer::Typed(AGGREGATED, aggregated(parts.as_slice() == ["api"])))
        }
        ["api"] => Ok(Answer::Json(
            StatusCode::OK,
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        )),
        ["apis"] => {
            let all: Vec<Value> = groups().into_iter().map(|(name, version)| group(name, version)).collect();
            Ok(Answer::Json(StatusCode::OK, json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": all })))
        }
        ["api", "v1"] => Ok(Answer::Json(StatusCode::OK, resources("", "v1"))),
        ["apis", name] => match groups().into_iter().find(|(group, _)| group == name) {
            Some((name, version)) => {
                let mut document = group(name, version);
                document["kind"] = json!("APIGroup");
                document["apiVersion"] = json!("v1");
                Ok(Answer::Json(StatusCode::OK, document))
            }
            None => Err(Failure::NoSuchPath),
        },
        ["apis", group, version] if known(group, version) => {
            Ok(Answer::Json(StatusCode::OK, resources(group, version)))
        }
        _ => Err(Failure::NoSuchPath),
    }
}

/// What a path under an API answers when the table has no such resource.
pub(super) fn missing(group: &str, version: &str) -> Failure {
    if known(group, version) { no_such_resource() } else { Failure::NoSuchPath }
}

fn known(group: &str, version: &str) -> bool {
    TABLE.iter().any(|row| row.group == group && row.version == version)
}

/// With `?verbose` check by check, as far as somebody would miss them.
fn health(endpoint: &str, call: &Call) -> String {
    if !call.query.iter().any(|(key, _)| key == "verbose") {
        return "ok".to_owned();
    }
    let checks = ["ping", "log", "etcd", "informer-sync", "poststarthook/start-apiextensions-controllers"];
    let lines: String = checks.iter().map(|check| format!("[+]{check} ok\n")).collect();
    format!("{lines}{endpoint} check passed\n")
}

/// Of a real server's thousands of lines those that are read.
const METRICS: &str = r#"# HELP apiserver_storage_size_bytes [STABLE] Size of the storage database file physically allocated in bytes.
# TYPE apiserver_storage_size_bytes gauge
apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 2.5313280e+07
"#;

fn version() -> Value {
    json!({
        "major": "1", "minor": "37", "emulationMajor": "1", "emulationMinor": "37", "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
        "gitVersion": VERSION, "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "demo/in-process",
    })
}

fn group(name: &str, version: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn verbs(row: &Resource) -> &'static [&'static str] {
    match row.verbs {
        Verbs::Stored => STORED,
        Verbs::CreateOnly => &["create"],
    }
}

/// A subresource's kind, its group and version where they are not the parent's, and its verbs.
fn sub(
    row: &Resource,
    subresource: &str,
) -> (&'static str, Option<(&'static str, &'static str)>, &'static [&'static str]) {
    match subresource {
        "scale" => ("Scale", Some(("autoscaling", "v1")), &["get", "patch", "update"]),
        "log" => (row.kind, None, &["get"]),
        _ => (row.kind, None, &["get", "patch", "update"]),
    }
}

fn resources(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for row in TABLE.iter().filter(|row| row.group == group && row.version == version) {
        let mut entry = json!({
            "name": row.plural, "singularName": row.singular(), "namespaced": row.namespaced(), "kind": row.kind, "verbs": verbs(row),
        });
        if !row.short.is_empty() {
            entry["shortNames"] = json!(row.short);
        }
        list.push(entry);
        for subresource in row.subresources {
            let (kind, other, verbs) = sub(row, subresource);
            let mut entry = json!({
                "name": format!("{}/{subresource}", row.plural), "singularName": "", "namespaced": row.namespaced(), "kind": kind, "verbs": verbs,
            });
            if let Some((group, version)) = other {
                entry["group"] = json!(group);
                entry["version"] = json!(version);
            }
            list.push(entry);
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut document = json!({ "kind": "APIResourceList", "groupVersion": group_version, "resources": list });
    // The core group is older than the field.
    if !group.is_empty() {
        document["apiVersion"] = json!("v1");
    }
    document
}

fn aggregated(core: bool) -> Value {
    let all = if core { vec![("", "v1")] } else { groups() };
    let items: Vec<Value> = all
        .into_iter()
        .map(|(group, version)| {
            let rows = TABLE.iter().filter(|row| row.group == group && row.version == version);
            let resources: Vec<Value> = rows.map(aggregated_row).collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
            json!({ "metadata": metadata, "versions": [{ "version": version, "resources": resources, "freshness": "Current" }] })
        })
        .collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

/// A response kind of the row's own group and version is written without them, as the real server does.
fn aggregated_row(row: &Resource) -> Value {
    let subresources: Vec<Value> = row
        .subresources
        .iter()
        .map(|subresource| {
            let (kind, other, verbs) = sub(row, subresource);
            let (group, version) = other.unwrap_or_default();
            json!({ "subresource": subresource, "responseKind": { "group": group, "version": version, "kind": kind }, "verbs": verbs })
        })
        .collect();
    let mut entry = json!({
        "resource": row.plural,
        "responseKind": { "group": "", "version": "", "kind": row.kind },
        "scope": if row.namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": row.singular(),
        "verbs": verbs(row),
    });
    if !row.short.is_empty() {
        entry["shortNames"] = json!(row.short);
    }
    if !subresources.is_empty() {
        entry["subresources"] = Value::Array(subresources);
    }
    entry
}
