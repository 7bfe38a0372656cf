//! The chain holds, and shows every kind of tampering.

use super::{
    AuditEvent, Decision, Entry, Outcome, Refusal,
    audit::{Broken, append, before, verify_chain},
    begin, decide, samples,
};
use crate::store::{Commit, CommitError, Options, Store};
use contract::{Inbound, InboundKind};

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    (dir, store)
}

/// One repair, from the question to the write, one commit for each step but the first two.
async fn told(store: &Store) -> Vec<Entry> {
    let proposal = samples::proposal(samples::undo());
    let by = samples::decider("bob");
    let approved = decide(&proposal, Decision::Approve, &by, &samples::policy(), samples::now()).unwrap();
    let executing = begin(&approved, samples::now()).unwrap();
    let press = Inbound {
        id: "7".into(),
        at: samples::now(),
        channel: samples::channel(),
        actor: samples::person("mallory"),
        reply_to: None,
        receipt: None,
        message: None,
        kind: InboundKind::Press { token: "forged".into() },
    };
    let done = Outcome::Done { response: "Deployment checkout".into(), resource_version: Some("12".into()) };
    let steps = [
        vec![AuditEvent::proposed(&proposal), AuditEvent::foreign_press(&press)],
        vec![AuditEvent::refused(&proposal, &by, &Refusal::SelfApproval)],
        vec![AuditEvent::decided(&approved, &by)],
        vec![AuditEvent::executing(&executing)],
        vec![AuditEvent::executed(&executing, &done), AuditEvent::verified(&executing)],
        vec![AuditEvent::expired(&proposal)],
    ];
    for step in steps {
        let mut commit = Commit::new();
        for event in step {
            append(store, &mut commit, event, samples::now()).unwrap();
        }
        store.commit(commit).await.unwrap();
    }
    let mut entries = before(store, None, 100).unwrap();
    entries.reverse();
    entries
}

#[tokio::test]
async fn the_chain_of_a_repair_holds() {
    let (_dir, store) = store();
    let entries = told(&store).await;
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(verify_chain(&entries), Ok(()));
    assert_eq!(verify_chain(&entries[3..]), Ok(()), "also a part of it");
    let newest = before(&store, None, 1).unwrap();
    assert_eq!(newest[0], entries[7]);
}

#[tokio::test]
async fn the_intent_names_the_exact_request_and_no_template() {
    let (_dir, store) = store();
    let entries = told(&store).await;
    let AuditEvent::Executing { request, execution, .. } = &entries[4].event else { panic!("{:?}", entries[4]) };
    let body = serde_json::to_string(request).unwrap();
    assert!(body.contains(execution) && body.contains("/deployments/checkout"), "{body}");
    assert!(body.contains("the template of ReplicaSet checkout-59d6c"), "{body}");
}

#[tokio::test]
async fn tampering_shows() {
    let (_dir, store) = store();
    let entries = told(&store).await;
    let broken = |entries: &[Entry]| verify_chain(entries).unwrap_err().seq;

    let mut changed = entries.clone();
    changed[2].at += chrono::TimeDelta::seconds(1);
    assert_eq!(broken(&changed), 3);

    // Also when the liar computes the hash anew.
    let mut forged = entries.clone();
    let AuditEvent::Refused { why, .. } = &mut forged[2].event else { panic!("{:?}", forged[2]) };
    *why = "nothing happened".into();
    forged[2].hash = forged[2].hashed();
    assert_eq!(broken(&forged), 4);

    let mut removed = entries.clone();
    removed.remove(3);
    assert_eq!(broken(&removed), 5);

    let mut swapped = entries.clone();
    swapped.swap(3, 4);
    assert_eq!(broken(&swapped), 5);

    let mut inserted = entries.clone();
    inserted.insert(4, entries[3].clone());
    assert_eq!(verify_chain(&inserted), Err(Broken { seq: 4, why: "an entry before it is missing" }));

    let mut headless = entries;
    headless[0].previous_hash = "00".into();
    headless[0].hash = headless[0].hashed();
    assert_eq!(broken(&headless), 1);
}

#[tokio::test]
async fn two_appends_cannot_fork_the_chain() {
    let (_dir, store) = store();
    told(&store).await;
    let proposal = samples::proposal(samples::undo());
    let (mut one, mut other) = (Commit::new(), Commit::new());
    append(&store, &mut one, AuditEvent::expired(&proposal), samples::now()).unwrap();
    append(&store, &mut other, AuditEvent::proposed(&proposal), samples::now()).unwrap();
    store.commit(one).await.unwrap();
    assert!(matches!(store.commit(other).await, Err(CommitError::Conflict { .. })));
    assert_eq!(before(&store, None, 100).unwrap().len(), 9);
}
