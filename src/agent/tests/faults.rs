//! Endpoints that fail, each in its own way.

use super::*;
use crate::agent::Ended;

#[tokio::test]
async fn what_passes_is_tried_again() {
    let busy = r#"{"error": {"message": "slow down", "type": "rate_limit"}}"#;
    let script = Script::start(vec![Turn::raw(429, busy), Turn::raw(500, "oops"), Turn::say("All is well.")]).await;
    let answer = Room::with(&[]).ask(&agent(&script), "how is it?").await;
    script.finished();
    assert_eq!(answer.ended, Ended::Answered);
    assert!(answer.text.contains("All is well."), "{}", answer.text);
}

#[tokio::test]
async fn where_the_model_fails_the_answer_is_computed() {
    let cases: Vec<(Vec<Turn>, &str)> = vec![
        (vec![Turn::raw(401, r#"{"error": {"message": "bad key", "type": "auth", "code": 401}}"#)], "bad key"),
        (vec![Turn::raw(404, r#"{"error": "model scripted not found"}"#)], "model scripted not found"),
        (vec![Turn::raw(400, r#"{"object": "error", "message": "too long", "code": 400}"#)], "too long"),
        (vec![Turn::raw(200, r#"{"error": {"message": "overloaded"}}"#)], "overloaded"),
        (vec![Turn::raw(200, "<html>sign in</html>")], "no reply"),
        (vec![Turn::raw(200, r#"{"choices": [{"message": {"content": "half an ans"}}]}"#)], "broke off"),
        (vec![Turn::cut()], "the connection broke"),
        (vec![why("checkout"), Turn::raw(400, "upstream says no")], "upstream says no"),
    ];
    let room = Room::with(&[Story::Checkout]);
    for (turns, words) in cases {
        let script = Script::start(turns).await;
        let answer = room.ask(&agent(&script), "why is checkout failing?").await;
        script.finished();
        let Ended::ModelFailed(why) = &answer.ended else { panic!("{words}: {:?}", answer.ended) };
        assert!(why.contains(words), "{words}: {why}");
        assert!(answer.text.contains("could not be reached") && answer.text.contains(words), "{}", answer.text);
        assert!(answer.text.contains("checkout:2.8.0") && answer.text.contains("prod"), "{}", answer.text);
        assert!(!answer.text.contains("sk-of-the-test") && !answer.text.contains("half an ans"), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_said() {
    let gone = Script::start(vec![]).await;
    let agent = agent(&gone);
    drop(gone);
    let answer = Room::with(&[Story::Checkout]).ask(&agent, "why is checkout failing?").await;
    assert!(matches!(&answer.ended, Ended::ModelFailed(why) if why.contains("no connection")), "{:?}", answer.ended);
    assert!(answer.text.contains("checkout:2.8.0"), "{}", answer.text);
}
