//! The state machine, every state against every event, and who may decide.

use super::{
    Decider, Decision, Event, Outcome, Policy, Proposal, Refusal, Risk, State, Verdict, begin, conclude, decide,
    expire, record,
    samples::{self, decider, now},
};
use chrono::{DateTime, TimeDelta, Utc};
use contract::{Actor, ChannelRef, Platform};

fn states() -> Vec<State> {
    let (by, at) = (String::from("bob"), now());
    let why = String::from("because");
    vec![
        State::Proposed,
        State::Approved { by: by.clone(), at },
        State::Executing { by: by.clone(), at, execution: "x1".into() },
        State::Verifying { by: by.clone(), since: at, deadline: at, execution: "x1".into() },
        State::Succeeded { by: by.clone(), at },
        State::Failed { by: by.clone(), at, why: why.clone() },
        State::Unknown { by: by.clone(), at, why: why.clone() },
        State::Rejected { by, at },
        State::Expired { at },
        State::Superseded { at, why },
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    let why = || String::from("because");
    let done = Outcome::Done { response: "ok".into(), resource_version: None };
    vec![
        ("approve", Event::Approve { by: "bob".into() }),
        ("reject", Event::Reject { by: "bob".into() }),
        ("expire", Event::Expire),
        ("resolve", Event::Resolve { why: why() }),
        ("begin", Event::Begin { execution: "x1".into() }),
        ("done", Event::Record(done)),
        ("changed", Event::Record(Outcome::Changed { why: why() })),
        ("refused", Event::Record(Outcome::Refused { why: why() })),
        ("not done", Event::Record(Outcome::NotDone { why: why() })),
        ("unclear", Event::Record(Outcome::Unclear { why: why() })),
        ("well", Event::Conclude(Verdict::Succeeded)),
        ("wrong", Event::Conclude(Verdict::Failed { why: why() })),
    ]
}

fn in_state(state: State) -> Proposal {
    Proposal { state, ..samples::proposal(samples::undo()) }
}

fn transitions(at: DateTime<Utc>) -> Vec<String> {
    let mut found = Vec::new();
    for state in states() {
        for (name, event) in events() {
            if let Ok(next) = in_state(state.clone()).next(event, at) {
                found.push(format!("{} + {name} = {}", state.name(), next.state.name()));
            }
        }
    }
    found
}

#[test]
fn these_are_all_the_transitions_there_are() {
    let later = [
        "approved + begin = executing",
        "executing + done = verifying",
        "executing + changed = superseded",
        "executing + refused = failed",
        "executing + not done = failed",
        "executing + unclear = unknown",
        "verifying + well = succeeded",
        "verifying + wrong = failed",
    ];
    let in_time: Vec<&str> =
        ["proposed + approve = approved", "proposed + reject = rejected", "proposed + resolve = superseded"]
            .into_iter()
            .chain(later)
            .collect();
    assert_eq!(transitions(now()), in_time);
    let too_late: Vec<&str> =
        ["proposed + expire = expired", "proposed + resolve = superseded"].into_iter().chain(later).collect();
    assert_eq!(transitions(now() + TimeDelta::minutes(15)), too_late);
}

#[test]
fn a_state_is_open_or_final_or_on_its_way() {
    let open: Vec<_> = states().into_iter().filter(|state| in_state(state.clone()).is_open()).collect();
    assert_eq!(open, [State::Proposed]);
    let going: Vec<_> =
        states().iter().filter(|state| !in_state((*state).clone()).is_final()).map(State::name).collect();
    assert_eq!(going, ["proposed", "approved", "executing", "verifying"]);
}

#[test]
fn the_second_click_is_told_who_decided() {
    for state in states().into_iter().filter(|state| *state != State::Proposed) {
        let proposal = in_state(state.clone());
        let refusal = decide(&proposal, Decision::Approve, &decider("bob"), &samples::policy(), now()).unwrap_err();
        match (&state, &refusal) {
            (State::Expired { .. }, Refusal::Expired { .. }) => {}
            (State::Superseded { .. }, Refusal::AlreadyDecided { by: None, .. }) => {}
            (_, Refusal::AlreadyDecided { by: Some(by), .. }) => assert_eq!(by, "bob"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_proposal_survives_storage_in_every_state() {
    for (state, action) in states().into_iter().zip(samples::actions().into_iter().cycle()) {
        let proposal = Proposal { state, ..samples::proposal(action) };
        let stored = serde_json::to_string(&proposal).unwrap();
        assert_eq!(serde_json::from_str::<Proposal>(&stored).unwrap(), proposal);
    }
}

fn approve(proposal: &Proposal, by: &Decider, policy: &Policy) -> Result<State, Refusal> {
    decide(proposal, Decision::Approve, by, policy, now()).map(|decided| decided.state)
}

fn reject(by: &Decider) -> Result<State, Refusal> {
    let proposal = samples::proposal(samples::undo());
    decide(&proposal, Decision::Reject, by, &samples::policy(), now()).map(|decided| decided.state)
}

#[test]
fn an_approver_approves_and_nobody_else() {
    let (proposal, policy) = (samples::proposal(samples::undo()), samples::policy());
    assert_eq!(approve(&proposal, &decider("bob"), &policy), Ok(State::Approved { by: "bob".into(), at: now() }));
    let names = || vec!["alice".to_owned(), "bob".to_owned()];
    assert_eq!(
        approve(&proposal, &decider("mallory"), &policy),
        Err(Refusal::NotAnApprover { name: "mallory".into(), approvers: names() })
    );
    // Somebody who only shows an approver's name.
    let impostor = Decider { person: None, ..decider("bob") };
    assert_eq!(
        approve(&proposal, &impostor, &policy),
        Err(Refusal::NotAnApprover { name: "bob".into(), approvers: names() })
    );
    let anonymous = Decider { actor: Actor::Anonymous { name: "Group".into() }, ..decider("bob") };
    assert_eq!(approve(&proposal, &anonymous, &policy), Err(Refusal::Anonymous));
    let elsewhere = Decider { channel: ChannelRef::new(Platform::Console, "other"), ..decider("bob") };
    assert_eq!(approve(&proposal, &elsewhere, &policy), Err(Refusal::WrongChannel));
}

#[test]
fn a_listed_person_may_reject_an_anonymous_one_may_not() {
    assert_eq!(reject(&decider("mallory")), Ok(State::Rejected { by: "mallory".into(), at: now() }));
    assert_eq!(reject(&decider("alice")), Ok(State::Rejected { by: "alice".into(), at: now() }));
    assert!(matches!(reject(&Decider { person: None, ..decider("eve") }), Err(Refusal::NotAnApprover { .. })));
    let anonymous = Decider { actor: Actor::Anonymous { name: "Group".into() }, ..decider("bob") };
    assert_eq!(reject(&anonymous), Err(Refusal::Anonymous));
}

#[test]
fn who_asked_does_not_approve_unless_the_configuration_says_so() {
    let proposal = samples::proposal(samples::undo());
    let (strict, lenient) = (samples::policy(), Policy { allow_self_approval: true, ..samples::policy() });
    assert_eq!(approve(&proposal, &decider("alice"), &strict), Err(Refusal::SelfApproval));
    assert!(approve(&proposal, &decider("alice"), &lenient).is_ok());
    // The same id under another configured name is still the same person.
    let other_name = Decider { person: Some("bob".into()), ..decider("alice") };
    assert_eq!(approve(&proposal, &other_name, &strict), Err(Refusal::SelfApproval));
    let high = Proposal { risk: Risk::High, ..proposal };
    assert_eq!(approve(&high, &decider("alice"), &lenient), Err(Refusal::SecondPerson));
    assert!(approve(&high, &decider("bob"), &lenient).is_ok());
}

#[test]
fn what_is_approved_is_what_was_shown() {
    let shown = samples::proposal(samples::scale(2, 3));
    let other = Proposal { action: samples::scale(2, 4), ..shown.clone() };
    assert_eq!(approve(&other, &decider("bob"), &samples::policy()), Err(Refusal::DigestMismatch));
    let elsewhere = Proposal { cluster: "test".into(), ..shown };
    assert_eq!(approve(&elsewhere, &decider("bob"), &samples::policy()), Err(Refusal::DigestMismatch));
}

#[test]
fn a_policy_that_changed_meanwhile_counts() {
    let proposal = samples::proposal(samples::undo());
    let off = Policy { enabled: false, ..samples::policy() };
    assert_eq!(approve(&proposal, &decider("bob"), &off), Err(Refusal::Disabled));
    let decided = decide(&proposal, Decision::Approve, &decider("bob"), &samples::policy(), now()).unwrap();
    let executing = begin(&decided, now()).unwrap();
    assert!(executing.approved(&samples::policy(), now()).is_ok());
    assert_eq!(executing.approved(&off, now()).unwrap_err(), Refusal::Disabled);
}

#[test]
fn the_proof_of_an_approval_needs_the_intent_and_lasts_a_while() {
    let policy = samples::policy();
    for state in states().into_iter().filter(|state| !matches!(state, State::Executing { .. })) {
        assert!(matches!(in_state(state).approved(&policy, now()), Err(Refusal::OutOfTurn { .. })));
    }
    let executing = in_state(State::Executing { by: "bob".into(), at: now(), execution: "x1".into() });
    assert_eq!(executing.approved(&policy, now()).unwrap().execution(), "x1");
    let tomorrow = now() + TimeDelta::days(1);
    assert_eq!(executing.approved(&policy, tomorrow).unwrap_err(), Refusal::ApprovalTooOld);
    let other = Proposal { action: samples::restart(), ..executing };
    assert_eq!(other.approved(&policy, now()).unwrap_err(), Refusal::DigestMismatch);
}

#[test]
fn expiry_is_sharp() {
    let proposal = samples::proposal(samples::undo());
    assert_eq!(expire(&proposal, proposal.expires_at - TimeDelta::seconds(1)), None);
    let expired = expire(&proposal, proposal.expires_at + TimeDelta::hours(3)).unwrap();
    assert_eq!(expired.state, State::Expired { at: proposal.expires_at });
    let late = decide(&proposal, Decision::Approve, &decider("bob"), &samples::policy(), proposal.expires_at);
    assert_eq!(late, Err(Refusal::Expired { at: proposal.expires_at }));
}

#[test]
fn every_execution_has_an_id_of_its_own() {
    let approved = in_state(State::Approved { by: "bob".into(), at: now() });
    let (one, other) = (begin(&approved, now()).unwrap(), begin(&approved, now()).unwrap());
    assert_ne!(one.state, other.state);
}

#[test]
fn the_deadline_of_the_watching_comes_from_the_plan() {
    let executing = in_state(State::Executing { by: "bob".into(), at: now(), execution: "x1".into() });
    let done = Outcome::Done { response: "ok".into(), resource_version: None };
    let verifying = record(&executing, &done, now());
    let deadline = now() + TimeDelta::seconds(240);
    let execution = String::from("x1");
    assert_eq!(verifying.state, State::Verifying { by: "bob".into(), since: now(), deadline, execution });
    let over = conclude(&verifying, &Verdict::Succeeded, deadline);
    assert_eq!(over.state, State::Succeeded { by: "bob".into(), at: deadline });
    // What does not belong to a state leaves it as it is.
    assert_eq!(conclude(&over, &Verdict::Failed { why: "late".into() }, deadline), over);
    assert_eq!(record(&over, &done, deadline), over);
}
