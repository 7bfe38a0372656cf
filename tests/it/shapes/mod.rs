//! The demo cannot lie: whatever the bot asks a cluster for in any test, `tests/data/shapes.jsonl`, is asked of the demo and of
//! a real API server that holds the same objects in the same trouble, and the answers are alike in all that the bot reads.

mod fields;
mod place;
mod seed;
mod sides;
mod values;

use crate::world::{self, PATIENCE, shapes::coverage};
use control_plane::{ContainerLogs, ControlPlane, Profile};
use http::Method;
use place::{Pair, Way, pairs};
use roundsman::{
    clock::{Clock, ManualClock},
    demo::{
        Demo, Identity, Shape, Story,
        replay::{Reply, differences},
    },
};
use seed::Stock;
use serde_json::{Value, json};
use sides::{Ask, Kind, Side, text};
use std::{collections::BTreeSet, time::Duration};
use values::Situation;

/// Where the demo is not like a real cluster, and why it need not be: a part of the path, what differs, the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// The namespace of what is changed and deleted.
const THROWN_AWAY: &str = "shapes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_answers_as_a_real_api_server_does() {
    let both = Both::start().await;
    let cases = both.cases().await;
    let mut open: Vec<(&Case, Vec<String>)> = cases.iter().map(|case| (case, Vec::new())).collect();
    // Controllers and kubelets need their time: what differs is asked again.
    let asking = async {
        let mut every = tokio::time::interval(Duration::from_millis(300));
        while !open.is_empty() {
            every.tick().await;
            for (case, found) in &mut open {
                *found = both.differences(case).await;
            }
            open.retain(|(_, found)| !found.is_empty());
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok();
    let told: Vec<String> =
        open.iter().map(|(case, found)| format!("{}\n    {}", case.label(), found.join("\n    "))).collect();
    assert!(told.is_empty(), "{} of {} cases differ\n{}", told.len(), cases.len(), told.join("\n"));
}

/// One shape in one situation.
struct Case {
    shape: Shape,
    way: Option<Way>,
    situation: Situation,
    /// The object that it is about; a list has one for its namespace and selectors.
    pair: Option<Pair>,
}

impl Case {
    fn label(&self) -> String {
        let about = self.pair.as_ref().map(Pair::label).unwrap_or_default();
        let query: Vec<String> = self.shape.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let Shape { method, path, accept, .. } = &self.shape;
        format!("{method} {path}?{} {accept} {:?} {about}", query.join("&"), self.situation)
    }
}

/// The demo and the real cluster.
struct Both {
    demo: Side,
    real: Side,
    hand: ManualClock,
    stock: Stock,
    _plane: ControlPlane,
}

impl Both {
    async fn start() -> Self {
        let (clock, hand) = Clock::manual(Clock::system().now());
        let demo = Demo::start(move || clock.now(), &Story::ALL).unwrap();
        let start = || ControlPlane::start(Profile::NodeLifecycle).unwrap();
        let plane = tokio::task::spawn_blocking(start).await.unwrap();
        let (demo, real) = (Side::demo(&demo), Side::real(&plane).await);
        let stock = Stock::of(&demo).await;
        seed::furnish(&stock, &real).await;
        let logs = ContainerLogs { current: "one\ntwo\nthree\n", previous: "before\n" };
        let plane = tokio::task::spawn_blocking(move || {
            plane.set_logs("shop", "cart", &logs);
            plane
        });
        Self { demo, real, hand, stock, _plane: plane.await.unwrap() }
    }

    /// Every shape in every situation that it can meet.
    async fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for side in [&self.demo, &self.real] {
            side.create("/api/v1/namespaces", &json!({"metadata": {"name": THROWN_AWAY}})).await;
        }
        let account = format!("/api/v1/namespaces/{THROWN_AWAY}/serviceaccounts/default");
        world::eventually(&account, async || self.real.get(&account).await).await;
        for (number, shape) in coverage().unwrap().shapes().iter().enumerate() {
            let way = Way::of(shape);
            let case = |situation, pair| Case { shape: shape.clone(), way: way.clone(), situation, pair };
            let Some(way) = &way else {
                cases.push(case(Situation::There, None));
                continue;
            };
            let Some(kind) = self.kind(way) else {
                cases.push(case(Situation::Missing, None));
                continue;
            };
            match (shape.method.as_str(), way.named, way.subresource.as_str()) {
                ("POST", ..) => cases.extend([Situation::There, Situation::Denied].map(|one| case(one, None))),
                ("GET", true, "log") => {
                    let pods = pairs(way, &self.demo, &self.real).await;
                    let cart = pods.iter().find(|pair| pair.demo["metadata"]["labels"]["app"] == "cart").cloned();
                    let all = [Situation::There, Situation::Missing, Situation::NoContainer];
                    cases.extend(all.map(|situation| case(situation, cart.clone())));
                    let nowhere =
                        |pair: &&Pair| [&pair.demo, &pair.real].iter().all(|pod| pod["spec"]["nodeName"].is_null());
                    cases.push(case(Situation::There, pods.iter().find(nowhere).cloned()));
                }
                ("GET", true, _) => {
                    let all = pairs(way, &self.demo, &self.real).await;
                    cases.push(case(Situation::Missing, all.first().cloned()));
                    cases.extend(all.into_iter().map(|pair| case(Situation::There, Some(pair))));
                }
                ("GET", false, _) => {
                    let mut all = pairs(way, &self.demo, &self.real).await;
                    if shape.query.contains_key("fieldSelector") {
                        all.sort_by_key(|pair| pair.demo["type"] != "kubernetes.io/tls");
                    }
                    let places: BTreeSet<String> = all.iter().map(|pair| pair.namespace().to_owned()).collect();
                    let first_in = |place: &String| all.iter().find(|pair| pair.namespace() == place).cloned();
                    match way.in_namespace {
                        true => cases.extend(places.iter().map(|place| case(Situation::There, first_in(place)))),
                        false => cases.push(case(Situation::There, all.first().cloned())),
                    }
                    if way.in_namespace || all.is_empty() {
                        cases.push(case(Situation::Missing, None));
                    }
                }
                ("PATCH" | "DELETE", true, _) => {
                    let pair = self.thrown_away(kind, &format!("line-{number}")).await;
                    let all = [Situation::Missing, Situation::Another, Situation::Stale, Situation::There];
                    cases.extend(all.map(|situation| case(situation, Some(pair.clone()))));
                }
                _ => panic!("nobody knows how to replay {shape:?}"),
            }
        }
        self.hand.advance(chrono::TimeDelta::minutes(2));
        cases
    }

    /// The kind that a way leads to, if the demo serves it.
    fn kind(&self, way: &Way) -> Option<&Kind> {
        self.stock.kinds.iter().find(|kind| kind.root == way.root && kind.plural == way.plural)
    }

    /// A new object on both sides, to be changed.
    async fn thrown_away(&self, kind: &Kind, name: &str) -> Pair {
        let container = json!({"name": "frontend", "image": "registry.example.com/shop/frontend:5.12.0"});
        let labels = json!({"app": name});
        let spec = json!({"containers": [container]});
        let mut object = json!({
            "apiVersion": kind.root.rsplit("/api").next().unwrap().trim_start_matches(['s', '/']),
            "kind": kind.kind,
            "metadata": {"generateName": format!("{name}-"), "namespace": THROWN_AWAY, "labels": labels, "annotations": {"kept": "yes"}},
            "spec": spec,
        });
        if kind.plural != "pods" {
            let template = json!({"metadata": {"labels": labels}, "spec": spec});
            object["spec"] = json!({"selector": {"matchLabels": labels}, "template": template});
        }
        let path = kind.path(THROWN_AWAY);
        Pair { demo: self.demo.create(&path, &object).await, real: self.real.create(&path, &object).await }
    }

    /// How the answers to a case differ now.
    async fn differences(&self, case: &Case) -> Vec<String> {
        let Some(way) = &case.way else {
            let [demo, real] = self.ask(case, &Value::Null, &Value::Null, &case.shape.path, &case.shape.path).await;
            return told(case, &fields::of_document(&case.shape.path), &demo, &real);
        };
        let Some(kind) = self.kind(way) else { return self.not_served(case, way).await };
        let changes = ["PATCH", "DELETE"].contains(&case.shape.method.as_str());
        let pair = match &case.pair {
            // Deleted things do not come back.
            Some(_) if case.shape.method == "DELETE" && case.situation == Situation::There => {
                let pair = self.thrown_away(kind, "again").await;
                self.hand.advance(chrono::TimeDelta::minutes(1));
                Some(self.settled(&pair, way).await)
            }
            Some(pair) if changes => Some(self.settled(pair, way).await),
            Some(pair) => Some(pair.clone()),
            None => None,
        };
        let (ours, theirs) = pair.map_or((Value::Null, Value::Null), |pair| (pair.demo, pair.real));
        let uris = [(&self.demo, &ours), (&self.real, &theirs)].map(|(side, object)| self.uri(case, way, side, object));
        let [our_uri, their_uri] = uris;
        let (our_uri, their_uri) = (our_uri.await, their_uri.await);
        let [demo, real] = self.ask(case, &ours, &theirs, &our_uri, &their_uri).await;
        told(case, &self.fields(case, way, &demo, &real), &demo, &real)
    }

    /// The pair as it is now, when its pods run.
    async fn settled(&self, pair: &Pair, way: &Way) -> Pair {
        world::eventually(&pair.label(), async || {
            let pair = pair.anew(way, &self.demo, &self.real).await?;
            let done = |object: &Value| {
                object["status"]["availableReplicas"] == object["spec"]["replicas"]
                    && object["status"]["observedGeneration"] == object["metadata"]["generation"]
                    || object["status"]["phase"] == "Running"
            };
            (done(&pair.demo) && done(&pair.real)).then_some(pair)
        })
        .await
    }

    async fn uri(&self, case: &Case, way: &Way, side: &Side, object: &Value) -> String {
        let mut values = values::of_uri(object, case.situation);
        if case.situation == Situation::Missing && case.pair.is_none() {
            values.insert("namespace".to_owned(), "nowhere".to_owned());
        }
        if case.shape.query.contains_key("continue") {
            let first = side.get(&format!("{}?limit=2", way.list())).await.unwrap();
            values.insert("continue".to_owned(), text(&first, "/metadata/continue").to_owned());
        }
        case.shape.uri(&values)
    }

    async fn ask(&self, case: &Case, ours: &Value, theirs: &Value, our_uri: &str, their_uri: &str) -> [Reply; 2] {
        let [demo, real] =
            [(&self.demo, ours, our_uri), (&self.real, theirs, their_uri)].map(async |(side, object, uri)| {
                let shape = &case.shape;
                side.ask(Ask {
                    identity: shape.identity,
                    method: shape.method.parse().unwrap(),
                    uri,
                    content_type: &shape.content_type,
                    accept: &shape.accept,
                    body: &values::body(shape, object, case.situation),
                })
                .await
            });
        [demo.await, real.await]
    }

    /// What the bot reads of such an answer.
    fn fields(&self, case: &Case, way: &Way, demo: &Reply, real: &Reply) -> Vec<String> {
        let mut own = fields::of(&way.group, if way.subresource == "scale" { "scale" } else { &way.plural });
        if case.shape.accept.contains("as=PartialObjectMetadata") {
            own.retain(|field| field.starts_with("/metadata/"));
        }
        if case.shape.method != "GET" || way.named {
            return own.into_iter().collect();
        }
        // Of kinds that only one side has objects of, only the list itself can be compared.
        let has_items = |reply: &Reply| {
            let list: Value = serde_json::from_str(&reply.body).unwrap_or_default();
            !sides::items(&list, "/items").is_empty()
        };
        let items = has_items(demo) && has_items(real);
        let of_items = own.iter().filter(|_| items).map(|field| format!("/items/*{field}"));
        of_items.chain(["/items", "/metadata/resourceVersion", "/metadata/continue"].map(str::to_owned)).collect()
    }

    /// An API that the demo does not have: it says so as the real server does of one that it does not have either.
    async fn not_served(&self, case: &Case, way: &Way) -> Vec<String> {
        let known = self.stock.kinds.iter().any(|kind| kind.root == way.root);
        let absent =
            if known { format!("{}/nothings", way.root) } else { "/apis/nobody.example/v1/nothings".to_owned() };
        let ask = |uri| Ask {
            identity: Identity::Admin,
            method: Method::GET,
            uri,
            content_type: "",
            accept: &case.shape.accept,
            body: &Value::Null,
        };
        let uri = case.shape.uri(&values::of_uri(&Value::Null, Situation::Missing));
        told(case, &[], &self.demo.ask(ask(&uri)).await, &self.real.ask(ask(&absent)).await)
    }
}

fn told(case: &Case, fields: &[String], demo: &Reply, real: &Reply) -> Vec<String> {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut found = differences(&fields, demo, real);
    found.retain(|difference| {
        !EXCEPTIONS.iter().any(|(path, what, _)| case.shape.path.contains(path) && difference.starts_with(what))
    });
    if found.iter().any(|difference| difference.starts_with("status code")) {
        found.push(format!("demo: {}\n    real: {}", demo.body, real.body));
    }
    found
}
