//! What endpoints really send. Many differ from the published form in small things that do not matter; only what would
//! make an answer wrong is a failure: an error in disguise, no choice at all, an end that nobody declared.

use super::{Failure, Reply, ToolCall};
use serde::Deserialize;
use serde_json::Value;

/// The body of a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    error: Option<Value>,
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Option<Value>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Call {
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

/// Tokens of one call, as the endpoint counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the prompt.
    pub prompt: u64,
    /// Of the reply.
    pub completion: u64,
}

impl Response {
    pub(super) fn into_reply(self) -> Result<Reply, Failure> {
        if let Some(error) = self.error.filter(|error| !error.is_null()) {
            return Err(Failure(super::brief(&words(&error))));
        }
        let Some(choice) = self.choices.unwrap_or_default().into_iter().next() else {
            return Err(Failure("the endpoint sent a reply without a choice".to_owned()));
        };
        let message = choice.message.unwrap_or_default();
        let calls: Vec<ToolCall> =
            message.tool_calls.unwrap_or_default().into_iter().enumerate().filter_map(into_call).collect();
        let text = message.content.as_ref().map(content_text).unwrap_or_default();
        let text = if text.is_empty() { message.refusal.unwrap_or_default() } else { text };
        // A connection that is cut ends like a reply: only a declared end is one.
        let finish_reason = choice.finish_reason.unwrap_or_default();
        if finish_reason.is_empty() {
            return Err(Failure("the reply broke off".to_owned()));
        }
        if finish_reason == "error" || finish_reason == "abort" {
            return Err(Failure(format!("the endpoint gave up: {finish_reason}")));
        }
        if text.trim().is_empty() && calls.is_empty() {
            return Err(Failure(format!("the reply was empty (finish reason {finish_reason})")));
        }
        Ok(Reply { text, calls, tokens: self.usage.as_ref().and_then(tokens), finish_reason })
    }
}

