//! Repairs against the demo cluster: planned, refused, carried out once, interrupted, watched to their end.

use super::{
    Action, Ask, Look, Outcome, Policy, Proposal, Refusal, Risk, State, Verdict, begin, carry_out, conclude, decide,
    look, propose, record,
    samples::{self, decider},
    settle,
};
use crate::{
    clock::{Clock, ManualClock},
    cluster::{
        Cluster,
        spied::{self, Spy, Wire},
    },
    demo::{Demo, Identity, Story, covered::Covered},
    finding::{ActionHint, Target},
    repair::{Decision, Requester},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// The demo with its clock, and everything that the writing identity sent.
struct World {
    demo: Demo,
    clock: Clock,
    hand: ManualClock,
    cluster: Cluster,
    spy: Spy,
    _covered: Covered,
}

impl World {
    fn with(stories: &[Story]) -> Self {
        Self::writing_as(Identity::Writer, stories)
    }

    fn writing_as(identity: Identity, stories: &[Story]) -> Self {
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let seen = clock.clone();
        let demo = Demo::start(move || seen.now(), stories).unwrap();
        let spy = Spy::default();
        let writer = spy.on(demo.client(identity));
        let cluster = Cluster::from_client("prod", demo.client(Identity::Reader)).with_writer(writer);
        let _covered = Covered::of(&demo);
        Self { demo, clock, hand, cluster, spy, _covered }
    }

    fn writes(&self) -> Vec<String> {
        self.spy.writes()
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        self.hand.advance(TimeDelta::seconds(seconds));
    }

    async fn object(&self, path: &str) -> Value {
        self.cluster.peek(path).await.unwrap().value
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        self.object(path).await["items"].as_array().unwrap().clone()
    }

    /// Somebody else changes an object.
    async fn meanwhile(&self, path: &str, patch: Value) {
        spied::as_somebody(&self.demo.client(Identity::Admin), "PATCH", path, &patch).await;
    }

    async fn meanwhile_delete(&self, path: &str) {
        spied::as_somebody(&self.demo.client(Identity::Admin), "DELETE", path, &Value::Null).await;
    }

    async fn ask(&self, hint: ActionHint) -> Result<Proposal, Refusal> {
        let requester = Requester { person: Some("alice".into()), actor: samples::person("alice") };
        let ask = Ask { hint, channel: samples::channel(), requester, reason: None, finding: None };
        propose(&self.cluster, &samples::policy(), ask, &self.clock).await
    }

    /// Proposed, approved by bob, and its intent written.
    async fn executing(&self, hint: ActionHint) -> Proposal {
        let proposal = self.ask(hint).await.unwrap();
        let approved = decide(&proposal, Decision::Approve, &decider("bob"), &samples::policy(), self.now()).unwrap();
        begin(&approved, self.now()).unwrap()
    }

    async fn carry_out(&self, proposal: &Proposal) -> Outcome {
        carry_out(&self.cluster, proposal, &samples::policy(), &self.clock).await
    }

    /// Carried out, and now being watched.
    async fn verifying(&self, hint: ActionHint) -> Proposal {
        let executing = self.executing(hint).await;
        let outcome = self.carry_out(&executing).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        record(&executing, &outcome, self.now())
    }

    async fn look(&self, proposal: &Proposal) -> Look {
        look(&self.cluster, proposal, self.now()).await
    }

    /// Looks every two seconds until there is a verdict; also gives what was said on the way, each once.
    async fn watch(&self, proposal: &Proposal) -> (Verdict, Vec<String>) {
        let mut said: Vec<String> = Vec::new();
        for _ in 0..1000 {
            let Look { progress, verdict } = self.look(proposal).await;
            if said.last() != Some(&progress) {
                said.push(progress);
            }
            if let Some(verdict) = verdict {
                return (verdict, said);
            }
            self.pass(2);
        }
        panic!("no verdict: {said:?}");
    }
}

const CHECKOUT: &str = "/apis/apps/v1/namespaces/shop/deployments/checkout";
const FRONTEND: &str = "/apis/apps/v1/namespaces/shop/deployments/frontend";
const FRONTEND_PODS: &str = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dfrontend";

fn deployment(name: &str) -> Target {
    Target::namespaced("Deployment", "shop", name)
}

fn undo(name: &str) -> ActionHint {
    ActionHint::UndoRollout { target: deployment(name), to_revision: None }
}

fn restart(name: &str) -> ActionHint {
    ActionHint::RestartRollout { target: deployment(name) }
}

fn scale(name: &str, replicas: i32) -> ActionHint {
    ActionHint::Scale { target: deployment(name), replicas }
}

async fn a_pod(world: &World) -> ActionHint {
    let pods = world.items(FRONTEND_PODS).await;
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    ActionHint::DeletePod { target: Target::namespaced("Pod", "shop", name) }
}

fn changed_lines(proposal: &Proposal) -> Vec<&str> {
    proposal.diff.lines().filter(|line| line.starts_with(['+', '-'])).map(str::trim_end).collect()
}

#[tokio::test]
async fn an_undo_is_planned_with_its_reason_its_diff_and_its_inverse() {
    let world = World::with(&[Story::Checkout]);
    let before = world.object(CHECKOUT).await;
    let proposal = world.ask(undo("checkout")).await.unwrap();
    assert_eq!(proposal.title, "undo rollout of deployment/checkout in shop to revision 2");
    assert_eq!(proposal.reason.as_deref(), Some("revision 2 was in place for 1d 23h before the next one."));
    let image = |tag: &str| format!("image: registry.example.com/shop/checkout:{tag}");
    let changed = changed_lines(&proposal);
    assert!(changed.iter().any(|line| line.starts_with('-') && line.ends_with(&image("2.8.0"))), "{changed:?}");
    assert!(changed.iter().any(|line| line.starts_with('+') && line.ends_with(&image("2.7.1"))), "{changed:?}");
    assert_eq!(changed.len(), 2, "{}", proposal.diff);
    assert_eq!(
        proposal.inverse,
        Some(ActionHint::UndoRollout { target: deployment("checkout"), to_revision: Some(3) })
    );
    assert_eq!((proposal.risk, proposal.state.clone()), (Risk::Medium, State::Proposed));
    assert_eq!(proposal.warnings.len(), 1, "the strategy is Recreate: {:?}", proposal.warnings);
    assert_eq!(proposal.digest, proposal.action.digest());
    assert_eq!(proposal.expires_at - proposal.created_at, TimeDelta::minutes(15));
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.object(CHECKOUT).await, before, "the dry run kept nothing");
}

