//! What was said and read in one conversation: pure, capped, and without a place for a tool call that has no result.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Exchanges that are kept; older ones are forgotten first.
pub const MAX_EXCHANGES: usize = 12;
/// Bytes of text that are kept over all exchanges.
pub const MAX_BYTES: usize = 64 * 1024;
/// Characters of one question.
pub const MAX_QUESTION: usize = 4_000;
/// Characters of one answer.
pub const MAX_ANSWER: usize = 12_000;
/// Steps of one exchange.
pub const MAX_STEPS: usize = 60;
/// Characters of one tool result, as it is remembered.
pub const MAX_RESULT: usize = 6_000;

/// Everything that a follow-up question can refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The store's key.
    pub id: String,
    /// The cluster that is meant when a question names none.
    pub cluster: String,
    /// Oldest first.
    pub exchanges: Vec<Exchange>,
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// As it was asked, without secrets.
    pub question: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What was read for it, in order.
    pub steps: Vec<Step>,
    /// As it was given.
    pub answer: String,
}

/// One tool call with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was asked of the tool.
    pub call: Call,
    /// What it said.
    pub result: ToolResult,
}

/// What was asked of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The tool's name, as the model wrote it.
    pub tool: String,
    /// A JSON object.
    pub arguments: String,
}

/// What a tool said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The cluster that it was read from; empty where the call never reached one.
    pub cluster: String,
    /// In words, such as `logs of pod shop/cart-7d9f, container cart`.
    pub source: String,
    /// When it was read.
    pub at: DateTime<Utc>,
    /// Cleaned and redacted, without its fence.
    pub text: String,
    /// Whether it is data of a cluster, or a word about the call itself.
    pub kind: ResultKind,
}

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// Read from a cluster: an answer can cite it.
    Data,
    /// A mistake in the call, or that it had been made before.
    Notice,
}

impl Conversation {
    /// A conversation in which nothing was said yet.
    pub fn new(id: String, cluster: &str) -> Self {
        Self { id, cluster: cluster.to_owned(), exchanges: Vec::new() }
    }

    /// Adds what was just said, and forgets what is over the caps: the oldest exchanges, and the results of the last
    /// one if it is too large by itself.
    pub fn add(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange.capped());
        let surplus = self.exchanges.len().saturating_sub(MAX_EXCHANGES);
        self.exchanges.drain(..surplus);
        while self.exchanges.len() > 1 && self.bytes() > MAX_BYTES {
            self.exchanges.remove(0);
        }
        if let Some(last) = self.exchanges.last_mut() {
            while last.bytes() > MAX_BYTES && !last.steps.is_empty() {
                last.steps.remove(0);
            }
        }
    }

    fn bytes(&self) -> usize {
        self.exchanges.iter().map(Exchange::bytes).sum()
    }
}

impl Exchange {
    /// An exchange within the caps.
    pub fn new(question: &str, asked_by: &str, at: DateTime<Utc>, steps: Vec<Step>, answer: &str) -> Self {
        Self { question: question.to_owned(), asked_by: asked_by.to_owned(), at, steps, answer: answer.to_owned() }
            .capped()
    }

    fn capped(mut self) -> Self {
        self.question = shortened(&self.question, MAX_QUESTION);
        self.asked_by = shortened(&self.asked_by, 200);
        self.answer = shortened(&self.answer, MAX_ANSWER);
        self.steps.truncate(MAX_STEPS);
        for step in &mut self.steps {
            step.call.arguments = shortened(&step.call.arguments, 2_000);
            step.call.tool = shortened(&step.call.tool, 100);
            step.result.text = shortened(&step.result.text, MAX_RESULT);
        }
        self
    }

    fn bytes(&self) -> usize {
        let steps: usize = self.steps.iter().map(|step| step.call.arguments.len() + step.result.text.len() + 200).sum();
        self.question.len() + self.answer.len() + steps
    }
}

/// At most that many characters, with a mark where something is missing. The same text comes back unchanged when it
/// is shortened again.
pub fn shortened(text: &str, characters: usize) -> String {
    const MARK: &str = " […]";
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let keep = characters.saturating_sub(MARK.chars().count());
    let mut short: String = text.chars().take(keep).collect();
    short.push_str(MARK);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(bytes: usize) -> Step {
        Step {
            call: Call { tool: "logs".into(), arguments: "{}".into() },
            result: ToolResult {
                cluster: "prod".into(),
                source: "logs".into(),
                at: at(),
                text: "x".repeat(bytes),
                kind: ResultKind::Data,
            },
        }
    }

    fn at() -> DateTime<Utc> {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn old_exchanges_are_forgotten_first() {
        let mut conversation = Conversation::new("c".into(), "prod");
        for number in 0..MAX_EXCHANGES + 3 {
            conversation.add(Exchange::new(&format!("question {number}"), "alice", at(), vec![], "answer"));
        }
        assert_eq!(conversation.exchanges.len(), MAX_EXCHANGES);
        assert_eq!(conversation.exchanges[0].question, "question 3");
    }

    #[test]
    fn bytes_are_capped_and_the_last_exchange_stays() {
        let mut conversation = Conversation::new("c".into(), "prod");
        for number in 0..4 {
            let steps = vec![step(MAX_RESULT); 5];
            conversation.add(Exchange::new(&format!("question {number}"), "alice", at(), steps, "answer"));
        }
        assert!(conversation.bytes() <= MAX_BYTES);
        assert_eq!(conversation.exchanges.last().unwrap().question, "question 3");

        let steps = vec![step(MAX_RESULT * 2); MAX_STEPS * 2];
        conversation.add(Exchange::new(&"q".repeat(99_999), "alice", at(), steps, &"a".repeat(99_999)));
        let last = conversation.exchanges.last().unwrap();
        assert_eq!(conversation.exchanges.len(), 1);
        assert!(last.bytes() <= MAX_BYTES, "{}", last.bytes());
        assert_eq!(last.question.chars().count(), MAX_QUESTION);
        assert!(last.steps.iter().all(|step| step.result.text.chars().count() <= MAX_RESULT));
    }

    #[test]
    fn shortening_twice_changes_nothing_more() {
        let once = shortened("äöü äöü äöü", 8);
        assert_eq!(once, "äöü  […]");
        assert_eq!(shortened(&once, 8), once);
    }
}
