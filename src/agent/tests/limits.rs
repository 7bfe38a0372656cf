//! Steps, tokens, time, and somebody who stops it.

use super::*;
use crate::agent::Ended;
use serde_json::json;

#[tokio::test]
async fn out_of_steps_it_answers_with_what_it_has() {
    let script = Script::start(vec![
        why("checkout"),
        Turn::call("list", json!({"kind": "pods"})),
        Turn::say("The image is missing [1].").after("this was the last look"),
    ])
    .await;
    let agent = agent_with(&script, |config| config.max_steps = 3);
    let answer = Room::with(&[Story::Checkout]).ask(&agent, "why?").await;
    script.finished();
    assert_eq!(answer.ended, Ended::OutOfSteps);
    assert_eq!(script.requests()[2]["tool_choice"], json!("none"));
    assert!(answer.text.contains("limit of steps"), "{}", answer.text);
    assert!(answer.text.contains("The image is missing [1]."), "{}", answer.text);
}

#[tokio::test]
async fn out_of_tokens_the_computed_chain_is_what_was_found() {
    let script = Script::start(vec![
        why("checkout"),
        Turn::raw(
            200,
            r#"{"choices": [{"message": {"tool_calls": [{"id": "x", "function": {"name": "list", "arguments": {"kind": "pods"}}}]},
                "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 50000, "completion_tokens": 9000}}"#,
        ),
    ])
    .await;
    let agent = agent_with(&script, |config| config.max_tokens = 40_000);
    let answer = Room::with(&[Story::Checkout]).ask(&agent, "why is checkout failing?").await;
    script.finished();
    assert_eq!(answer.ended, Ended::OutOfTokens);
    assert_eq!(answer.usage.tool_calls, 1, "what was asked for over the limit is not read");
    assert!(answer.text.contains("token limit") && answer.text.contains("Computed from"), "{}", answer.text);
    assert!(answer.text.contains("checkout:2.8.0"), "{}", answer.text);
}

#[tokio::test]
async fn a_question_that_is_too_large_is_not_sent() {
    let script = Script::start(vec![]).await;
    let agent = agent_with(&script, |config| config.max_tokens = 100);
    let answer = Room::with(&[Story::Checkout]).ask(&agent, "why?").await;
    script.finished();
    assert_eq!((answer.ended, answer.usage.steps), (Ended::OutOfTokens, 0));
}

#[tokio::test]
async fn out_of_time_it_says_so() {
    let script = Script::start(vec![why("checkout"), Turn::silence()]).await;
    let agent = agent_with(&script, |config| config.timeout = Duration::from_secs(2));
    let answer = Room::with(&[Story::Checkout]).ask(&agent, "why is checkout failing?").await;
    script.finished();
    assert_eq!(answer.ended, Ended::OutOfTime);
    assert!(answer.text.contains("time limit") && answer.text.contains("checkout:2.8.0"), "{}", answer.text);
}

#[tokio::test]
async fn it_stops_when_somebody_says_so() {
    let script = Script::start(vec![why("checkout"), Turn::silence()]).await;
    let (agent, room) = (agent(&script), Room::with(&[Story::Checkout]));
    let conversation = Conversation::new("c".to_owned(), "prod");
    let cancel = CancellationToken::new();
    let stopping = async {
        script.asked(2).await;
        cancel.cancel();
    };
    let (answer, ()) = tokio::join!(room.ask_in(&agent, "why?", &conversation, None, &cancel), stopping);
    assert_eq!(answer.ended, Ended::Cancelled);
    assert!(answer.text.contains("Stopped before I had an answer about prod"), "{}", answer.text);
    assert_eq!(answer.exchange.steps.len(), 1, "what was read stays in the conversation");
}
