//! Each event on each state, and the caps.

use super::*;

type Event = DeliveryEvent<&'static str, &'static str>;
type State = Delivery<&'static str>;

const LETTER: Letter<'static> = Letter { id: "row-1", class: Class::Report };

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn fresh() -> State {
    Delivery::queued(now())
}

fn step(state: State, event: Event) -> (State, Vec<Effect<&'static str>>) {
    state.next(LETTER, event, now()).unwrap()
}

fn transient() -> Event {
    DeliveryEvent::Transient { detail: "502".to_owned() }
}

fn ambiguous() -> Event {
    DeliveryEvent::Ambiguous { detail: "timed out".to_owned() }
}

#[test]
fn delivered_is_sent_and_settled() {
    let (state, effects) = step(fresh(), DeliveryEvent::Delivered { message: "m1" });
    assert_eq!(state, Delivery::Sent { at: now(), message: "m1" });
    assert_eq!(effects, []);
    assert_eq!(state.look(LETTER, now()), Look::Done);
    assert_eq!(state.clone().next(LETTER, transient(), now()), Err(Settled));
}

#[test]
fn being_asked_to_wait_holds_who_was_asked_and_costs_no_attempt() {
    let until = now() + TimeDelta::seconds(30);
    let after = Duration::from_secs(30);
    for (scope, effect) in
        [(Scope::Channel, Effect::HoldChannel { until }), (Scope::Platform, Effect::HoldPlatform { until })]
    {
        let (state, effects) = step(fresh(), DeliveryEvent::RetryAfter { after, scope });
        assert_eq!(effects, [effect]);
        assert_eq!(state.look(LETTER, now()), Look::Wait { until });
        assert_eq!(state.look(LETTER, until), Look::Send { form: Form::Formatted });
        let Delivery::Queued { attempts, .. } = state else { panic!("{state:?}") };
        assert_eq!(attempts, 0);
    }
    let (_, effects) = step(fresh(), DeliveryEvent::RetryAfter { after: Duration::MAX, scope: Scope::Platform });
    assert_eq!(effects, [Effect::HoldPlatform { until: now() + LONGEST_HOLD }]);
}

#[test]
fn failures_are_retried_with_growing_waits_until_the_cap() {
    let mut state = fresh();
    let mut at = now();
    let mut waits = Vec::new();
    let attempts = LETTER.class.caps().attempts;
    for _ in 1..attempts {
        state = state.next(LETTER, transient(), at).unwrap().0;
        let Delivery::Queued { not_before, .. } = state else { panic!("{state:?}") };
        waits.push(not_before - at);
        at = not_before;
    }
    for (i, wait) in waits.iter().enumerate() {
        let whole = (FIRST_WAIT * (1 << i.min(16))).min(LONGEST_WAIT);
        assert!(*wait >= whole / 2 && *wait <= whole, "{i}: {wait}");
    }
    let (state, effects) = state.next(LETTER, transient(), at).unwrap();
    assert_eq!(state, Delivery::Dead { at, reason: DeadReason::GaveUp { attempts, detail: "502".to_owned() } });
    assert_eq!(effects, []);
}

#[test]
fn waits_differ_between_messages_and_are_the_same_for_the_same() {
    assert_eq!(wait("a", 8), wait("a", 8));
    let mut waits: Vec<_> = (0..50).map(|n| wait(&format!("row-{n}"), 8)).collect();
    waits.sort();
    waits.dedup();
    assert!(waits.len() > 45, "{waits:?}");
    assert!(waits[waits.len() - 1] - waits[0] > TimeDelta::seconds(60), "{waits:?}");
    assert!(wait("a", u32::MAX) <= LONGEST_WAIT);
}

#[test]
fn what_may_have_arrived_is_repeated_only_a_few_times() {
    let (state, _) = step(fresh(), ambiguous());
    let (state, _) = step(state, ambiguous());
    assert!(matches!(state, Delivery::Queued { attempts: 2, doubts: 2, .. }), "{state:?}");
    let (state, _) = step(state, ambiguous());
    let reason = DeadReason::MayHaveArrived { detail: "timed out".to_owned() };
    assert_eq!(state, Delivery::Dead { at: now(), reason: reason.clone() });

    let progress = Letter { class: Class::Progress, ..LETTER };
    let (state, _) = fresh().next(progress, ambiguous(), now()).unwrap();
    assert_eq!(state, Delivery::Dead { at: now(), reason });
}

