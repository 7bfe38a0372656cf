//! One answer with a model: it reads through tools until it can answer, within limits, and can be stopped at any time.

use super::{
    Answer, Call, Ended, Exchange, Means, Prompts, Question, ResultKind, Root, Step, ToolResult, Usage,
    compose::{self, Said},
    computed,
    conversation::shortened,
    model::{Choice, Endpoint, Message, Reply, ToolCall, ToolSpec},
    prompt::Filling,
    survey::Survey,
    tools::{self, Bench, Found, Tool, ToolError, data},
};
use crate::{diagnosis, texts};
use chrono::SecondsFormat;
use std::collections::BTreeMap;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Tool calls that one reply may make.
const CALLS_PER_REPLY: usize = 8;
/// Earlier results that are shown again: of the last exchange, so many, so long.
const EARLIER: (usize, usize) = (6, 1_500);
/// Characters of earlier answers.
const EARLIER_ANSWER: usize = 2_000;

/// Answers with the model; where that fails, with what can be computed.
pub(super) async fn answer(
    endpoint: &Endpoint,
    prompts: &Prompts,
    question: &Question<'_>,
    means: &Means<'_>,
    survey: &Survey,
    cancel: &CancellationToken,
) -> Answer {
    let mut turn = Turn {
        endpoint,
        bench: Bench { means, survey, default: question.cluster },
        cancel,
        deadline: Instant::now() + endpoint.limits.time,
        specs: tools::specs(),
        messages: opening(prompts, question, means),
        steps: Vec::new(),
        asked: BTreeMap::new(),
        usage: Usage::default(),
        text: String::new(),
        cut: false,
        root: None,
    };
    let ended = match turn.run().await {
        Ok(ended) | Err(ended) => ended,
    };
    let Turn { steps, usage, text, cut, root, .. } = turn;
    let now = means.clock.now();
    if let Ended::ModelFailed(why) = &ended {
        let because = computed::Because::ModelFailed(why.clone());
        let computed = computed::answer(question, means, survey, cancel, because).await;
        let exchange = Exchange::new(question.text, question.asked_by, now, steps, &computed.text);
        return Answer { exchange, usage, ..computed };
    }
    let known = if matches!(ended, Ended::OutOfSteps | Ended::OutOfTime | Ended::OutOfTokens) && text.is_empty() {
        survey
            .peek(question.cluster)
            .and_then(|surveyed| computed::chain(question.text, &surveyed))
            .map(|chain| texts::why::chain(&chain))
    } else {
        None
    };
    let said = Said { text: &text, cut, steps: &steps, ended: &ended, computed: known };
    let (body, text) = compose::answer(question, &said, means);
    let exchange = Exchange::new(question.text, question.asked_by, now, steps, &text);
    // Who replies to a report and needs no chain for it is told about what the report says.
    let root = root.or_else(|| computed::named_in(question.text, question.report?));
    let root = root.filter(|_| ended != Ended::Cancelled);
    Answer { body, text, exchange, ended, usage, root }
}

/// The messages before the first reply.
fn opening(prompts: &Prompts, question: &Question<'_>, means: &Means<'_>) -> Vec<Message> {
    let others: Vec<&str> =
        means.clusters.keys().map(String::as_str).filter(|name| *name != question.cluster).collect();
    let cluster = match others.as_slice() {
        [] => question.cluster.to_owned(),
        others => format!("{} (the default, when none is named), {}", question.cluster, others.join(", ")),
    };
    let now = means.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let findings = question.report.map(|report| data::neutral(&data::clean(&texts::agent::findings(report, None))));
    let filling = Filling { cluster: &cluster, now: &now, findings: findings.as_deref().unwrap_or_default() };
    let mut messages = vec![Message::System(prompts.system(filling, findings.is_some()))];
    let last = question.conversation.exchanges.len().saturating_sub(1);
    for (place, exchange) in question.conversation.exchanges.iter().enumerate() {
        messages.push(Message::User(exchange.question.clone()));
        if place == last {
            messages.extend(earlier(&exchange.steps));
        }
        let answer = shortened(&compose::without_citations(&exchange.answer), EARLIER_ANSWER);
        messages.push(Message::Assistant { text: answer, calls: Vec::new() });
    }
    messages.push(Message::User(question.text.to_owned()));
    messages
}

/// The last results of the exchange before, as the calls and results that they were.
fn earlier(steps: &[Step]) -> Vec<Message> {
    let data: Vec<&Step> = steps.iter().filter(|step| step.result.kind == ResultKind::Data).collect();
    let from = data.len().saturating_sub(EARLIER.0);
    let mut messages = Vec::new();
    for (place, step) in data.iter().skip(from).enumerate() {
        let id = format!("earlier-{place}");
        let call = ToolCall { id: id.clone(), name: step.call.tool.clone(), arguments: step.call.arguments.clone() };
        let ToolResult { cluster, source, at, text, .. } = &step.result;
        let text = data::fence(None, cluster, source, *at, &shortened(text, EARLIER.1));
        messages.push(Message::Assistant { text: String::new(), calls: vec![call] });
        messages.push(Message::Tool { id, text });
    }
    messages
}

struct Turn<'a> {
    endpoint: &'a Endpoint,
    bench: Bench<'a>,
    cancel: &'a CancellationToken,
    deadline: Instant,
    specs: Vec<ToolSpec>,
    messages: Vec<Message>,
    steps: Vec<Step>,
    /// Calls that were answered with data: by what they ask, the number of the result.
    asked: BTreeMap<String, usize>,
    usage: Usage,
    /// What the model said last.
    text: String,
    cut: bool,
    /// The last root that was found and that a change can do something about.
    root: Option<Root>,
}