fn into_call((place, call): (usize, Call)) -> Option<ToolCall> {
    let function = call.function?;
    let name = function.name.filter(|name| !name.is_empty())?;
    let arguments = match function.arguments {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call-{place}"));
    Some(ToolCall { id, name, arguments })
}

/// A string, or the text parts of an array.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

fn tokens(usage: &Value) -> Option<Tokens> {
    let number = |name: &str| usage.get(name).and_then(Value::as_f64).filter(|number| *number > 0.0);
    let (prompt, completion) = (number("prompt_tokens"), number("completion_tokens"));
    let total = number("total_tokens");
    let prompt = prompt.or_else(|| Some(total? - completion.unwrap_or(0.0)))?;
    let completion = completion.or_else(|| Some(total? - prompt)).unwrap_or(0.0);
    Some(Tokens { prompt: prompt.max(0.0) as u64, completion: completion.max(0.0) as u64 })
}

/// What an error body says, whatever its form; None if it is no error body.
pub(super) fn error_text(body: &str) -> Option<String> {
    match serde_json::from_str::<Value>(body) {
        Ok(value) => {
            let error =
                value.get("error").filter(|error| !error.is_null()).or_else(|| value.get("message").map(|_| &value));
            let error = error.or_else(|| value.get("detail").map(|_| &value))?;
            Some(words(error))
        }
        Err(_) => {
            let text = body.trim();
            let html = text.starts_with('<');
            (!text.is_empty() && !html && text.len() < 500 && !text.starts_with('{')).then(|| text.to_owned())
        }
    }
}

fn words(error: &Value) -> String {
    match error {
        Value::String(text) => text.clone(),
        other => {
            let said =
                ["message", "detail", "error", "msg", "type", "code"].into_iter().find_map(|name| other.get(name));
            match said {
                Some(Value::String(text)) => text.clone(),
                Some(said) => said.to_string(),
                None => other.to_string(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<Reply, Failure> {
        serde_json::from_value::<Response>(body.clone()).unwrap().into_reply()
    }

    #[test]
    fn what_servers_really_send_is_understood() {
        let call = ToolCall { id: "a".into(), name: "list".into(), arguments: r#"{"kind":"pods"}"#.into() };
        let cases = [
            // The published form.
            (
                json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
                    "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}),
                ("yes", vec![], Some((7, 2))),
            ),
            // No id, created, role, index or usage; unknown fields.
            (
                json!({"choices": [{"message": {"content": "yes", "reasoning_content": "hm"}, "finish_reason": "eos", "stop_reason": 2}]}),
                ("yes", vec![], None),
            ),
            // Parts instead of a string; a float and a total.
            (
                json!({"created": 1.5, "choices": [{"message": {"role": "", "content": [{"type": "text", "text": "ye"}, {"text": "s"}]},
                    "finish_reason": "length"}], "usage": {"prompt_tokens": 7, "total_tokens": 9}, "service_tier": "on_demand"}),
                ("yes", vec![], Some((7, 2))),
            ),
            // Arguments as text and as an object, without a type.
            (
                json!({"choices": [{"message": {"content": null, "tool_calls": [{"id": "a", "function": {"name": "list",
                    "arguments": "{\"kind\":\"pods\"}"}}]}, "finish_reason": "tool_calls"}]}),
                ("", vec![call.clone()], None),
            ),
            (
                json!({"choices": [{"message": {"tool_calls": [{"id": "a", "type": "", "function": {"name": "list",
                    "arguments": {"kind": "pods"}}}]}, "finish_reason": "stop"}], "error": null}),
                ("", vec![call.clone()], None),
            ),
            // No id, no arguments; a call without a name is none.
            (
                json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "list", "arguments": ""}}, {"function": {}}]},
                    "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": -1}}),
                ("", vec![ToolCall { id: "call-0".into(), name: "list".into(), arguments: "{}".into() }], None),
            ),
            // A refusal is an answer.
            (
                json!({"choices": [{"message": {"content": null, "refusal": "I may not"}, "finish_reason": "content_filter"}]}),
                ("I may not", vec![], None),
            ),
        ];
        for (body, (text, calls, tokens)) in cases {
            let reply = read(&body).unwrap_or_else(|failure| panic!("{failure}: {body}"));
            assert_eq!((reply.text.as_str(), reply.calls), (text, calls), "{body}");
            assert_eq!(reply.tokens.map(|tokens| (tokens.prompt, tokens.completion)), tokens, "{body}");
        }
    }

    #[test]
    fn what_would_make_an_answer_wrong_is_a_failure() {
        let cases = [
            (json!({"choices": [{"message": {"content": "half an ans"}}]}), "broke off"),
            (json!({"choices": [{"message": {"content": "half an ans"}, "finish_reason": ""}]}), "broke off"),
            (json!({"choices": [{"message": {"content": "x"}, "finish_reason": "abort"}]}), "abort"),
            (json!({"choices": [{"message": {"content": " "}, "finish_reason": "stop"}]}), "empty"),
            (json!({"choices": []}), "without a choice"),
            (json!({}), "without a choice"),
            (json!({"error": {"message": "no such model", "code": 404}}), "no such model"),
            (
                json!({"error": "overloaded", "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}),
                "overloaded",
            ),
        ];
        for (body, expected) in cases {
            let failure = read(&body).expect_err(&body.to_string());
            assert!(failure.0.contains(expected), "{failure}: {body}");
        }
    }

    #[test]
    fn error_bodies_of_every_form_are_read() {
        for (body, expected) in [
            (r#"{"error":{"message":"bad key","type":"auth","code":401}}"#, Some("bad key")),
            (r#"{"object":"error","message":"too long","code":400}"#, Some("too long")),
            (r#"{"error":"model not found"}"#, Some("model not found")),
            (r#"{"detail":[{"msg":"field required"}]}"#, Some(r#"[{"msg":"field required"}]"#)),
            ("upstream timed out", Some("upstream timed out")),
            ("<html>502</html>", None),
            (r#"{"choices": [{"#, None),
            ("", None),
        ] {
            assert_eq!(error_text(body).as_deref(), expected, "{body}");
        }
    }
}