#[tokio::test]
async fn every_action_is_planned_and_rehearsed_and_nothing_is_kept() {
    let world = World::with(&[]);
    let pods = world.items(FRONTEND_PODS).await;
    let before = world.object(FRONTEND).await;

    let proposal = world.ask(restart("frontend")).await.unwrap();
    assert_eq!(proposal.title, "restart rollout of deployment/frontend in shop");
    assert!(proposal.diff.contains("+        kubectl.kubernetes.io/restartedAt: "), "{}", proposal.diff);
    assert_eq!(proposal.risk, Risk::Low);

    let proposal = world.ask(scale("frontend", 5)).await.unwrap();
    assert_eq!(proposal.title, "scale deployment/frontend in shop from 3 to 5 replicas");
    assert_eq!(changed_lines(&proposal), ["-  replicas: 3", "+  replicas: 5"]);
    assert_eq!(proposal.inverse, Some(scale("frontend", 3)));
    assert_eq!(world.ask(scale("frontend", 0)).await.unwrap().risk, Risk::High);

    let proposal = world.ask(a_pod(&world).await).await.unwrap();
    assert!(proposal.title.starts_with("delete pod/frontend-"), "{}", proposal.title);
    assert!(proposal.diff.contains("+ a new pod, made by ReplicaSet frontend-"), "{}", proposal.diff);
    assert_eq!((proposal.risk, proposal.warnings.len()), (Risk::Low, 0), "{:?}", proposal.warnings);

    world.pass(60);
    assert_eq!(world.writes(), Vec::<String>::new());
    assert_eq!(world.object(FRONTEND).await["metadata"], before["metadata"]);
    assert_eq!(world.items(FRONTEND_PODS).await.len(), pods.len());
}

