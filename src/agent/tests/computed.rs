//! Without a model.

use super::*;
use crate::{agent::Ended, cluster::fake};

#[tokio::test]
async fn the_best_cause_chain_is_the_answer() {
    let room = Room::with(&[Story::Checkout, Story::Cart, Story::Node]);
    for (question, expected) in [
        ("why is checkout failing?", "checkout:2.8.0"),
        ("what about the cart", "OOMKilled"),
        ("which node is broken", "worker-c"),
    ] {
        let answer = room.ask(&without_model(), question).await;
        assert_eq!(answer.ended, Ended::NoModel);
        let first = answer.text.lines().next().unwrap();
        assert_eq!(first, "No model is configured; this is computed from the cluster's objects.");
        assert!(answer.text.contains(expected) && answer.text.contains("prod"), "{question}: {}", answer.text);
        assert_eq!(answer.exchange.question, question);
    }
}

#[tokio::test]
async fn what_matches_nothing_says_what_can_be_asked() {
    let room = Room::with(&[Story::Checkout]);
    let answer = room.ask(&without_model(), "zzyzx qwertz?").await;
    assert!(answer.text.contains("fits your question") && answer.text.contains("/why KIND/NAME"), "{}", answer.text);
    assert!(answer.text.contains("shop/checkout"), "{}", answer.text);
}

#[tokio::test]
async fn of_a_cluster_that_is_down_the_kept_report_is_told() {
    let (cluster, _log) = fake::cluster(|_| fake::Answer::refusal(503, "etcd is away"));
    let mut room = Room::of(cluster, "test");
    let answer = room.ask(&without_model(), "why is billing failing?").await;
    assert!(
        answer.text.contains("cannot read test now") && answer.text.contains("no earlier report"),
        "{}",
        answer.text
    );

    room.latest = Some(fixture::report(vec![fixture::finding(
        "pod/image-pull",
        "Deployment",
        "billing",
        "Billing is down",
        None,
    )]));
    let answer = room.ask(&without_model(), "why is billing failing?").await;
    assert!(answer.text.contains("from my report of 2026-11-23 09:00 UTC"), "{}", answer.text);
    assert!(answer.text.contains("Deployment shop/billing: Billing is down"), "{}", answer.text);
}

#[tokio::test]
async fn it_stops_when_somebody_says_so() {
    let (cluster, _log) = fake::cluster(|_| fake::Answer::json(&serde_json::Value::Null).stalls());
    let room = Room::of(cluster, "prod");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let conversation = Conversation::new("c".to_owned(), "prod");
    let answer = room.ask_in(&without_model(), "why?", &conversation, None, &cancel).await;
    assert_eq!(answer.ended, Ended::Cancelled);
}
