//! What is proposed, and what is refused before anything is sent.

use super::*;

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