#[test]
fn refused_formatting_is_sent_as_plain_text_once() {
    let malformed = || DeliveryEvent::Malformed { detail: "can't parse entities".to_owned() };
    let (state, effects) = step(fresh(), malformed());
    assert_eq!(state.look(LETTER, now()), Look::Send { form: Form::Plain });
    assert_eq!(effects, []);
    let (state, _) = step(state, transient());
    assert!(matches!(state, Delivery::Queued { form: Form::Plain, .. }), "{state:?}");
    let (state, _) = step(state, malformed());
    let reason = DeadReason::Rejected { detail: "can't parse entities".to_owned() };
    assert_eq!(state, Delivery::Dead { at: now(), reason });
}

#[test]
fn a_channel_that_is_gone_is_paused_and_a_moved_one_readdressed() {
    let detail = "bot was kicked".to_owned();
    let (state, effects) = step(fresh(), DeliveryEvent::ChannelGone { detail: detail.clone() });
    assert_eq!(state, Delivery::Dead { at: now(), reason: DeadReason::ChannelGone { detail: detail.clone() } });
    assert_eq!(effects, [Effect::PauseChannel { detail }]);

    let (mut state, effects) = step(fresh(), DeliveryEvent::Moved { to: "-100123" });
    assert_eq!(effects, [Effect::Readdress { to: "-100123" }]);
    assert_eq!(state.look(LETTER, now()), Look::Send { form: Form::Formatted });
    for _ in 1..LETTER.class.caps().attempts {
        state = step(state, DeliveryEvent::Moved { to: "-100123" }).0;
    }
    assert!(matches!(state, Delivery::Dead { reason: DeadReason::GaveUp { .. }, .. }), "{state:?}");
}

#[test]
fn a_refused_message_is_dead() {
    let (state, _) = step(fresh(), DeliveryEvent::Rejected { detail: "x".repeat(5000) });
    let Delivery::Dead { reason: DeadReason::Rejected { detail }, .. } = &state else { panic!("{state:?}") };
    assert_eq!(detail.chars().count(), DETAIL_LIMIT + 1);
    assert_eq!(state.look(LETTER, now()), Look::Done);
    assert_eq!(state.next(LETTER, transient(), now()), Err(Settled));
}

#[test]
fn a_sending_that_comes_through_after_all_counts() {
    let (state, _) = step(fresh(), DeliveryEvent::Superseded);
    assert_eq!(state, Delivery::Dead { at: now(), reason: DeadReason::Superseded });
    let (state, _) = step(state, DeliveryEvent::Delivered { message: "m1" });
    assert_eq!(state, Delivery::Sent { at: now(), message: "m1" });
}

#[test]
fn old_messages_are_dropped_by_their_class_and_approvals_never() {
    let too_old = |at| Look::Drop(Delivery::Dead { at, reason: DeadReason::TooOld });
    for class in [Class::Report, Class::Answer, Class::Progress, Class::Approval, Class::Notice] {
        let letter = Letter { class, ..LETTER };
        let send = Look::Send { form: Form::Formatted };
        match class.caps().age {
            Some(age) => {
                assert_eq!(fresh().look(letter, now() + age), send, "{class:?}");
                let later = now() + age + TimeDelta::seconds(1);
                assert_eq!(fresh().look(letter, later), too_old(later), "{class:?}");
            }
            None => {
                assert_eq!(class, Class::Approval);
                assert_eq!(fresh().look(letter, now() + TimeDelta::days(30)), send);
            }
        }
    }
}

#[test]
fn states_are_stored_like_this() {
    let (queued, _) = step(fresh(), transient());
    let (dead, _) = step(fresh(), DeliveryEvent::Rejected { detail: "too long".to_owned() });
    let (sent, _) = step(fresh(), DeliveryEvent::Delivered { message: "m1" });
    for (state, stored) in [
        (
            queued,
            r#"{"state":"queued","since":"2026-11-23T09:00:00Z","not_before":"WAIT","attempts":1,"doubts":0,"form":"formatted"}"#,
        ),
        (dead, r#"{"state":"dead","at":"2026-11-23T09:00:00Z","reason":{"why":"rejected","detail":"too long"}}"#),
        (sent, r#"{"state":"sent","at":"2026-11-23T09:00:00Z","message":"m1"}"#),
    ] {
        let until = serde_json::to_value(now() + wait(LETTER.id, 1)).unwrap();
        let stored = stored.replace("\"WAIT\"", &until.to_string());
        assert_eq!(serde_json::to_string(&state).unwrap(), stored);
        assert_eq!(serde_json::from_str::<State>(Box::leak(stored.into_boxed_str())).unwrap(), state);
    }
}
