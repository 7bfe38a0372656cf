//! The API's own manners: pages, selectors, forms, discovery, reviews, logs, and its words for what is not there.

use http::Method;
use kube::api::{Api, DynamicObject, ListParams, LogParams};
use kube::discovery::{Discovery, verbs};
use serde_json::{Value, json};

use super::{Identity, Story, World};

#[tokio::test]
async fn kube_reads_typed_lists_and_metadata() {
    use k8s_openapi::api::core::v1::{Node, Pod};
    let world = World::with(&Story::ALL);
    let client = world.demo.client(Identity::Reader);
    let nodes: Api<Node> = Api::all(client.clone());
    assert_eq!(nodes.list(&ListParams::default()).await.unwrap().items.len(), 4);
    let pods: Api<Pod> = Api::namespaced(client, "shop");
    let all = pods.list(&ListParams::default()).await.unwrap();
    let partial = pods.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(all.items.len(), partial.items.len());
    assert_eq!(pods.get_opt("nobody").await.unwrap(), None);
    let kube::Error::Api(status) = pods.get("nobody").await.unwrap_err() else { panic!("not a Status") };
    assert_eq!(
        (status.code, status.message.as_str(), status.reason.as_str()),
        (404, "pods \"nobody\" not found", "NotFound")
    );
}