#[tokio::test]
async fn what_cannot_or_may_not_be_is_refused_in_words_before_anything_is_sent() {
    let world = World::with(&[Story::Checkout]);
    let at = |kind: &str, namespace: &str, name: &str| Target::namespaced(kind, namespace, name);
    let restart_of = |target: Target| ActionHint::RestartRollout { target };
    let table = [
        (
            restart_of(at("Deployment", "kube-system", "coredns")),
            "does not let anybody restart a rollout in namespace kube-system",
        ),
        (restart_of(at("Deployment", "shop", "nothing")), "There is no Deployment shop/nothing in cluster prod"),
        (restart_of(at("Deployment", "shop", "../../../secrets/x")), "There is no"),
        (restart_of(at("Deployment", "shop?x=", "checkout")), "There is no"),
        (restart_of(at("Service", "shop", "checkout")), "that action does not exist for it"),
        (scale("frontend", 3), "It already has 3 replicas"),
        (scale("frontend", -1), "Less than 0"),
        (scale("frontend", 30), "too far in one step: the configuration allows a change of 5"),
        (undo("frontend"), "There is no earlier revision of deployment/frontend in shop"),
        (
            ActionHint::UndoRollout { target: deployment("checkout"), to_revision: Some(9) },
            "has no revision 9 to go back to. It has 2, 1.",
        ),
        (
            ActionHint::UndoRollout { target: deployment("checkout"), to_revision: Some(3) },
            "Revision 3 is the current one",
        ),
    ];
    for (hint, words) in table {
        let refusal = world.ask(hint.clone()).await.unwrap_err().to_string();
        assert!(refusal.contains(words), "{hint:?}: {refusal}");
    }
    assert_eq!(world.spy.sent().len(), 0, "not even a rehearsal");
}

#[tokio::test]
async fn a_writer_without_the_right_is_found_out_before_anybody_approves() {
    let world = World::writing_as(Identity::Reader, &[]);
    let refusal = world.ask(restart("frontend")).await.unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Forbidden { what, .. } if what == "patch deployments in namespace shop"),
        "{refusal:?}"
    );
    let reading = Cluster::from_client("prod", world.demo.client(Identity::Reader));
    let ask = Ask {
        hint: restart("frontend"),
        channel: samples::channel(),
        requester: Requester { person: None, actor: samples::person("alice") },
        reason: None,
        finding: None,
    };
    let refusal = propose(&reading, &samples::policy(), ask.clone(), &world.clock).await.unwrap_err();
    assert_eq!(refusal, Refusal::NoWriter { cluster: "prod".into() });
    let refusal = propose(&world.cluster, &Policy::default(), ask, &world.clock).await.unwrap_err();
    assert_eq!(refusal, Refusal::Disabled);
}

#[tokio::test]
async fn an_undo_cures_checkout_by_one_write() {
    let world = World::with(&[Story::Checkout]);
    let verifying = world.verifying(undo("checkout")).await;
    assert_eq!(world.writes(), [format!("PATCH {CHECKOUT}?fieldManager=roundsman")]);
    let (verdict, said) = world.watch(&verifying).await;
    assert_eq!(verdict, Verdict::Succeeded, "{said:?}");
    assert!(said.iter().any(|line| line.contains("I wait whether they stay so")), "{said:?}");
    assert!(matches!(conclude(&verifying, &verdict, world.now()).state, State::Succeeded { .. }));
    let cured = world.object(CHECKOUT).await;
    assert_eq!(cured["status"]["availableReplicas"], 3);
    assert_eq!(cured["spec"]["template"]["spec"]["containers"][0]["image"], "registry.example.com/shop/checkout:2.7.1");
}

