//! What a repair does to the cluster: a restart cures nothing that is broken, an undo does; refusals write nothing.

use http::Method;
use serde_json::{Value, json};

use super::{Identity, Story, World, condition, waiting};

const CHECKOUT: &str = "/apis/apps/v1/namespaces/shop/deployments/checkout";

async fn revision(world: &World, revision: &str) -> Value {
    let sets = world.items("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app%3Dcheckout").await;
    sets.into_iter()
        .find(|set| set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == revision)
        .unwrap()
}

fn plain(set: &Value) -> Value {
    let mut template = set["spec"]["template"].clone();
    template["metadata"]["labels"].as_object_mut().unwrap().remove("pod-template-hash");
    template
}

#[tokio::test]
async fn a_restart_of_a_bad_image_stays_broken() {
    let world = World::with(&[Story::Checkout]);
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2027-01-15T08:00:00Z"}}}}});
    let reply = world.patch(Identity::Writer, CHECKOUT, &restart).await;
    assert_eq!(reply.code, 200, "{}", reply.body);
    world.pass(60);
    let deployment = world.object(CHECKOUT).await;
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "4");
    assert_eq!(condition(&deployment, "Available")["status"], "False");
    let pods = world.items("/api/v1/namespaces/shop/pods?labelSelector=app%3Dcheckout").await;
    assert_eq!(pods.len(), 3);
    assert!(pods.iter().all(|pod| waiting(pod) == "ImagePullBackOff"
        && pod["metadata"]["creationTimestamp"].as_str().unwrap() > "2027-01-15T08"));
}

