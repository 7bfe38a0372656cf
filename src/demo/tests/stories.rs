//! Each story shows its fault, and nothing else is wrong.

use serde_json::{Value, json};

use super::{Story, World, condition, waiting};

async fn pods(world: &World, namespace: &str, app: &str) -> Vec<Value> {
    world.items(&format!("/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}")).await
}

async fn messages(world: &World, namespace: &str, reason: &str) -> Vec<String> {
    let events = world.items(&format!("/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3D{reason}")).await;
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_backdrop_is_well() {
    let world = World::with(&[]);
    let nodes = world.items("/api/v1/nodes").await;
    assert_eq!(nodes.len(), 4);
    assert!(nodes.iter().all(|node| condition(node, "Ready")["status"] == "True"));
    let pods = world.items("/api/v1/pods").await;
    assert!(pods.len() > 20, "{}", pods.len());
    for pod in &pods {
        assert_eq!(condition(pod, "Ready")["status"], "True", "{pod}");
    }
    for deployment in world.items("/apis/apps/v1/deployments").await {
        assert_eq!(condition(&deployment, "Available")["status"], "True", "{deployment}");
        assert_eq!(condition(&deployment, "Progressing")["reason"], "NewReplicaSetAvailable");
        assert_eq!(deployment["status"]["observedGeneration"], deployment["metadata"]["generation"]);
    }
    for claim in world.items("/api/v1/persistentvolumeclaims").await {
        assert_eq!(claim["status"]["phase"], "Bound");
    }
    for slice in world.items("/apis/discovery.k8s.io/v1/endpointslices").await {
        assert!(!slice["endpoints"].as_array().unwrap().is_empty(), "{slice}");
        assert!(!slice["ports"].as_array().unwrap().is_empty(), "{slice}");
    }
    assert_eq!(world.items("/api/v1/events").await.len(), 0, "nothing has happened lately");
    let lease = world.object("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-c").await;
    assert_eq!(lease["spec"]["renewTime"], "2027-01-15T08:00:00.000000Z");
}

#[tokio::test]
async fn checkout_cannot_pull_its_image_and_serves_nobody() {
    let world = World::with(&[Story::Checkout]);
    let deployment = world.object("/apis/apps/v1/namespaces/shop/deployments/checkout").await;
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(deployment["status"]["availableReplicas"], Value::Null);
    assert_eq!(condition(&deployment, "Available")["status"], "False");
    assert_eq!(condition(&deployment, "Progressing")["reason"], "ProgressDeadlineExceeded");
    let pods = pods(&world, "shop", "checkout").await;
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        assert_eq!((pod["status"]["phase"].as_str().unwrap(), waiting(pod)), ("Pending", "ImagePullBackOff"));
        assert_eq!(pod["metadata"]["creationTimestamp"], "2027-01-15T07:35:01Z");
    }
    let slices = world.items("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3Dcheckout").await;
    assert!(slices[0]["endpoints"].as_array().unwrap().iter().all(|endpoint| endpoint["conditions"]["ready"] == false));
    let sets = world.items("/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app%3Dcheckout").await;
    assert_eq!(sets.len(), 3);
    assert!(
        messages(&world, "shop", "Failed").await.iter().any(|message| message.contains("checkout:2.8.0: not found"))
    );
    assert!(
        messages(&world, "shop", "BackOff").await.iter().any(|message| message.starts_with("Back-off pulling image"))
    );
    let manager = deployment["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["manager"] == "deploy-pipeline")
        .unwrap();
    let image = &manager["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"][r#"k:{"name":"checkout"}"#];
    assert_eq!(*image, json!({"f:image": {}}));
}

#[tokio::test]
async fn cart_is_killed_for_memory_again_and_again() {
    let world = World::with(&[Story::Cart]);
    let carts = pods(&world, "shop", "cart").await;
    assert_eq!(carts.len(), 2);
    for pod in &carts {
        let status = &pod["status"]["containerStatuses"][0];
        assert!(status["restartCount"].as_i64().unwrap() > 10, "{status}");
        assert_eq!(status["lastState"]["terminated"]["reason"], "OOMKilled");
        assert_eq!(status["lastState"]["terminated"]["exitCode"], 137);
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        world.pass(30);
        let pod = &pods(&world, "shop", "cart").await[0];
        assert_eq!(pod["status"]["phase"], "Running");
        seen.insert(waiting(pod).to_owned());
    }
    assert!(seen.contains("CrashLoopBackOff") && seen.contains(""), "{seen:?}");
    assert!(
        messages(&world, "shop", "BackOff")
            .await
            .iter()
            .any(|message| message.starts_with("Back-off restarting failed container cart"))
    );
}

#[tokio::test]
async fn payments_waits_for_a_config_map_until_it_is_there() {
    let world = World::with(&[Story::Payments]);
    let pod = &pods(&world, "payments", "payments-api").await[0];
    assert_eq!(waiting(pod), "CreateContainerConfigError");
    assert_eq!(
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"],
        "configmap \"payments-settings\" not found"
    );
    let settings =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "payments-settings"}, "data": {"A": "b"}});
    let uri = "/api/v1/namespaces/payments/configmaps";
    let reply = world.send(super::Identity::Admin, http::Method::POST, uri, "application/json", &settings).await;
    assert_eq!(reply.code, 201);
    world.pass(3);
    let pods = pods(&world, "payments", "payments-api").await;
    assert!(pods.iter().all(|pod| condition(pod, "Ready")["status"] == "True"));
}

