//! What `roundsman rbac` prints, on a real API server: it is enough, each rule of it is needed, and what a missing rule costs
//! is named.

use crate::page::kept;
use crate::world::eventually_with;
use crate::world::server::{admin, define_extensions, impersonated, send};
use control_plane::{ControlPlane, Profile};
use http::Method;
use roundsman::clock::Clock;
use roundsman::cluster::Cluster;
use roundsman::inspection::{self, History, Order, Settings};
use roundsman::report::CheckSet;
use roundsman::report::Report;
use roundsman::rights::{Names, Needs, Part, manifest};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

const GAPS: &str = "tests/data/rights/gaps.txt";

async fn furnished() -> ControlPlane {
    let plane = tokio::task::spawn_blocking(|| {
        let plane = ControlPlane::start(Profile::Bare).unwrap();
        define_extensions(&plane);
        plane
    });
    plane.await.unwrap()
}

/// Applies manifests whose objects say where they belong.
fn grant(plane: &ControlPlane, text: &str) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    plane.kubectl(&["apply", "-f", file.path().to_str().unwrap()]);
}

/// What an inspection with Secrets needs, and nothing that a chat does.
fn inspecting() -> Needs {
    Needs { chat: false, actions: BTreeSet::new(), ..Needs::default() }
}

fn printed(parts: &[Part], needs: &Needs) -> String {
    manifest(parts, needs, &Names { name: "exact".to_owned(), namespace: "exact".to_owned(), only_in: Vec::new() })
}

/// A rule, and the namespace where it holds if it does not hold everywhere.
type Granted = (Option<String>, Value);

fn rules(printed: &str) -> Vec<Granted> {
    let documents = serde_yaml_ng::Deserializer::from_str(printed).map(|one| Value::deserialize(one).unwrap());
    let roles = documents.filter(|object| object["rules"].is_array());
    let rules = roles.flat_map(|role| {
        let namespace = role["metadata"]["namespace"].as_str().map(str::to_owned);
        role["rules"].as_array().unwrap().clone().into_iter().map(move |rule| (namespace.clone(), rule))
    });
    rules.collect()
}

/// Roles of these rules, bound to the user of that name.
fn roles<'a>(name: &str, rules: impl Iterator<Item = &'a Granted>) -> Vec<String> {
    let group = "rbac.authorization.k8s.io";
    let mut places: BTreeMap<&Option<String>, Vec<&Value>> = BTreeMap::new();
    rules.for_each(|(place, rule)| places.entry(place).or_default().push(rule));
    let roles = places.into_iter().flat_map(|(place, rules)| {
        let prefix = if place.is_some() { "" } else { "Cluster" };
        let object = |kind: &str| {
            let meta = json!({"name": name, "namespace": place});
            json!({"apiVersion": format!("{group}/v1"), "kind": format!("{prefix}{kind}"), "metadata": meta})
        };
        let (mut role, mut binding) = (object("Role"), object("RoleBinding"));
        role["rules"] = json!(rules);
        binding["roleRef"] = json!({"kind": format!("{prefix}Role"), "apiGroup": group, "name": name});
        binding["subjects"] = json!([{"kind": "User", "apiGroup": group, "name": name}]);
        [role.to_string(), binding.to_string()]
    });
    roles.collect()
}

