//! The model behind an OpenAI-compatible endpoint: typed requests out, whatever servers really send in.

mod wire;

use anyhow::Context;
use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    types::chat::{
        ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessageArgs,
        ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestToolMessage,
        ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionToolChoiceOption, ChatCompletionTools,
        CreateChatCompletionRequest, CreateChatCompletionRequestArgs, FunctionCall, FunctionObject, ToolChoiceOptions,
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

pub use wire::Tokens;

/// For the connection itself; a server that is up accepts at once.
const CONNECT: Duration = Duration::from_secs(10);
/// Characters of a failure that are passed on.
const MAX_FAILURE: usize = 300;

/// How the model is reached, and what one answer may cost.
#[derive(Debug, Clone)]
pub struct Config {
    /// Up to and with `/v1`.
    pub base_url: String,
    /// The model's name.
    pub name: String,
    /// Where the endpoint wants one.
    pub api_key: Option<SecretString>,
    /// Model calls in one answer.
    pub max_steps: u32,
    /// For one answer, all steps together.
    pub timeout: Duration,
    /// Tokens in one answer, prompts and replies together.
    pub max_tokens: u32,
}

/// A client for one model.
pub(super) struct Endpoint {
    client: Client<OpenAIConfig>,
    name: String,
    pub(super) limits: Limits,
}

/// What one answer may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) steps: u32,
    pub(super) time: Duration,
    pub(super) tokens: u64,
}

/// One message of the dialogue.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// What the model is told to be.
    System(String),
    /// A person's words.
    User(String),
    /// The model's words, and the tools that it called.
    Assistant { text: String, calls: Vec<ToolCall> },
    /// What a tool said.
    Tool { id: String, text: String },
}

/// A tool that the model wants to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The model's id of it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// A JSON object, if the model was right.
    pub arguments: String,
}

/// A tool as the model sees it.
#[derive(Debug, Clone)]
pub(super) struct ToolSpec {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: serde_json::Value,
}

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Empty when it only calls tools.
    pub text: String,
    /// In the model's order.
    pub calls: Vec<ToolCall>,
    /// None where the endpoint does not count.
    pub tokens: Option<Tokens>,
    /// Why it stopped, in the endpoint's word: `stop`, `tool_calls`, `length`.
    pub finish_reason: String,
}

/// Why there is no reply, in words for people; never holds the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Endpoint {
    pub(super) fn new(config: Config) -> anyhow::Result<Self> {
        crate::cluster::init_tls();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // A reply that is not streamed may be silent until it is finished; the answer's own limit comes first.
            .read_timeout(config.timeout + CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("making the HTTP client for the model")?;
        let key = config.api_key.as_ref().map_or("", |key| key.expose_secret());
        let openai = OpenAIConfig::new().with_api_base(config.base_url.trim_end_matches('/')).with_api_key(key);
        Ok(Self {
            client: Client::build(http, openai),
            name: config.name,
            limits: Limits {
                steps: config.max_steps.max(1),
                time: config.timeout,
                tokens: u64::from(config.max_tokens),
            },
        })
    }

    /// One call of the model. Retries what is worth it; the caller sets the time limit.
    pub(super) async fn reply(
        &self,
        messages: &[Message],
        tools: &[ToolSpec],
        choice: Choice,
    ) -> Result<Reply, Failure> {
        let request = self.request(messages, tools, choice).map_err(|error| Failure(brief(&error.to_string())))?;
        match self.client.chat().create_byot::<_, wire::Response>(request).await {
            Ok(response) => response.into_reply(),
            Err(error) => Err(Failure(brief(&said(&error)))),
        }
    }

    fn request(
        &self,
        messages: &[Message],
        tools: &[ToolSpec],
        choice: Choice,
    ) -> Result<CreateChatCompletionRequest, OpenAIError> {
        let messages = messages.iter().map(typed).collect::<Result<Vec<_>, _>>()?;
        let mut request = CreateChatCompletionRequestArgs::default();
        request.model(&self.name).messages(messages).stream(false);
        if !tools.is_empty() {
            request.tools(tools.iter().map(typed_tool).collect::<Vec<_>>());
            let mode = match choice {
                Choice::Free => ToolChoiceOptions::Auto,
                Choice::Answer => ToolChoiceOptions::None,
            };
            request.tool_choice(ChatCompletionToolChoiceOption::Mode(mode));
        }
        request.build()
    }
}

/// Whether the model may call tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// As it likes.
    Free,
    /// It has to answer now.
    Answer,
}

fn typed(message: &Message) -> Result<ChatCompletionRequestMessage, OpenAIError> {
    Ok(match message {
        Message::System(text) => ChatCompletionRequestMessage::System(ChatCompletionRequestSystemMessage {
            content: text.as_str().into(),
            name: None,
        }),
        Message::User(text) => ChatCompletionRequestMessage::User(ChatCompletionRequestUserMessage {
            content: text.as_str().into(),
            name: None,
        }),
        Message::Assistant { text, calls } => {
            let mut assistant = ChatCompletionRequestAssistantMessageArgs::default();
            // Some servers want the field even if it is empty.
            assistant.content(text.as_str());
            if !calls.is_empty() {
                assistant.tool_calls(calls.iter().map(typed_call).collect::<Vec<_>>());
            }
            ChatCompletionRequestMessage::Assistant(assistant.build()?)
        }
        Message::Tool { id, text } => ChatCompletionRequestMessage::Tool(ChatCompletionRequestToolMessage {
            content: text.as_str().into(),
            tool_call_id: id.clone(),
        }),
    })
}

fn typed_call(call: &ToolCall) -> ChatCompletionMessageToolCalls {
    let function = FunctionCall { name: call.name.clone(), arguments: call.arguments.clone() };
    ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall { id: call.id.clone(), function })
}

fn typed_tool(tool: &ToolSpec) -> ChatCompletionTools {
    ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: tool.name.to_owned(),
            description: Some(tool.description.to_owned()),
            parameters: Some(tool.parameters.clone()),
            strict: Some(true),
        },
    })
}

/// The failure in the endpoint's own words, where it has any that can be read.
fn said(error: &OpenAIError) -> String {
    match error {
        OpenAIError::JSONDeserialize(reason, content) => match wire::error_text(content) {
            Some(text) => text,
            None => format!("the endpoint sent something that is no reply: {reason}"),
        },
        // The URL can hold a key; the cause says enough.
        OpenAIError::Reqwest(error) => {
            let mut text = if error.is_connect() {
                "no connection".to_owned()
            } else if error.is_timeout() {
                "no answer in time".to_owned()
            } else {
                "the connection broke".to_owned()
            };
            let mut cause = std::error::Error::source(error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            text
        }
        other => other.to_string(),
    }
}

fn brief(text: &str) -> String {
    super::conversation::shortened(&crate::redact::text(text), MAX_FAILURE)
}