#[tokio::test]
async fn a_restart_does_not_cure_checkout_and_says_what_is_missing() {
    let world = World::with(&[Story::Checkout]);
    let verifying = world.verifying(restart("checkout")).await;
    let (verdict, said) = world.watch(&verifying).await;
    let Verdict::Failed { why } = &verdict else { panic!("{verdict:?} {said:?}") };
    assert!(why.contains("0 of 3 new pods are available") && why.contains("ImagePullBackOff"), "{why}");
    let State::Verifying { deadline, .. } = &verifying.state else { panic!("{verifying:?}") };
    assert!(world.now() >= *deadline);
    // And the next plan does not take the restarted bad image for an earlier state.
    let proposal = world.ask(undo("checkout")).await.unwrap();
    assert!(matches!(proposal.action, Action::UndoRollout { from_revision: 4, to_revision: 2, .. }), "{proposal:?}");
}

#[tokio::test]
async fn restart_scale_and_delete_come_true() {
    let world = World::with(&[]);
    let old: Vec<Value> = world.items(FRONTEND_PODS).await.iter().map(|pod| pod["metadata"]["uid"].clone()).collect();
    let verifying = world.verifying(restart("frontend")).await;
    assert_eq!(world.watch(&verifying).await.0, Verdict::Succeeded);
    world.pass(60);
    let new: Vec<Value> = world.items(FRONTEND_PODS).await.iter().map(|pod| pod["metadata"]["uid"].clone()).collect();
    assert!(new.len() == 3 && new.iter().all(|uid| !old.contains(uid)), "{new:?}");

    for replicas in [5, 2] {
        let verifying = world.verifying(scale("frontend", replicas)).await;
        assert_eq!(world.watch(&verifying).await.0, Verdict::Succeeded);
        world.pass(60);
        assert_eq!(world.items(FRONTEND_PODS).await.len(), usize::try_from(replicas).unwrap());
    }

    let hint = a_pod(&world).await;
    let name = hint.target().name.clone();
    let verifying = world.verifying(hint).await;
    let (verdict, said) = world.watch(&verifying).await;
    assert_eq!(verdict, Verdict::Succeeded, "{said:?}");
    let pods = world.items(FRONTEND_PODS).await;
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod["metadata"]["name"] != json!(name)));
    assert_eq!(world.writes().len(), 4);
}