#[tokio::test]
async fn discovery_names_everything_that_can_be_listed() {
    let world = World::with(&[Story::Checkout]);
    let client = world.demo.client(Identity::Admin);
    for discovery in [
        Discovery::new(client.clone()).run_aggregated().await.unwrap(),
        Discovery::new(client.clone()).run().await.unwrap(),
    ] {
        let mut kinds = Vec::new();
        for group in discovery.groups() {
            for (resource, capabilities) in group.recommended_resources() {
                if capabilities.supports_operation(verbs::LIST) {
                    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
                    api.list(&ListParams::default()).await.unwrap();
                    kinds.push(resource.kind);
                }
            }
        }
        assert!(kinds.len() > 35 && kinds.contains(&"CronJob".to_owned()), "{kinds:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_the_cache_has_none() {
    let world = World::with(&[]);
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = world.object(&format!("/api/v1/pods?&limit=7&continue={next}")).await;
        let names = page["items"].as_array().unwrap().iter().map(|pod| pod["metadata"]["name"].clone());
        seen.extend(names);
        match page["metadata"]["continue"].as_str() {
            Some(token) => next = token.to_owned(),
            None => break,
        }
    }
    let whole = world.object("/api/v1/pods?resourceVersion=0&limit=7").await;
    assert_eq!((whole["kind"].clone(), whole["apiVersion"].clone()), (json!("PodList"), json!("v1")));
    let all = whole["items"].as_array().unwrap();
    assert!(all.len() > 14);
    assert_eq!(seen.len(), all.len());
    assert_eq!(all[0]["kind"], Value::Null, "list items carry no type");
    assert_eq!(world.get("/api/v1/pods?continue=%25").await.code, 400);
}

#[tokio::test]
async fn what_is_not_there_is_said_as_the_real_server_says_it() {
    let world = World::with(&[]);
    let admin = async |uri: &str| world.send(Identity::Admin, Method::GET, uri, "", &Value::Null).await;
    let unknown = admin("/apis/example.com/v1/things").await;
    assert_eq!((unknown.code, unknown.body.as_str()), (404, "404 page not found\n"));
    let resource = admin("/apis/apps/v1/things").await;
    assert_eq!((resource.code, resource.message().as_str()), (404, "the server could not find the requested resource"));
    let object = admin("/apis/apps/v1/namespaces/shop/deployments/nobody").await;
    assert_eq!(object.message(), "deployments.apps \"nobody\" not found");
    assert_eq!(object.json()["details"], json!({"name": "nobody", "group": "apps", "kind": "deployments"}));
    assert_eq!(admin("/api/v1/namespaces/nowhere/pods").await.json()["items"], json!([]));
    let field = admin("/api/v1/pods?fieldSelector=spec.foo%3Dbar").await;
    assert!(field.code == 400 && field.message().ends_with("field label not supported: spec.foo"), "{}", field.body);
    let reader = world.get("/apis/example.com/v1/things").await;
    assert_eq!(
        reader.message(),
        "things.example.com is forbidden: User \"roundsman-reader\" cannot list resource \"things\" in API group \"example.com\" at the cluster scope"
    );
    assert_eq!(
        world.get("/debug/pprof").await.message(),
        "forbidden: User \"roundsman-reader\" cannot get path \"/debug/pprof\""
    );
    for path in ["/readyz", "/livez", "/version"] {
        assert_eq!(world.get(path).await.code, 200);
    }
    assert_eq!(world.object("/version").await["gitVersion"], "v1.37.2");
}

#[tokio::test]
async fn reviews_say_what_each_identity_may() {
    let world = World::with(&[]);
    let ask = async |identity: Identity, verb: &str, resource: &str, subresource: &str| {
        let review = json!({"spec": {"resourceAttributes": {"group": "apps", "resource": resource, "subresource": subresource, "verb": verb, "namespace": "shop"}}});
        let reply = world
            .send(
                identity,
                Method::POST,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                "application/json",
                &review,
            )
            .await;
        assert_eq!(reply.code, 201, "{}", reply.body);
        reply.json()["status"]["allowed"].as_bool().unwrap()
    };
    assert!(ask(Identity::Reader, "list", "deployments", "").await);
    assert!(!ask(Identity::Reader, "patch", "deployments", "").await);
    assert!(ask(Identity::Writer, "patch", "deployments", "").await);
    assert!(!ask(Identity::Writer, "patch", "deployments", "scale").await);
    assert!(!ask(Identity::Writer, "delete", "deployments", "").await);
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let reply = world
        .send(Identity::Writer, Method::POST, rules, "application/json", &json!({"spec": {"namespace": "shop"}}))
        .await;
    assert_eq!(reply.json()["status"]["resourceRules"][0]["verbs"], json!(["delete"]));
    let created = json!({"metadata": {"name": "x"}, "spec": {}});
    assert_eq!(
        world
            .send(Identity::Admin, Method::POST, "/api/v1/namespaces/nowhere/configmaps", "application/json", &created)
            .await
            .code,
        404
    );
    let uri = "/api/v1/namespaces/shop/configmaps";
    assert_eq!(world.send(Identity::Admin, Method::POST, uri, "application/json", &created).await.code, 201);
    let twice = world.send(Identity::Admin, Method::POST, uri, "application/json", &created).await;
    assert_eq!(
        (twice.code, twice.json()["reason"].clone(), twice.message()),
        (409, json!("AlreadyExists"), "configmaps \"x\" already exists".to_owned())
    );
}

#[tokio::test]
async fn logs_are_written_as_time_goes_by() {
    use k8s_openapi::api::core::v1::Pod;
    let world = World::with(&[Story::Checkout, Story::Cart]);
    let pods: Api<Pod> = Api::namespaced(world.demo.client(Identity::Reader), "shop");
    let named = async |app: &str| {
        pods.list(&ListParams::default().labels(&format!("app={app}"))).await.unwrap().items[0]
            .metadata
            .name
            .clone()
            .unwrap()
    };
    let frontend = named("frontend").await;
    let tail = LogParams {
        tail_lines: Some(3),
        timestamps: true,
        container: Some("frontend".to_owned()),
        ..LogParams::default()
    };
    let log = pods.logs(&frontend, &tail).await.unwrap();
    assert_eq!(log.lines().count(), 3);
    assert!(log.lines().all(|line| line.starts_with("2027-01-15T07:59:")), "{log}");
    world.pass(60);
    assert!(pods.logs(&frontend, &tail).await.unwrap().contains("2027-01-15T08:00:"));
    let few = LogParams { limit_bytes: Some(10), ..LogParams::default() };
    assert_eq!(pods.logs(&frontend, &few).await.unwrap().len(), 10);

    let cart = named("cart").await;
    let previous = LogParams { previous: true, ..LogParams::default() };
    let log = pods.logs(&cart, &previous).await.unwrap();
    assert!(log.contains("Authorization: Bearer") && log.trim_end().ends_with("heap 127 MiB of 128 MiB"), "{log}");

    let checkout = named("checkout").await;
    let refused = async |pod: &str, params: &LogParams| match pods.logs(pod, params).await.unwrap_err() {
        kube::Error::Api(status) => (status.code, status.message.clone()),
        other => panic!("{other}"),
    };
    let wrong = LogParams { container: Some("sidecar".to_owned()), ..LogParams::default() };
    for (params, words) in [
        (
            &LogParams::default(),
            format!(
                "container \"checkout\" in pod \"{checkout}\" is waiting to start: trying and failing to pull image"
            ),
        ),
        (&previous, format!("previous terminated container \"checkout\" in pod \"{checkout}\" not found")),
        (&wrong, format!("container sidecar is not valid for pod {checkout}")),
    ] {
        assert_eq!(refused(&checkout, params).await, (400, words));
    }
}

#[tokio::test]
async fn both_event_apis_show_the_same_events() {
    let world = World::with(&[Story::Checkout]);
    let old =
        world.items("/api/v1/namespaces/shop/events?fieldSelector=involvedObject.kind%3DPod,type%3DWarning").await;
    // The bot reads the older API only, and may read no other.
    let new = "/apis/events.k8s.io/v1/namespaces/shop/events?fieldSelector=regarding.kind%3DPod,type%3DWarning";
    let new = world.send(Identity::Admin, Method::GET, new, "", &Value::Null).await.json();
    let new = new["items"].as_array().unwrap();
    assert!(!old.is_empty());
    assert_eq!(old.len(), new.len());
    assert_eq!(
        (old[0]["message"].clone(), old[0]["count"].clone()),
        (new[0]["note"].clone(), new[0]["deprecatedCount"].clone())
    );
}

#[tokio::test]
async fn shapes_name_no_object() {
    let world = World::with(&[]);
    world.get("/api/v1/namespaces/shop/pods/postgres-0/log?tailLines=3&timestamps=true").await;
    world.get("/api/v1/pods?&fieldSelector=spec.nodeName%3Dworker-a&resourceVersion=0").await;
    world.get("/api/v1/namespaces/shop").await;
    let scale = json!({"spec": {"replicas": 3}, "metadata": {"uid": "secret"}});
    world.patch(Identity::Writer, "/apis/apps/v1/namespaces/shop/deployments/catalog?dryRun=All", &scale).await;
    let undo = json!([{"op": "test", "path": "/spec/template", "value": {"a": 1}}]);
    world.patch(Identity::Writer, "/apis/apps/v1/namespaces/shop/deployments/catalog", &undo).await;
    let shapes = world.demo.requests();
    let bodies: Vec<&[String]> =
        shapes.iter().map(|shape| shape.body.as_slice()).filter(|body| !body.is_empty()).collect();
    assert_eq!(
        bodies,
        [&["test /spec/template".to_owned()][..], &["/metadata/uid".to_owned(), "/spec/replicas".to_owned()][..]]
    );
    let lines: Vec<String> = shapes.iter().map(|shape| serde_json::to_string(shape).unwrap()).collect();
    assert!(
        lines.iter().all(|line| !line.contains("shop") && !line.contains("worker") && !line.contains("postgres")),
        "{lines:?}"
    );
    let log = shapes.iter().find(|shape| shape.path.ends_with("/log")).unwrap();
    assert_eq!(log.path, "/api/v1/namespaces/{namespace}/pods/{name}/log");
    let values = [("namespace", "a"), ("name", "b"), ("tailLines", "5"), ("spec.nodeName", "n 1")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    assert_eq!(log.uri(&values), "/api/v1/namespaces/a/pods/b/log?tailLines=5&timestamps=true");
    let listed = shapes.iter().find(|shape| shape.query.contains_key("fieldSelector")).unwrap();
    assert_eq!(listed.uri(&values), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn%201&resourceVersion=0");
    assert!(shapes.iter().any(|shape| shape.path == "/api/v1/namespaces/{name}"));
    assert_eq!(serde_json::from_str::<super::super::Shape>(&lines[0]).unwrap(), shapes[0]);
}
