//! What is carried out, once, watched to its end, and left alone where something came between.

use super::*;

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