/// A rule in one line.
fn told(rule: &Value) -> String {
    let words = |field: &str| {
        let words = rule[field].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    let what = ["nonResourceURLs", "resources", "resourceNames", "apiGroups"].map(words).join(" ");
    format!("{} {}", words("verbs"), what.split_whitespace().collect::<Vec<_>>().join(" "))
}

async fn inspected(client: kube::Client) -> Result<Report, String> {
    let cluster = Cluster::from_client("prod", client);
    let settings = Settings { set: CheckSet::All, ..Settings::default() };
    let order = Order { secrets: true, ..Order::of(None, settings) };
    let inspected = inspection::run(&cluster, &order, &History::default(), Clock::system().now()).await;
    inspected.map(|inspected| of_rights(inspected.report)).map_err(|error| error.to_string())
}

fn gaps(report: &Report) -> Vec<String> {
    report.gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect()
}

/// Without what would need a source and no right.
fn of_rights(mut report: Report) -> Report {
    report.gaps.retain(|gap| gap.why != "not configured");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inspection_needs_exactly_what_is_printed_and_names_what_it_misses() {
    let plane = furnished().await;
    let text = printed(&[Part::Reader, Part::Secrets], &inspecting());
    let rules = rules(&text);
    let without = |missing: usize| rules.iter().enumerate().filter(move |(at, _)| *at != missing).map(|(_, rule)| rule);
    let roles: Vec<String> =
        (0..rules.len()).flat_map(|missing| roles(&format!("without-{missing}"), without(missing))).collect();
    grant(&plane, &text);
    grant(&plane, &roles.join("\n---\n"));

    let admin = admin(&plane).await;
    let reader = impersonated(&admin, "system:serviceaccount:exact:exact");
    let whole = eventually_with(async || inspected(reader.clone()).await.ok().filter(|report| report.gaps.is_empty()));
    let Some(whole) = whole.await else { panic!("{:#?}", inspected(reader).await.map(|report| gaps(&report))) };
    assert!(whole.ran.len() > 200, "{} checks ran", whole.ran.len());

    let mut listing = String::new();
    for (missing, (_, rule)) in rules.iter().enumerate() {
        let client = impersonated(&admin, &format!("without-{missing}"));
        // Until the roles have arrived, too much is forbidden.
        let most = rule["resources"].as_array().map_or(0, Vec::len) + 4;
        let report = eventually_with(async || {
            let report = inspected(client.clone()).await.ok()?;
            (report.gaps.len() <= most).then_some(report)
        });
        let Some(report) = report.await else { panic!("{:#?}", inspected(client).await.map(|report| gaps(&report))) };
        let open: BTreeSet<&str> = report.gaps.iter().flat_map(|gap| &gap.checks).map(|id| id.as_str()).collect();
        let still = whole.ran.iter().filter(|id| !open.contains(id.as_str()));
        let stopped: Vec<_> = still.filter(|id| !report.ran.contains(id)).collect();
        assert!(stopped.is_empty(), "without {}: no gap tells why {stopped:?} did not run", told(rule));
        let gaps = gaps(&report);
        assert!(!gaps.is_empty(), "nothing needs {}", told(rule));
        listing.push_str(&format!("without {}\n    {}\n", told(rule), gaps.join("; ")));
    }
    kept(GAPS, &listing);
    tokio::task::spawn_blocking(move || drop(plane)).await.unwrap();
}

const OBJECTS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "shop/web:1" }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: web }
spec:
  serviceName: web
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "shop/web:1" }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "shop/web:1" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: web, image: "shop/web:1" }] }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_can_do_the_four_actions_and_nothing_else() {
    let plane = furnished().await;
    let namespace = plane.namespace("writer");
    plane.apply(&namespace, OBJECTS);
    grant(&plane, &printed(&[Part::Reader, Part::Writer], &Needs::default()));
    let admin = admin(&plane).await;
    let writer = impersonated(&admin, "system:serviceaccount:exact:exact-writer");
    let reader = impersonated(&admin, "system:serviceaccount:exact:exact");
    let (apps, core) = (format!("/apis/apps/v1/namespaces/{namespace}"), format!("/api/v1/namespaces/{namespace}"));
    let (merge, steps) = ("application/merge-patch+json", "application/json-patch+json");
    let annotate = json!({"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}});
    let scale = json!({"spec": {"replicas": 2}});
    let undo = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/web:0"}]);
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});

    let arrived = eventually_with(async || {
        let uri = format!("{apps}/deployments/web?dryRun=All");
        (send(&writer, Method::PATCH, &uri, merge, &annotate).await.0 == 200).then_some(())
    });
    arrived.await.unwrap();
    let mut allowed: Vec<(Method, String, &str, &Value)> = Vec::new();
    for kind in ["deployments", "statefulsets", "daemonsets"] {
        allowed.push((Method::PATCH, format!("{apps}/{kind}/web"), merge, &annotate));
        allowed.push((Method::PATCH, format!("{apps}/{kind}/web"), steps, &undo));
    }
    for kind in ["deployments", "statefulsets"] {
        allowed.push((Method::PATCH, format!("{apps}/{kind}/web"), merge, &scale));
    }
    allowed.push((Method::DELETE, format!("{core}/pods/web?gracePeriodSeconds=0"), "application/json", &options));
    for (method, uri, media, body) in &allowed {
        for reading in [&reader, &writer] {
            let (code, said) = send(reading, method.clone(), uri, media, body).await;
            let may = std::ptr::eq(reading, &writer);
            assert_eq!(code, if may { 200 } else { 403 }, "{method} {uri}: {said}");
        }
    }

    let none = Value::Null;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new"}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    let grant = json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let forbidden: Vec<(Method, String, &str, &Value)> = vec![
        (Method::DELETE, format!("{apps}/deployments/web"), "application/json", &options),
        (Method::DELETE, format!("{core}/pods"), "application/json", &options),
        (Method::PATCH, format!("{apps}/deployments/web/scale"), merge, &scale),
        (Method::PATCH, format!("{apps}/replicasets/web"), merge, &scale),
        (Method::PATCH, format!("{core}/pods/web"), merge, &annotate),
        (Method::POST, format!("{core}/pods"), "application/json", &pod),
        (Method::POST, format!("{core}/pods/web/eviction"), "application/json", &none),
        (Method::GET, format!("{core}/pods"), "", &none),
        (Method::GET, format!("{core}/secrets"), "", &none),
        (Method::GET, format!("{apps}/deployments/web"), "", &none),
        (Method::PATCH, format!("{roles}/exact-writer"), merge, &grant),
    ];
    for (method, uri, media, body) in &forbidden {
        let (code, said) = send(&writer, method.clone(), uri, media, body).await;
        assert_eq!(code, 403, "{method} {uri}: {said}");
    }
    tokio::task::spawn_blocking(move || drop(plane)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_some_namespaces_the_roles_reach_no_further() {
    let plane = furnished().await;
    let (shop, other) = (plane.namespace("shop"), plane.namespace("other"));
    let names = Names { name: "some".to_owned(), namespace: "some".to_owned(), only_in: vec![shop.clone()] };
    grant(&plane, &manifest(&[Part::Reader, Part::Secrets], &inspecting(), &names));
    let client = impersonated(&admin(&plane).await, "system:serviceaccount:some:some");
    let cluster = Cluster::from_client("prod", client.clone());
    let settings = Settings { set: CheckSet::All, ..Settings::default() };
    let order = Order { secrets: true, ..Order::of(Some(&shop), settings) };
    let gaps = eventually_with(async || {
        let inspected = inspection::run(&cluster, &order, &History::default(), Clock::system().now()).await;
        inspected.ok().map(|inspected| gaps(&of_rights(inspected.report))).filter(Vec::is_empty)
    });
    gaps.await.unwrap();
    let status = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status".to_owned();
    let pods = format!("/api/v1/namespaces/{other}/pods");
    assert_eq!(send(&client, Method::GET, &status, "", &Value::Null).await.0, 404, "allowed, and not there");
    assert_eq!(send(&client, Method::GET, &pods, "", &Value::Null).await.0, 403);
    tokio::task::spawn_blocking(move || drop(plane)).await.unwrap();
}