impl Turn<'_> {
    /// Until the model has answered (`Ok`), or something ends it earlier (`Err`).
    async fn run(&mut self) -> Result<Ended, Ended> {
        let most = self.endpoint.limits.steps;
        for step in 1..=most {
            let last = step == most && step > 1;
            if last {
                self.messages.push(Message::User(texts::agent::LAST_STEP.to_owned()));
            }
            let reply = self.reply(if last { Choice::Answer } else { Choice::Free }).await?;
            if !reply.text.trim().is_empty() {
                self.text.clone_from(&reply.text);
            }
            self.cut = reply.finish_reason == "length";
            if last {
                // It answers because it has to: there may have been more to read.
                return Err(Ended::OutOfSteps);
            }
            if reply.calls.is_empty() {
                return Ok(Ended::Answered);
            }
            if self.usage.tokens >= self.endpoint.limits.tokens {
                return Err(Ended::OutOfTokens);
            }
            self.text.clear();
            self.call(reply).await?;
        }
        Err(Ended::OutOfSteps)
    }

    async fn reply(&mut self, choice: Choice) -> Result<Reply, Ended> {
        let prompt = self.messages.iter().map(estimate).sum::<u64>();
        if self.usage.tokens + prompt >= self.endpoint.limits.tokens {
            return Err(Ended::OutOfTokens);
        }
        self.usage.steps += 1;
        let asked = self.endpoint.reply(&self.messages, &self.specs, choice);
        let reply = within(self.cancel, self.deadline, asked).await?;
        let reply = reply.map_err(|failure| Ended::ModelFailed(failure.to_string()))?;
        self.usage.tokens += match reply.tokens {
            Some(tokens) => tokens.prompt + tokens.completion,
            None => {
                let calls: usize = reply.calls.iter().map(|call| call.arguments.len() + call.name.len()).sum();
                prompt + tokens_of(reply.text.len() + calls)
            }
        };
        Ok(reply)
    }

    /// Carries out the calls of a reply, in order; each gets a result, whatever happens.
    async fn call(&mut self, reply: Reply) -> Result<(), Ended> {
        let Reply { text, calls, .. } = reply;
        self.messages.push(Message::Assistant { text, calls: calls.clone() });
        for (place, call) in calls.into_iter().enumerate() {
            let outcome = if place < CALLS_PER_REPLY {
                self.carry_out(&call).await
            } else {
                Err(ToolError::TellModel(format!("at most {CALLS_PER_REPLY} calls at once; this one was left out")))
            };
            let (result, text) = match outcome {
                Ok((result, text)) => (result, text),
                Err(ToolError::TellModel(said)) => self.notice(&said),
                Err(ToolError::Abort(ended)) => return Err(ended),
            };
            let ToolCall { id, name, arguments } = call;
            self.steps.push(Step { call: Call { tool: name, arguments }, result });
            self.messages.push(Message::Tool { id, text });
        }
        Ok(())
    }

    async fn carry_out(&mut self, call: &ToolCall) -> Result<(ToolResult, String), ToolError> {
        let tool = Tool::parse(&call.name, &call.arguments)?;
        let cluster = tool.cluster(&self.bench)?.name().to_owned();
        let key = tool.key(&cluster);
        if let Some(number) = self.asked.get(&key) {
            return Ok(self.notice(&format!("This was asked before in this answer: see result {number}.")));
        }
        self.usage.tool_calls += 1;
        let running = Box::pin(tool.run(&self.bench));
        let Found { source, text, root } =
            within(self.cancel, self.deadline, running).await.map_err(ToolError::Abort)??;
        if let Some(root) = root.filter(|root| diagnosis::proposed(&root.finding).is_some()) {
            self.root = Some(root);
        }
        let number = self.asked.len() + 1;
        self.asked.insert(key, number);
        let at = self.bench.means.clock.now();
        let (source, text) = (data::clean(&source), data::clean(&text));
        let mut shown = data::fence(Some(number), &cluster, &source, at, &text);
        if tools::suspicion::instructing(&text).is_some() {
            shown.push_str("\n\n");
            shown.push_str(texts::agent::INSTRUCTING);
        }
        Ok((ToolResult { cluster, source, at, text, kind: ResultKind::Data }, shown))
    }

    /// A word about a call. It can repeat what a server said, so it is cleaned like data.
    fn notice(&self, said: &str) -> (ToolResult, String) {
        let text = data::clean(said);
        let at = self.bench.means.clock.now();
        let shown = data::neutral(&text);
        (ToolResult { cluster: String::new(), source: String::new(), at, text, kind: ResultKind::Notice }, shown)
    }
}

/// Waits for `what`, but no longer than the answer may take, and not when somebody stopped it.
async fn within<T>(cancel: &CancellationToken, deadline: Instant, what: impl Future<Output = T>) -> Result<T, Ended> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Ended::Cancelled),
        done = timeout_at(deadline, what) => done.map_err(|_| Ended::OutOfTime),
    }
}

/// Tokens of a message, roughly: four bytes each.
fn estimate(message: &Message) -> u64 {
    tokens_of(match message {
        Message::System(text) | Message::User(text) | Message::Tool { text, .. } => text.len(),
        Message::Assistant { text, calls } => {
            text.len() + calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>()
        }
    })
}

fn tokens_of(bytes: usize) -> u64 {
    u64::try_from(bytes / 4 + 4).unwrap_or(u64::MAX)
}