#[tokio::test]
async fn an_object_that_changed_meanwhile_is_left_alone() {
    let world = World::with(&[Story::Checkout]);
    let changes = [
        json!({"spec": {"replicas": 4}}),
        json!({"spec": {"template": {"metadata": {"labels": {"build": "7"}}}}}),
        json!({"spec": {"minReadySeconds": 3}}),
    ];
    for change in changes {
        let executing = world.executing(undo("checkout")).await;
        world.meanwhile(CHECKOUT, change).await;
        let outcome = world.carry_out(&executing).await;
        assert_eq!(
            outcome,
            Outcome::Changed { why: "Somebody changed deployment/checkout in shop after this was planned.".into() }
        );
        assert!(matches!(record(&executing, &outcome, world.now()).state, State::Superseded { .. }));
    }
    let hint = a_pod(&world).await;
    let path = format!("/api/v1/namespaces/shop/pods/{}", hint.target().name);
    let executing = world.executing(hint).await;
    world.meanwhile_delete(&path).await;
    assert!(matches!(world.carry_out(&executing).await, Outcome::Changed { .. }));
    world.pass(60);
    assert!(matches!(world.carry_out(&executing).await, Outcome::Changed { .. }));
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_carries_a_protected_label_is_left_alone_also_when_it_got_it_meanwhile() {
    let world = World::with(&[Story::Checkout]);
    let executing = world.executing(undo("checkout")).await;
    world.meanwhile(CHECKOUT, json!({"metadata": {"labels": {"roundsman.dev/protected": "yes"}}})).await;
    let words = "protects deployment/checkout in shop from repairs: it carries the label roundsman.dev/protected";
    match world.carry_out(&executing).await {
        Outcome::Refused { why } => assert!(why.contains(words), "{why}"),
        outcome => panic!("{outcome:?}"),
    }
    let refusal = world.ask(restart("checkout")).await.unwrap_err().to_string();
    assert!(refusal.contains("carries the label roundsman.dev/protected"), "{refusal}");
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn labels_and_status_may_move_meanwhile() {
    let world = World::with(&[Story::Checkout]);
    let executing = world.executing(undo("checkout")).await;
    // The resourceVersion moves, the generation does not: it still means the same.
    world.meanwhile(CHECKOUT, json!({"metadata": {"labels": {"seen": "yes"}}})).await;
    world.pass(30);
    assert!(matches!(world.carry_out(&executing).await, Outcome::Done { .. }));
}

#[tokio::test]
async fn carrying_out_twice_writes_once() {
    let world = World::with(&[Story::Checkout]);
    let executing = world.executing(undo("checkout")).await;
    assert!(matches!(world.carry_out(&executing).await, Outcome::Done { .. }));
    let again = world.carry_out(&executing).await;
    assert!(matches!(&again, Outcome::Done { response, .. } if response == "found done"), "{again:?}");
    assert_eq!(world.writes().len(), 1);
}

#[tokio::test]
async fn nothing_is_carried_out_that_is_not_approved_and_begun() {
    let world = World::with(&[Story::Checkout]);
    let proposed = world.ask(undo("checkout")).await.unwrap();
    let approved = decide(&proposed, Decision::Approve, &decider("bob"), &samples::policy(), world.now()).unwrap();
    let begun = begin(&approved, world.now()).unwrap();
    let swapped = Proposal { action: samples::restart(), ..begun.clone() };
    for unfit in [&proposed, &approved, &swapped] {
        assert!(matches!(world.carry_out(unfit).await, Outcome::Refused { .. }), "{unfit:?}");
    }
    // Approved in time, but the process slept until the next day.
    world.pass(86_400);
    assert!(matches!(world.carry_out(&begun).await, Outcome::Changed { .. }));
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_a_lost_request_is_unclear() {
    let world = World::with(&[Story::Checkout]);
    let executing = world.executing(undo("checkout")).await;
    world.spy.wire(Wire::LosesRequests);
    let outcome = world.carry_out(&executing).await;
    assert!(matches!(outcome, Outcome::Unclear { .. }), "it may still be on its way: {outcome:?}");
    assert!(matches!(record(&executing, &outcome, world.now()).state, State::Unknown { .. }));
    assert_eq!(world.writes().len(), 1, "and it is not sent again");

    let executing = world.executing(undo("checkout")).await;
    world.spy.wire(Wire::LosesAnswers);
    let outcome = world.carry_out(&executing).await;
    assert!(matches!(&outcome, Outcome::Done { response, .. } if response == "found done"), "{outcome:?}");
    assert_eq!(world.writes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_it_is_settled_by_looking() {
    let world = World::with(&[Story::Checkout]);
    let pod = a_pod(&world).await;
    let hints = [pod, undo("checkout"), restart("frontend"), scale("frontend", 4)];
    for hint in hints {
        let executing = world.executing(hint).await;
        let settled = settle(&world.cluster, &executing).await;
        assert!(matches!(settled, Outcome::NotDone { .. }), "{settled:?}");
        assert!(matches!(record(&executing, &settled, world.now()).state, State::Failed { .. }));
        let writes = world.writes().len();

        world.carry_out(&executing).await;
        let settled = settle(&world.cluster, &executing).await;
        assert!(matches!(settled, Outcome::Done { .. }), "{settled:?}");
        assert_eq!(world.writes().len(), writes + 1, "settling writes nothing");
        world.pass(60);
        assert!(matches!(settle(&world.cluster, &executing).await, Outcome::Done { .. }), "also later");
    }
    // Somebody else was there in between: nobody can tell.
    let executing = world.executing(undo("checkout")).await;
    world.meanwhile(CHECKOUT, json!({"spec": {"template": {"metadata": {"labels": {"build": "7"}}}}})).await;
    let settled = settle(&world.cluster, &executing).await;
    assert!(matches!(settled, Outcome::Unclear { .. }), "{settled:?}");
    assert!(matches!(record(&executing, &settled, world.now()).state, State::Unknown { .. }));
}

#[tokio::test]
async fn who_changes_it_while_it_is_watched_ends_the_watching() {
    let world = World::with(&[]);
    let verifying = world.verifying(scale("frontend", 5)).await;
    world.meanwhile(FRONTEND, json!({"spec": {"replicas": 2}})).await;
    let verdict = world.look(&verifying).await.verdict;
    assert!(matches!(&verdict, Some(Verdict::Failed { why }) if why.contains("Somebody changed")), "{verdict:?}");
}

#[tokio::test]
async fn warnings_name_who_will_set_it_back_and_what_stands_alone() {
    let world = World::with(&[]);
    let helm = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "shop"}}});
    world.meanwhile(FRONTEND, helm).await;
    let proposal = world.ask(scale("frontend", 4)).await.unwrap();
    assert_eq!(proposal.warnings.len(), 1);
    assert!(proposal.warnings[0].starts_with("Helm (release shop) manages this object"), "{:?}", proposal.warnings);

    world.meanwhile(FRONTEND, json!({"spec": {"replicas": 1}})).await;
    world.pass(60);
    let proposal = world.ask(a_pod(&world).await).await.unwrap();
    assert_eq!(proposal.risk, Risk::High);
    assert!(
        proposal.warnings.iter().any(|line| line.contains("only ready pod of ReplicaSet")),
        "{:?}",
        proposal.warnings
    );

    world.meanwhile(FRONTEND, json!({"spec": {"paused": true}})).await;
    let refusal = world.ask(restart("frontend")).await.unwrap_err();
    assert_eq!(refusal, Refusal::Paused { target: "deployment/frontend in shop".into() });
}

/// Its earlier templates are ControllerRevisions, and the one that it goes back to becomes the newest.
#[tokio::test]
async fn an_undo_of_a_stateful_set_cures_it() {
    const POSTGRES: &str = "/apis/apps/v1/namespaces/shop/statefulsets/postgres";
    let world = World::with(&[]);
    let image = |tag: &str| json!([{"name": "postgres", "image": format!("registry.example.com/base/postgres:{tag}")}]);
    world.meanwhile(POSTGRES, json!({"spec": {"template": {"spec": {"containers": image("19.0")}}}})).await;
    world.pass(120);
    assert_eq!(world.object(POSTGRES).await["status"]["readyReplicas"], Value::Null, "there is no such image");

    let target = Target::namespaced("StatefulSet", "shop", "postgres");
    let verifying = world.verifying(ActionHint::UndoRollout { target, to_revision: None }).await;
    assert_eq!(world.watch(&verifying).await.0, Verdict::Succeeded);
    let revisions = world.items("/apis/apps/v1/namespaces/shop/controllerrevisions?labelSelector=app%3Dpostgres").await;
    let numbers: Vec<_> = revisions.iter().map(|revision| revision["revision"].as_i64().unwrap()).collect();
    assert_eq!((numbers.len(), numbers.iter().max()), (2, Some(&3)), "{revisions:?}");
}