#[tokio::test]
async fn search_selects_nobody() {
    let world = World::with(&[Story::Search]);
    let slices = world.items("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3Dsearch").await;
    assert_eq!(slices[0]["endpoints"], json!([]));
    assert!(pods(&world, "shop", "search").await.iter().all(|pod| condition(pod, "Ready")["status"] == "True"));
}

#[tokio::test]
async fn the_report_builder_fits_on_no_node() {
    let world = World::with(&[Story::Reports]);
    let pod = &pods(&world, "analytics", "report-builder").await[0];
    let scheduled = condition(pod, "PodScheduled");
    assert_eq!((scheduled["status"].clone(), scheduled["reason"].clone()), (json!("False"), json!("Unschedulable")));
    let message = scheduled["message"].as_str().unwrap();
    assert!(message.starts_with("0/4 nodes are available: 1 node(s) had untolerated taint(s) {node-role.kubernetes.io/control-plane: }, 3 Insufficient memory."), "{message}");
    assert_eq!(pod["status"]["phase"], "Pending");
    let events = world.items("/api/v1/namespaces/analytics/events?fieldSelector=reason%3DFailedScheduling").await;
    assert!(events[0]["series"]["count"].as_i64().unwrap() > 5, "{events:?}");
}

#[tokio::test]
async fn the_warehouse_claim_names_a_missing_class() {
    let world = World::with(&[Story::Warehouse]);
    let claim = world.object("/api/v1/namespaces/warehouse/persistentvolumeclaims/warehouse-data").await;
    assert_eq!(claim["status"]["phase"], "Pending");
    assert_eq!(
        messages(&world, "warehouse", "ProvisioningFailed").await,
        ["storageclass.storage.k8s.io \"fast-ssd\" not found"]
    );
    let pod = &pods(&world, "warehouse", "warehouse").await[0];
    assert!(
        condition(pod, "PodScheduled")["message"]
            .as_str()
            .unwrap()
            .contains("pod has unbound immediate PersistentVolumeClaims")
    );
}

#[tokio::test]
async fn the_quota_of_staging_blocks_the_preview() {
    let world = World::with(&[Story::Preview]);
    let sets = world.items("/apis/apps/v1/namespaces/staging/replicasets").await;
    assert_eq!(sets[0]["status"]["replicas"], 2);
    let failure = condition(&sets[0], "ReplicaFailure");
    assert_eq!(failure["reason"], "FailedCreate");
    let message = failure["message"].as_str().unwrap();
    assert!(message.ends_with("is forbidden: exceeded quota: team-quota, requested: requests.memory=384Mi, used: requests.memory=768Mi, limited: requests.memory=1Gi"), "{message}");
    let deployment = world.object("/apis/apps/v1/namespaces/staging/deployments/preview").await;
    assert_eq!(condition(&deployment, "ReplicaFailure")["status"], "True");
    let quota = world.object("/api/v1/namespaces/staging/resourcequotas/team-quota").await;
    assert_eq!(quota["status"]["used"], json!({"pods": "2", "requests.cpu": "200m", "requests.memory": "768Mi"}));
    assert!(!messages(&world, "staging", "FailedCreate").await.is_empty());
}

