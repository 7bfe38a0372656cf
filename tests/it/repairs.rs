//! Each repair on the real control plane: rehearsed without a trace, carried out by one write, proven by the controllers.

use crate::world::shapes::Covered;
use contract::{Actor, ChannelRef, Platform};
use control_plane::{ControlPlane, Identity};
use roundsman::{
    clock::Clock,
    cluster::{Access, Cluster, ClusterConfig, Sources},
    finding::{ActionHint, Target},
    repair::{
        self, ActionKind, Ask, Decider, Decision, Outcome, Policy, Proposal, Requester, Rule, Verdict, begin,
        carry_out, decide, look, propose, record, settle,
    },
};
use std::time::Duration;

const WORKLOADS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: web, image: "web:1" }] } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 1
  serviceName: db
  selector: { matchLabels: { app: db } }
  template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: db, image: "db:1" }] } }
"#;

struct Plant {
    plane: &'static ControlPlane,
    namespace: String,
    cluster: Cluster,
    clock: Clock,
    policy: Policy,
    _covered: Covered,
}

impl Plant {
    async fn new() -> Self {
        let plane = tokio::task::spawn_blocking(ControlPlane::shared).await.unwrap();
        let namespace = tokio::task::spawn_blocking(|| plane.namespace("repair")).await.unwrap();
        let access = |identity| Access::Kubeconfig { path: Some(plane.kubeconfig(identity)), context: None };
        let config = ClusterConfig {
            name: "prod".into(),
            reader: access(Identity::Reader),
            writer: Some(access(Identity::Writer)),
            secrets: false,
            sources: Sources::default(),
            deadline: Duration::from_secs(60),
        };
        let rule = Rule {
            clusters: vec!["prod".into()],
            namespaces: vec![namespace.clone()],
            except_namespaces: vec![],
            actions: ActionKind::ALL.into(),
            approvers: ["bob".to_owned()].into(),
            max_replica_change: 5,
        };
        let expires_after = Duration::from_secs(900);
        let policy = Policy { enabled: true, expires_after, rules: vec![rule], ..Policy::default() };
        let cluster = Cluster::connect(config).await.unwrap();
        Self { plane, namespace, cluster, clock: Clock::system(), policy, _covered: Covered::on(plane) }
    }

    async fn kubectl(&self, arguments: &[&str]) -> String {
        let namespace = ["-n", self.namespace.as_str()];
        let arguments: Vec<String> = arguments.iter().chain(&namespace).map(|&word| word.to_owned()).collect();
        let plane = self.plane;
        let run = move || plane.kubectl(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn apply(&self, yaml: &'static str) {
        let (plane, namespace) = (self.plane, self.namespace.clone());
        tokio::task::spawn_blocking(move || plane.apply(&namespace, yaml)).await.unwrap();
    }

    fn target(&self, kind: &str, name: &str) -> Target {
        Target::namespaced(kind, self.namespace.clone(), name)
    }

    /// Proposed by alice, approved by bob, and its intent written.
    async fn executing(&self, hint: ActionHint) -> Proposal {
        let person = |name: &str| Actor::Person { id: name.into(), name: name.into() };
        let channel = ChannelRef::new(Platform::Console, "ops");
        let requester = Requester { person: Some("alice".into()), actor: person("alice") };
        let ask = Ask { hint, channel: channel.clone(), requester, reason: None, finding: None };
        let proposal = propose(&self.cluster, &self.policy, ask, &self.clock).await.unwrap();
        let bob = Decider { person: Some("bob".into()), actor: person("bob"), channel };
        let approved = decide(&proposal, Decision::Approve, &bob, &self.policy, self.clock.now()).unwrap();
        begin(&approved, self.clock.now()).unwrap()
    }

    /// The whole way, until the controllers have shown it.
    async fn repair(&self, hint: ActionHint) -> Proposal {
        let executing = self.executing(hint).await;
        let before = settle(&self.cluster, &executing).await;
        assert!(matches!(before, Outcome::NotDone { .. }), "{before:?}");
        let outcome = carry_out(&self.cluster, &executing, &self.policy, &self.clock).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        let after = settle(&self.cluster, &executing).await;
        assert!(matches!(after, Outcome::Done { .. }), "{after:?}");
        let verifying = record(&executing, &outcome, self.clock.now());
        let mut every = tokio::time::interval(Duration::from_millis(500));
        loop {
            every.tick().await;
            let repair::Look { progress, verdict } = look(&self.cluster, &verifying, self.clock.now()).await;
            match verdict {
                Some(Verdict::Succeeded) => return executing,
                Some(Verdict::Failed { why } | Verdict::Unproven { why }) => panic!("{}: {why}", executing.title),
                None => assert!(!progress.is_empty()),
            }
        }
    }
}

#[tokio::test]
async fn the_real_server_takes_every_repair_once() {
    let plant = Plant::new().await;
    plant.apply(WORKLOADS).await;
    for workload in ["deployment/web", "statefulset/db"] {
        plant.kubectl(&["rollout", "status", workload, "--timeout=100s"]).await;
    }
    plant.kubectl(&["set", "image", "deployment/web", "web=web:2"]).await;
    plant.kubectl(&["set", "image", "statefulset/db", "db=db:2"]).await;
    for workload in ["deployment/web", "statefulset/db"] {
        plant.kubectl(&["rollout", "status", workload, "--timeout=100s"]).await;
    }
    let began = plant.plane.audit().cursor();

    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    for (kind, name, earlier) in [("Deployment", "web", "web:1"), ("StatefulSet", "db", "db:1")] {
        let target = plant.target(kind, name);
        let done = plant.repair(ActionHint::UndoRollout { target, to_revision: None }).await;
        assert!(done.diff.contains(&format!("+      - image: {earlier}")), "{}", done.diff);
        assert_eq!(plant.kubectl(&["get", kind, name, "-o", image]).await.trim(), earlier);
    }
    plant.repair(ActionHint::RestartRollout { target: plant.target("Deployment", "web") }).await;
    plant.repair(ActionHint::Scale { target: plant.target("Deployment", "web"), replicas: 3 }).await;
    let pod = plant.kubectl(&["get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}"]).await;
    plant.repair(ActionHint::DeletePod { target: plant.target("Pod", pod.trim()) }).await;

    let writes = plant.plane.audit().writes(began, Identity::Writer);
    let ours = writes.iter().filter(|write| write.namespace == plant.namespace);
    assert_eq!(ours.count(), 5, "{writes:?}");

    // The object changes between approval and execution.
    let executing = plant.executing(ActionHint::Scale { target: plant.target("Deployment", "web"), replicas: 4 }).await;
    plant.kubectl(&["scale", "deployment/web", "--replicas=2"]).await;
    let outcome = carry_out(&plant.cluster, &executing, &plant.policy, &plant.clock).await;
    assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
}