#[tokio::test]
async fn an_undo_cures_checkout() {
    let world = World::with(&[Story::Checkout]);
    let bad = world.object(CHECKOUT).await["spec"]["template"].clone();
    let good = plain(&revision(&world, "2").await);
    let undo = json!([
        {"op": "test", "path": "/spec/template", "value": bad},
        {"op": "replace", "path": "/spec/template", "value": good},
    ]);
    let reply = world.patch(Identity::Writer, CHECKOUT, &undo).await;
    assert_eq!(reply.code, 200, "{}", reply.body);
    assert_eq!(reply.json()["metadata"]["generation"], 4);

    world.pass(1);
    let early = world.object(CHECKOUT).await;
    assert_eq!(early["status"]["availableReplicas"], Value::Null, "pods take a moment");
    world.pass(5);
    let cured = world.object(CHECKOUT).await;
    assert_eq!(cured["status"]["observedGeneration"], 4);
    assert_eq!(
        (cured["status"]["availableReplicas"].clone(), cured["status"]["updatedReplicas"].clone()),
        (json!(3), json!(3))
    );
    assert_eq!(condition(&cured, "Available")["status"], "True");
    assert_eq!(condition(&cured, "Progressing")["reason"], "NewReplicaSetAvailable");
    assert_eq!(cured["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "4");
    let reused = revision(&world, "4").await;
    assert_eq!(plain(&reused), good, "the old ReplicaSet is back with a new revision");
    assert_eq!(reused["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"], "2");
    let slices = world.items("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3Dcheckout").await;
    assert_eq!(
        slices[0]["endpoints"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|endpoint| endpoint["conditions"]["ready"] == true)
            .count(),
        3
    );

    let again = world.patch(Identity::Writer, CHECKOUT, &undo).await;
    assert_eq!((again.code, again.json()["reason"].clone()), (422, json!("Invalid")), "the test op fails now");
    assert_eq!(again.message(), "the server rejected our request due to an error in our request");
}

#[tokio::test]
async fn a_rolling_update_never_goes_below_its_minimum() {
    let world = World::with(&[]);
    let path = "/apis/apps/v1/namespaces/shop/deployments/frontend";
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    assert_eq!(world.patch(Identity::Writer, path, &restart).await.code, 200);
    let mut steps = Vec::new();
    for _ in 0..40 {
        world.pass(1);
        let status = world.object(path).await["status"].clone();
        assert!(status["availableReplicas"].as_i64().unwrap() >= 3, "{status}");
        assert!(status["replicas"].as_i64().unwrap() <= 4, "{status}");
        steps.push(status["updatedReplicas"].as_i64().unwrap_or_default());
        if condition(&json!({"status": status}), "Progressing")["reason"] == "NewReplicaSetAvailable" {
            break;
        }
    }
    world.pass(2);
    assert_eq!(steps.last(), Some(&3));
    assert!(steps.len() > 6, "somebody who watches sees it: {steps:?}");
    assert_eq!(world.items("/api/v1/namespaces/shop/pods?labelSelector=app%3Dfrontend").await.len(), 3);
}

#[tokio::test]
async fn scale_by_its_subresource_and_by_the_spec() {
    let world = World::with(&[]);
    let path = "/apis/apps/v1/namespaces/shop/deployments/catalog";
    let scale = format!("{path}/scale");
    let reply = world.patch(Identity::Admin, &scale, &json!({"spec": {"replicas": 4}})).await;
    assert_eq!(
        (reply.code, reply.json()["kind"].clone(), reply.json()["spec"]["replicas"].clone()),
        (200, json!("Scale"), json!(4))
    );
    world.pass(5);
    assert_eq!(world.object(path).await["status"]["readyReplicas"], 4);
    let mut wanted = world.send(Identity::Admin, Method::GET, &scale, "", &Value::Null).await.json();
    assert_eq!(wanted["status"], json!({"replicas": 4, "selector": "app=catalog"}));
    wanted["spec"]["replicas"] = json!(1);
    let put = world.send(Identity::Admin, Method::PUT, &scale, "application/json", &wanted).await;
    assert_eq!(put.code, 200, "{}", put.body);
    world.pass(5);
    assert_eq!(world.object(path).await["status"]["replicas"], 1);
    let stale = world.send(Identity::Admin, Method::PUT, &scale, "application/json", &wanted).await;
    assert_eq!((stale.code, stale.json()["reason"].clone()), (409, json!("Conflict")));
    let negative = world.patch(Identity::Writer, path, &json!({"spec": {"replicas": -1}})).await;
    assert_eq!(
        negative.message(),
        "Deployment.apps \"catalog\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
}

#[tokio::test]
async fn a_pod_is_deleted_only_if_it_is_the_one_that_was_meant() {
    let world = World::with(&[]);
    let pods = "/api/v1/namespaces/shop/pods";
    let pod = world.items(&format!("{pods}?labelSelector=app%3Dcatalog")).await[0].clone();
    let path = format!("{pods}/{}", pod["metadata"]["name"].as_str().unwrap());
    let pod_before = world.object(&path).await;
    let wrong = world.delete(Identity::Writer, &path, &json!({"preconditions": {"uid": "another"}})).await;
    assert_eq!(wrong.code, 409);
    assert!(
        wrong.message().contains("the UID in the precondition (another) does not match the UID in record"),
        "{}",
        wrong.body
    );
    let dry = world.delete(Identity::Writer, &path, &json!({"dryRun": ["All"]})).await;
    assert_eq!((dry.code, dry.json()["metadata"]["deletionGracePeriodSeconds"].clone()), (200, json!(30)));
    assert_eq!(world.object(&path).await, pod_before, "a dry run keeps nothing");
    let right = world.delete(Identity::Writer, &path, &json!({"preconditions": {"uid": pod["metadata"]["uid"]}})).await;
    assert_eq!(right.code, 200);
    assert!(right.json()["metadata"]["deletionTimestamp"].is_string());
    world.pass(5);
    assert_eq!(world.get(&path).await.code, 404);
    let after = world.items(&format!("{pods}?labelSelector=app%3Dcatalog")).await;
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|pod| condition(pod, "Ready")["status"] == "True"));
}

#[tokio::test]
async fn a_dry_run_shows_the_next_generation_and_keeps_nothing() {
    let world = World::with(&[Story::Checkout]);
    let before = world.object(CHECKOUT).await;
    let dry = world
        .patch(
            Identity::Writer,
            &format!("{CHECKOUT}?dryRun=All&fieldManager=roundsman"),
            &json!({"spec": {"replicas": 7}}),
        )
        .await;
    assert_eq!(dry.code, 200);
    assert_eq!(
        (dry.json()["spec"]["replicas"].clone(), dry.json()["metadata"]["generation"].clone()),
        (json!(7), json!(4))
    );
    assert_eq!(dry.json()["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    assert!(
        dry.json()["metadata"]["managedFields"].as_array().unwrap().iter().any(|entry| entry["manager"] == "roundsman")
    );
    assert_eq!(world.object(CHECKOUT).await, before);
    assert_eq!(world.patch(Identity::Writer, &format!("{CHECKOUT}?dryRun=Some"), &json!({})).await.code, 422);
}

#[tokio::test]
async fn the_reader_may_not_write_and_not_even_try() {
    let world = World::with(&[Story::Checkout]);
    let before = world.object(CHECKOUT).await;
    for uri in [CHECKOUT.to_owned(), format!("{CHECKOUT}?dryRun=All")] {
        let reply = world.patch(Identity::Reader, &uri, &json!({"spec": {"replicas": 0}})).await;
        assert_eq!(reply.code, 403);
        let words = "deployments.apps \"checkout\" is forbidden: User \"roundsman-reader\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"";
        assert_eq!(reply.message(), words);
        assert_eq!(reply.json()["details"], json!({"name": "checkout", "group": "apps", "kind": "deployments"}));
    }
    assert_eq!(world.delete(Identity::Reader, "/api/v1/namespaces/shop/pods/postgres-0", &Value::Null).await.code, 403);
    assert_eq!(world.delete(Identity::Writer, CHECKOUT, &Value::Null).await.code, 403);
    let secrets = world.send(Identity::Writer, Method::GET, "/api/v1/secrets", "", &Value::Null).await;
    assert_eq!(
        secrets.message(),
        "secrets is forbidden: User \"roundsman-writer\" cannot list resource \"secrets\" in API group \"\" at the cluster scope"
    );
    assert_eq!(world.object(CHECKOUT).await, before);
}

#[tokio::test]
async fn a_stale_resource_version_is_a_conflict() {
    let world = World::with(&[Story::Checkout]);
    let stale = json!({"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}});
    let reply = world.patch(Identity::Writer, CHECKOUT, &stale).await;
    assert_eq!(reply.code, 409);
    assert_eq!(
        reply.message(),
        "Operation cannot be fulfilled on deployments.apps \"checkout\": the object has been modified; please apply your changes to the latest version and try again"
    );
    let version = world.object(CHECKOUT).await["metadata"]["resourceVersion"].clone();
    let fresh = json!({"metadata": {"resourceVersion": version}, "spec": {"replicas": 1}});
    assert_eq!(world.patch(Identity::Writer, CHECKOUT, &fresh).await.code, 200);
    let uid = world.patch(Identity::Writer, CHECKOUT, &json!({"metadata": {"uid": "another"}})).await;
    assert_eq!(uid.code, 422, "{}", uid.body);
    let kind = "application/strategic-merge-patch+json";
    assert_eq!(world.send(Identity::Writer, Method::PATCH, CHECKOUT, kind, &json!({})).await.code, 415);
}

#[tokio::test]
async fn a_stateful_set_and_a_daemon_set_roll_too() {
    let world = World::with(&[]);
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    let set = "/apis/apps/v1/namespaces/shop/statefulsets/postgres";
    let daemon = "/apis/apps/v1/namespaces/kube-system/daemonsets/flannel";
    let before = world.object("/api/v1/namespaces/shop/pods/postgres-0").await["metadata"]["uid"].clone();
    for path in [set, daemon] {
        assert_eq!(world.patch(Identity::Writer, path, &restart).await.code, 200);
    }
    world.pass(60);
    assert_ne!(world.object("/api/v1/namespaces/shop/pods/postgres-0").await["metadata"]["uid"], before);
    let status = world.object(set).await["status"].clone();
    assert_eq!(
        (status["readyReplicas"].clone(), status["updateRevision"].clone()),
        (json!(1), status["currentRevision"].clone())
    );
    let status = world.object(daemon).await["status"].clone();
    assert_eq!((status["numberReady"].clone(), status["updatedNumberScheduled"].clone()), (json!(4), json!(4)));
}

#[tokio::test]
async fn an_impossible_scale_is_called_so() {
    let world = World::with(&[]);
    let uri = "/apis/apps/v1/namespaces/shop/deployments/catalog/scale";
    let reply = world.patch(Identity::Admin, uri, &json!({"spec": {"replicas": -2}})).await;
    assert_eq!(reply.code, 422);
    let words = "Scale.autoscaling \"catalog\" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0";
    assert_eq!(reply.message(), words);
}

#[tokio::test]
async fn an_undo_cures_checkout_among_all_the_other_stories() {
    let world = World::with(&Story::ALL);
    let lease = world.object("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-a").await;
    assert_eq!(lease["spec"]["renewTime"], "2027-01-15T08:00:00.000000Z");
    let pods = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dcheckout";
    let broken = world.items(pods).await;
    assert_eq!(broken.len(), 3);
    assert!(broken.iter().all(|pod| waiting(pod) == "ImagePullBackOff"));
    let good = plain(&revision(&world, "2").await);
    let undo = json!([{"op": "replace", "path": "/spec/template", "value": good}]);
    assert_eq!(world.patch(Identity::Writer, CHECKOUT, &undo).await.code, 200);
    world.pass(6);
    assert_eq!(world.object(CHECKOUT).await["status"]["availableReplicas"], 3);
}

#[tokio::test]
async fn a_budget_allows_as_many_disruptions_as_pods_are_healthy() {
    let world = World::with(&[]);
    let budget = async || world.object("/apis/policy/v1/namespaces/shop/poddisruptionbudgets/frontend").await;
    let before = budget().await;
    let numbers = |budget: &Value| {
        ["expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"]
            .map(|field| budget["status"][field].clone())
    };
    assert_eq!(numbers(&before), [3, 3, 2, 1].map(|number| json!(number)));
    assert_eq!(condition(&before, "DisruptionAllowed")["reason"], "SufficientPods");

    let frontend = "/apis/apps/v1/namespaces/shop/deployments/frontend";
    world.patch(Identity::Writer, frontend, &json!({"spec": {"replicas": 2}})).await;
    world.pass(60);
    let after = budget().await;
    assert_eq!(numbers(&after), [2, 2, 2, 0].map(|number| json!(number)));
    assert_eq!(condition(&after, "DisruptionAllowed")["status"], "False");
}