#[tokio::test]
async fn the_invoices_fail_since_their_last_release() {
    let world = World::with(&[Story::Invoices]);
    let jobs = world.items("/apis/batch/v1/namespaces/billing/jobs").await;
    let newest =
        jobs.iter().max_by_key(|job| job["metadata"]["creationTimestamp"].as_str().unwrap().to_owned()).unwrap();
    assert!(jobs.len() <= 5, "{}", jobs.len());
    let cron = world.object("/apis/batch/v1/namespaces/billing/cronjobs/invoice-sync").await;
    assert_eq!(cron["status"]["lastScheduleTime"], "2027-01-15T08:00:00Z");
    assert_eq!(cron["status"]["lastSuccessfulTime"], "2027-01-15T03:00:21Z");
    assert_eq!(newest["metadata"]["ownerReferences"][0]["name"], "invoice-sync");
    world.pass(300);
    let jobs = world.items("/apis/batch/v1/namespaces/billing/jobs").await;
    let newest =
        jobs.iter().max_by_key(|job| job["metadata"]["creationTimestamp"].as_str().unwrap().to_owned()).unwrap();
    assert_eq!(condition(newest, "Failed")["reason"], "BackoffLimitExceeded");
    assert_eq!(newest["status"]["failed"], 3);
    let pods = pods(&world, "billing", "invoice-sync").await;
    assert!(pods.iter().any(|pod| pod["status"]["phase"] == "Failed"));
}

#[tokio::test]
async fn the_node_is_silent_and_its_pods_with_it() {
    let world = World::with(&[Story::Node]);
    let node = world.object("/api/v1/nodes/worker-c").await;
    let ready = condition(&node, "Ready");
    assert_eq!((ready["status"].clone(), ready["reason"].clone()), (json!("Unknown"), json!("NodeStatusUnknown")));
    assert_eq!(node["spec"]["taints"][0]["key"], "node.kubernetes.io/unreachable");
    let lease = world.object("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker-c").await;
    assert_eq!(lease["spec"]["renewTime"], "2027-01-15T07:20:00.000000Z");
    let there = world.items("/api/v1/pods?fieldSelector=spec.nodeName%3Dworker-c").await;
    assert!(there.len() >= 3, "{}", there.len());
    assert!(there.iter().all(|pod| condition(pod, "Ready")["status"] == "False"));
    let set = world.object("/apis/apps/v1/namespaces/shop/statefulsets/sessions").await;
    assert_eq!(set["status"]["readyReplicas"], Value::Null);
    let mailer = world.object("/apis/apps/v1/namespaces/shop/deployments/mailer").await;
    assert_eq!(mailer["status"]["availableReplicas"], 3);
    let log = world.get("/api/v1/namespaces/shop/pods/sessions-0/log").await;
    assert_eq!(log.code, 500, "{}", log.body);
}

#[tokio::test]
async fn the_certificate_expires_in_nine_days() {
    use base64::Engine as _;
    let world = World::with(&[Story::Certificate]);
    let secrets = world.items("/api/v1/secrets?fieldSelector=type%3Dkubernetes.io/tls").await;
    assert_eq!(secrets.len(), 1);
    let pem =
        base64::engine::general_purpose::STANDARD.decode(secrets[0]["data"]["tls.crt"].as_str().unwrap()).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let certificate = pem.parse_x509().unwrap();
    assert_eq!(certificate.validity().not_after.timestamp(), 1_800_000_000 + 9 * 86_400);
}

#[tokio::test]
async fn all_stories_together_keep_out_of_each_others_way() {
    let world = World::with(&Story::ALL);
    let unwell: Vec<String> = world
        .items("/apis/apps/v1/deployments")
        .await
        .iter()
        .filter(|deployment| condition(deployment, "Available")["status"] != "True")
        .map(|deployment| deployment["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["report-builder", "payments-api", "checkout", "preview", "warehouse"];
    assert!(expected.iter().all(|name| unwell.iter().any(|found| found == name)), "{unwell:?}");
    assert!(unwell.iter().all(|name| name == "cart" || expected.contains(&name.as_str())), "{unwell:?}");
    let again = World::with(&Story::ALL);
    let path = "/api/v1/namespaces/shop/pods";
    assert_eq!(world.items(path).await, again.items(path).await, "the same in every run");
}
