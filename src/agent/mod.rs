//! Answers questions about clusters: a model that reads through tools, or, without one, the computed cause chain.

mod compose;
mod computed;
pub mod conversation;
#[cfg(test)]
mod fixture;
pub mod model;
mod prompt;
#[cfg(test)]
#[path = "../../tests/it/world/model.rs"]
mod scripted;
mod survey;
#[cfg(test)]
mod tests;
mod tools;
mod turn;
mod unverified;

use crate::{
    clock::Clock,
    cluster::Cluster,
    finding::{ActionHint, Finding},
    inspection::attention::StandingOrders,
    redact,
    report::Report,
    store::{Record, Table},
};
use contract::Body;
use std::{collections::BTreeMap, pin::Pin, sync::Arc};
use tokio_util::sync::CancellationToken;

pub use conversation::{Call, Conversation, Exchange, ResultKind, Step, ToolResult};
pub use prompt::Prompts;

/// Conversations by their id.
pub const CONVERSATIONS: Table<Conversation> = Table::new("conversations");

impl Record for Conversation {
    const VERSION: u16 = 1;
}

/// Who answers. Cheap to share.
#[derive(Debug, Clone)]
pub struct Agent {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Option<model::Endpoint>,
    prompts: Prompts,
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// In the person's words.
    pub text: &'a str,
    /// What was said before.
    pub conversation: &'a Conversation,
    /// The report that was replied to.
    pub report: Option<&'a Report>,
    /// The cluster that is meant when none is named; the answer names it.
    pub cluster: &'a str,
    /// The person's name.
    pub asked_by: &'a str,
    /// Where the answer is read.
    pub place: Place,
}

/// Where an answer is read: what else can be asked there, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With the commands of the grammar.
    Chat,
    /// With those of the command line.
    Terminal,
}

/// What may be used for the answer.
pub struct Means<'a> {
    /// Only those that the asker's channel may see.
    pub clusters: &'a BTreeMap<String, Arc<Cluster>>,
    /// What time it is.
    pub clock: &'a Clock,
    /// Takes proposals of repairs.
    pub proposer: &'a dyn Proposer,
    /// The latest stored report of a cluster.
    pub latest: &'a (dyn Fn(&str) -> Option<Report> + Send + Sync),
    /// Which severities and numbers count in which cluster.
    pub standing: &'a StandingOrders,
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Means").field("clusters", self.clusters).finish_non_exhaustive()
    }
}

/// What a proposal came to: a summary with the difference, or why not; both for the model.
pub type Proposed<'a> = Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>>;

/// Turns a hint of the model into a proposal that a person can approve. The agent cannot do more than this: a trait,
/// because the agent must not know repairs.
pub trait Proposer: Send + Sync {
    /// Plans it, and keeps the proposal until the answer is given.
    fn propose<'a>(&'a self, cluster: &'a str, hint: ActionHint, reason: String) -> Proposed<'a>;
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// For a chat.
    pub body: Body,
    /// The same as plain text.
    pub text: String,
    /// For the conversation.
    pub exchange: Exchange,
    /// How it came to an end.
    pub ended: Ended,
    /// What it cost.
    pub usage: Usage,
    /// What the answer ends at: where there is a change to propose for it, a button can offer it.
    pub root: Option<Root>,
}

/// The finding at the root of a cause chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where.
    pub cluster: String,
    /// What nothing else explains.
    pub finding: Finding,
}

/// How an answer came to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The model had said what it had to say.
    Answered,
    /// Somebody stopped it.
    Cancelled,
    /// The model wanted to read more than it may.
    OutOfSteps,
    /// The time was over.
    OutOfTime,
    /// The tokens were used up.
    OutOfTokens,
    /// The model could not be used, in its words; the answer is computed.
    ModelFailed(String),
    /// No model is configured; the answer is computed.
    NoModel,
    /// No model is configured, and the cluster could not be read; the answer says why.
    NotRead,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls of the model.
    pub steps: u32,
    /// Calls of tools that were carried out.
    pub tool_calls: u32,
    /// Prompts and replies together, as the endpoint counts; estimated where it does not.
    pub tokens: u64,
}

impl Agent {
    /// An agent; without a model it computes its answers.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(model: Option<model::Config>, prompts: Prompts) -> anyhow::Result<Self> {
        let endpoint = model.map(model::Endpoint::new).transpose()?;
        Ok(Self { shared: Arc::new(Shared { endpoint, prompts }) })
    }

    /// Whether a model is configured.
    pub fn has_model(&self) -> bool {
        self.shared.endpoint.is_some()
    }

    /// Answers. Never fails: what went wrong is part of the answer.
    pub async fn answer(&self, question: Question<'_>, means: &Means<'_>, cancel: &CancellationToken) -> Answer {
        // What a person pastes can hold a secret too; it goes neither to the model nor into the store.
        let text = redact::text(question.text);
        let question = Question { text: &text, ..question };
        let survey = survey::Survey::default();
        match &self.shared.endpoint {
            None => computed::answer(&question, means, &survey, cancel, computed::Because::NoModel).await,
            Some(endpoint) => {
                Box::pin(turn::answer(endpoint, &self.shared.prompts, &question, means, &survey, cancel)).await
            }
        }
    }
}
