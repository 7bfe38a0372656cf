//! The cases: every shape in every situation that it can meet, and how the two answers to it differ.

use super::{
    fields,
    place::{Pair, Way, alike, groups, state},
    seed::{self, Stock},
    sides::{Ask, Kind, Side, items, text},
    values::{self, Situation},
};
use crate::world::{self, shapes::coverage};
use chrono::{DateTime, TimeDelta};
use control_plane::{ContainerLogs, ControlPlane, Profile};
use http::Method;
use roundsman::{
    clock::{Clock, ManualClock},
    demo::{
        Demo, Identity, Shape, Story,
        replay::{Reply, differences},
    },
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

/// The namespace of what is changed and deleted.
const THROWN_AWAY: &str = "shapes";

/// One shape in one situation.
pub(super) struct Case {
    shape: Shape,
    way: Option<Way>,
    situation: Situation,
    /// What is changed or deleted.
    pair: Option<Pair>,
}

impl Case {
    /// `pods`, or the path of a document.
    pub(super) fn resource(&self) -> &str {
        self.way.as_ref().map_or(&self.shape.path, |way| &way.plural)
    }

    pub(super) fn label(&self) -> String {
        let query: Vec<String> = self.shape.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let Shape { method, path, accept, .. } = &self.shape;
        format!("{method} {path}?{} as {accept}: {:?}", query.join("&"), self.situation)
    }
}

/// The demo and the real cluster.
pub(super) struct Both {
    demo: Side,
    real: Side,
    hand: ManualClock,
    stock: Stock,
    keys: BTreeSet<String>,
    read: Mutex<BTreeMap<String, BTreeSet<String>>>,
    _plane: ControlPlane,
}

impl Both {
    pub(super) async fn start() -> Self {
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_600, 0).unwrap());
        let demo = Demo::start(move || clock.now(), &Story::ALL).unwrap();
        let start = || ControlPlane::start(Profile::Full).unwrap();
        let plane = tokio::task::spawn_blocking(start).await.unwrap();
        let (demo, real) = (Side::demo(&demo), Side::real(&plane).await);
        let stock = Stock::of(&demo).await;
        seed::furnish(&stock, &real).await;
        let logs = ContainerLogs { current: "one\ntwo\nthree\n", previous: "before\n" };
        let talk = move || {
            plane.set_logs("shop", "cart", &logs);
            plane
        };
        let plane = tokio::task::spawn_blocking(talk).await.unwrap();
        for side in [&demo, &real] {
            side.create("/api/v1/namespaces", &json!({"metadata": {"name": THROWN_AWAY}})).await;
        }
        let account = format!("/api/v1/namespaces/{THROWN_AWAY}/serviceaccounts/default");
        world::eventually(&account, async || real.get(&account).await).await;
        let keys = stock.keys().into_iter().chain(Stock::of(&real).await.keys()).collect();
        Self { demo, real, hand, stock, keys, read: Mutex::default(), _plane: plane }
    }

    /// Every shape in every situation that it can meet.
    pub(super) async fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (number, shape) in coverage().unwrap().shapes().iter().enumerate() {
            let way = Way::of(shape);
            let kind = way.as_ref().and_then(|way| self.kind(way));
            let changes = ["PATCH", "DELETE"].contains(&shape.method.as_str());
            let pair = match kind.filter(|_| changes) {
                Some(kind) => Some(self.thrown_away(kind, &format!("line-{number}")).await),
                None => None,
            };
            let named = way.as_ref().is_some_and(|way| way.named);
            let log = way.as_ref().is_some_and(|way| way.subresource == "log");
            let situations: &[Situation] = match shape.method.as_str() {
                "GET" if log => &[Situation::There, Situation::Missing, Situation::NoContainer, Situation::NoNode],
                "GET" if named || way.as_ref().is_some_and(|way| way.in_namespace) => {
                    &[Situation::There, Situation::Missing]
                }
                "GET" => &[Situation::There],
                "POST" => &[Situation::There, Situation::Denied],
                _ => &[Situation::Missing, Situation::Another, Situation::Stale, Situation::There],
            };
            let case = |situation: &Situation| Case {
                shape: shape.clone(),
                way: way.clone(),
                situation: *situation,
                pair: pair.clone(),
            };
            cases.extend(situations.iter().map(case));
        }
        self.hand.advance(TimeDelta::seconds(30));
        cases
    }

    /// The kind that a way leads to, if the demo serves it.
    fn kind(&self, way: &Way) -> Option<&Kind> {
        self.stock.kinds.iter().find(|kind| kind.root == way.root && kind.plural == way.plural)
    }

    /// A new object on both sides, to be changed.
    async fn thrown_away(&self, kind: &Kind, name: &str) -> Pair {
        let labels = json!({"app": name});
        let image = "registry.example.com/shop/frontend:5.12.0";
        let mut spec = json!({"containers": [{"name": "frontend", "image": image}]});
        if kind.plural != "pods" {
            let template = json!({"metadata": {"labels": labels}, "spec": spec});
            spec = json!({"selector": {"matchLabels": labels}, "template": template});
        }
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.kind,
            "metadata": {"generateName": format!("{name}-"), "labels": labels, "annotations": {"kept": "yes"}},
            "spec": spec,
        });
        let path = kind.path(THROWN_AWAY);
        Pair { demo: self.demo.create(&path, &object).await, real: self.real.create(&path, &object).await }
    }

    /// How the answers to a case differ now.
    pub(super) async fn differences(&self, case: &Case) -> Vec<String> {
        let Some(way) = &case.way else {
            let [demo, real] = self.ask(case, &Pair::default(), [&case.shape.path; 2]).await;
            return told(&fields::of_document(&case.shape.path), &demo, &real);
        };
        let Some(kind) = self.kind(way) else { return self.not_served(case, way).await };
        let mut found = Vec::new();
        let pairs = match self.pairs(case, way, kind).await {
            Ok(pairs) => pairs,
            Err(told) => return told,
        };
        for pair in pairs {
            let uris =
                [self.uri(case, way, &self.demo, &pair.demo).await, self.uri(case, way, &self.real, &pair.real).await];
            let [demo, real] = self.ask(case, &pair, [&uris[0], &uris[1]]).await;
            let mut told = told(&self.fields(case, way, &demo, &real), &demo, &real);
            if case.shape.query.contains_key("dryRun") {
                told.extend(self.rehearsed_too_well(&pair, way).await);
            }
            let about = format!("{}/{}", pair.namespace(), pair.name());
            found.extend(told.into_iter().map(|difference| format!("{difference} ({about})")));
        }
        found
    }

    /// What a case is about: for a list one object for each namespace, of which the namespace and the labels are taken.
    async fn pairs(&self, case: &Case, way: &Way, kind: &Kind) -> Result<Vec<Pair>, Vec<String>> {
        if let Some(pair) = &case.pair {
            // What was deleted once does not come back.
            let deletes = case.shape.method == "DELETE" && case.situation == Situation::There;
            let anew = if deletes { self.thrown_away(kind, "again").await } else { pair.clone() };
            self.hand.advance(TimeDelta::seconds(30));
            return Ok(vec![self.settled(&anew, way).await]);
        }
        if !kind.can("list") {
            return Ok(vec![Pair::default()]);
        }
        let groups = groups(way, &self.demo, &self.real).await;
        let all: Vec<Pair> = groups.iter().flat_map(alike).collect();
        let one = |wanted: &dyn Fn(&Value) -> bool| {
            let mut fit = all.iter().filter(|pair| wanted(&pair.demo) && wanted(&pair.real));
            fit.next().cloned().map(|pair| vec![pair])
        };
        let nothing = || Ok(vec![Pair::default()]);
        match case.situation {
            Situation::NoNode => {
                one(&|pod| pod["spec"]["nodeName"].is_null()).ok_or_else(|| vec!["no such pod".into()])
            }
            _ if way.subresource == "log" => {
                let stays = |pod: &Value| !pod["metadata"]["deletionTimestamp"].is_string();
                let cart = |pod: &Value| text(pod, "/metadata/labels/app") == "cart" && stays(pod);
                one(&cart).ok_or_else(|| vec!["no such pod".into()])
            }
            _ if case.shape.query.get("fieldSelector").is_some_and(|fields| fields.contains("type=")) => {
                one(&|secret| secret["type"] == "kubernetes.io/tls").ok_or_else(|| vec!["no such Secret".into()])
            }
            Situation::There if way.named => {
                let unlike = groups.iter().filter(|group| alike(group).is_empty());
                let unlike: Vec<String> = unlike
                    .map(|[ours, theirs]| {
                        let states = |all: &[Value]| all.iter().map(state).collect::<Vec<_>>().join(", ");
                        let name = text(&ours[0], "/metadata/name");
                        format!("none like {name}: demo {:?}, real {:?}", states(ours), states(theirs))
                    })
                    .collect();
                if unlike.is_empty() { Ok(all) } else { Err(unlike) }
            }
            Situation::There if way.in_namespace => {
                let mut places = BTreeSet::new();
                let mut first = all;
                first.retain(|pair| places.insert(pair.namespace().to_owned()));
                Ok(first)
            }
            Situation::There => Ok(vec![all.into_iter().next().unwrap_or_default()]),
            Situation::Missing | Situation::Stale | Situation::Another | Situation::NoContainer | Situation::Denied => {
                nothing()
            }
        }
    }

    /// The pair as it is now, when its pods run.
    async fn settled(&self, pair: &Pair, way: &Way) -> Pair {
        let done = |object: &Value| {
            let status = &object["status"];
            status["phase"] == "Running"
                || status["availableReplicas"] == object["spec"]["replicas"]
                    && status["observedGeneration"] == object["metadata"]["generation"]
        };
        world::eventually(pair.name(), async || {
            let demo = self.demo.get(&way.path_of(&pair.demo)).await.filter(done)?;
            let real = self.real.get(&way.path_of(&pair.real)).await.filter(done)?;
            Some(Pair { demo, real })
        })
        .await
    }

    /// What a dry run has changed all the same.
    async fn rehearsed_too_well(&self, pair: &Pair, way: &Way) -> Option<String> {
        for (side, object) in [(&self.demo, &pair.demo), (&self.real, &pair.real)] {
            let now = side.get(&way.path_of(object)).await.unwrap_or_default();
            if now["metadata"]["generation"] != object["metadata"]["generation"] {
                return Some(format!("the dry run made of {object}\n    {now}"));
            }
        }
        None
    }

    async fn uri(&self, case: &Case, way: &Way, side: &Side, object: &Value) -> String {
        let mut values = values::of_uri(object, case.situation);
        if case.shape.query.contains_key("continue") {
            let first = side.get(&format!("{}?limit=2", way.list())).await.unwrap();
            values.insert("continue".to_owned(), text(&first, "/metadata/continue").to_owned());
        }
        case.shape.uri(&values)
    }

    async fn ask(&self, case: &Case, pair: &Pair, uris: [&String; 2]) -> [Reply; 2] {
        let ask = async |side: &Side, object: &Value, uri: &str| {
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
        };
        [ask(&self.demo, &pair.demo, uris[0]).await, ask(&self.real, &pair.real, uris[1]).await]
    }

    /// What the bot reads of such an answer.
    fn fields(&self, case: &Case, way: &Way, demo: &Reply, real: &Reply) -> Vec<String> {
        let plural = if way.subresource == "scale" { "scale" } else { &way.plural };
        let mut read = self.read.lock().unwrap();
        let own = read.entry(format!("{}/{plural}", way.group));
        let own = own.or_insert_with(|| fields::of(&way.group, plural, &self.keys)).iter();
        let metadata = case.shape.accept.contains("as=PartialObjectMetadata");
        let own = own.filter(|field| !metadata || field.starts_with("/metadata/"));
        if case.shape.method != "GET" || way.named {
            return own.cloned().collect();
        }
        let list = ["/items", "/metadata/resourceVersion", "/metadata/continue"].map(str::to_owned);
        if case.shape.query.contains_key("limit") {
            // Other objects stand on the same page.
            return list.into_iter().chain(["/items/*/metadata/name".to_owned()]).collect();
        }
        // Of what only one side holds no more can be compared than that the other holds none.
        let holds = |reply: &Reply| {
            let list: Value = serde_json::from_str(&reply.body).unwrap_or_default();
            !items(&list, "/items").is_empty()
        };
        if holds(demo) != holds(real) {
            return list.into_iter().chain(["/items/*".to_owned()]).collect();
        }
        own.map(|field| format!("/items/*{field}")).chain(list).collect()
    }

    /// An API that the demo does not have: it says so as the real server does of one that it does not have either.
    async fn not_served(&self, case: &Case, way: &Way) -> Vec<String> {
        let ask = async |side: &Side, identity: Identity, uri: &str| {
            let (method, accept, body) = (Method::GET, case.shape.accept.as_str(), &Value::Null);
            side.ask(Ask { identity, method, uri, content_type: "", accept, body }).await
        };
        let uri = case.shape.uri(&values::of_uri(&Value::Null, Situation::Missing));
        let demo = ask(&self.demo, case.shape.identity, &uri).await;
        let mut real = ask(&self.real, case.shape.identity, &uri).await;
        if real.code < 300 {
            let known = self.stock.kinds.iter().any(|kind| kind.root == way.root);
            let root = if known { &way.root } else { "/apis/nobody.example/v1" };
            real = ask(&self.real, Identity::Admin, &format!("{root}/nothings")).await;
        }
        told(&[], &demo, &real)
    }
}

fn told(fields: &[String], demo: &Reply, real: &Reply) -> Vec<String> {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut found = differences(&fields, demo, real);
    if demo.code != real.code {
        found.truncate(1);
        let words = |reply: &Reply| reply.body.chars().take(300).collect::<String>();
        found.push(format!("demo says {}\n        real says {}", words(demo), words(real)));
    }
    found
}
