//! `roundsman ask "QUESTION"`: the same agent as in chat, stateless, from the terminal.

use super::{COULD_NOT, Where, progress, run::stopped};
use crate::{
    agent::{Agent, Conversation, Ended, Means, Place, Prompts, Proposed, Proposer, Question, model},
    config::{Config, environment},
    finding::ActionHint,
    texts,
};
use anyhow::{Context, bail};
use secrecy::SecretString;
use std::{collections::BTreeMap, io::Write, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// `roundsman ask`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// The question, such as "why is checkout failing?"
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    question: String,
    /// An OpenAI-compatible endpoint, up to and with /v1 [default: $ROUNDSMAN_MODEL_URL; without one the answer is computed]
    #[arg(long, value_name = "URL")]
    model_url: Option<String>,
    /// The model's name [default: $ROUNDSMAN_MODEL_NAME]
    #[arg(long, value_name = "NAME")]
    model_name: Option<String>,
    /// The environment variable that holds the endpoint's key
    #[arg(long, value_name = "VARIABLE")]
    api_key_env: Option<String>,
    /// Model calls at most
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=50))]
    max_steps: u32,
    /// Tokens at most, prompts and replies together
    #[arg(long, default_value_t = 60_000)]
    max_tokens: u32,
    /// Seconds at most
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout_seconds: u64,
    /// A folder whose *.md replace the built-in prompts
    #[arg(long, value_name = "FOLDER")]
    prompts: Option<PathBuf>,
    /// A configuration of the bot: its [[change]] count here too
    #[arg(long, value_name = "roundsman.toml")]
    config: Option<PathBuf>,
}

/// Exit status 0: answered, also where it is computed because no model is configured; 1: the model could not be used
/// or the question was stopped; 2: could not look.
///
/// # Errors
/// When an option is mistaken or the output cannot be written.
pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let standing = args.config.as_deref().map(Config::standing_orders).transpose()?.unwrap_or_default();
    let agent = Agent::new(model_of(&args)?, Prompts::load(args.prompts.as_deref())?)?;
    let cluster = match args.place.connect().await {
        // Before a model is asked about a cluster that nobody reaches.
        Ok(cluster) => cluster.version().await.map(|_| cluster),
        Err(unreachable) => Err(unreachable),
    };
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(unreachable) => {
            writeln!(std::io::stderr(), "roundsman: {unreachable}")?;
            return Ok(ExitCode::from(COULD_NOT));
        }
    };
    let name = cluster.name().to_owned();
    let clusters = BTreeMap::from([(name.clone(), Arc::new(cluster))]);
    let clock = args.place.clock();
    let means = Means { clusters: &clusters, clock: &clock, proposer: &Nobody, latest: &|_| None, standing: &standing };
    let conversation = Conversation::new("terminal".to_owned(), &name);
    let question = Question {
        text: &args.question,
        conversation: &conversation,
        report: None,
        cluster: &name,
        asked_by: "terminal",
        place: Place::Terminal,
    };
    let cancel = CancellationToken::new();
    let answering = progress::looking_at(&name, agent.answer(question, &means, &cancel));
    tokio::pin!(answering);
    let answer = tokio::select! {
        answer = &mut answering => answer,
        () = stopped() => {
            cancel.cancel();
            answering.await
        }
    };
    writeln!(out, "{}", answer.text)?;
    Ok(ExitCode::from(match answer.ended {
        Ended::Answered | Ended::NoModel | Ended::OutOfSteps | Ended::OutOfTime | Ended::OutOfTokens => 0,
        Ended::ModelFailed(_) | Ended::Cancelled => 1,
        Ended::NotRead => COULD_NOT,
    }))
}

fn model_of(args: &Args) -> anyhow::Result<Option<model::Config>> {
    let given = |flag: &Option<String>, variable| {
        flag.clone().or_else(|| environment(variable)).filter(|value| !value.trim().is_empty())
    };
    let (url, name) = (given(&args.model_url, "ROUNDSMAN_MODEL_URL"), given(&args.model_name, "ROUNDSMAN_MODEL_NAME"));
    let (base_url, name) = match (url, name) {
        (None, None) => return Ok(None),
        (Some(url), Some(name)) => (url, name),
        (Some(_), None) => bail!("a model needs its name too: --model-name"),
        (None, Some(_)) => bail!("a model needs its endpoint too: --model-url"),
    };
    if !(base_url.starts_with("http://") || base_url.starts_with("https://")) {
        bail!("--model-url needs an address that begins with http:// or https://");
    }
    let api_key = match &args.api_key_env {
        None => None,
        Some(variable) => Some(SecretString::from(
            environment(variable).with_context(|| format!("the environment variable {variable} is not set"))?,
        )),
    };
    Ok(Some(model::Config {
        base_url,
        name,
        api_key,
        max_steps: args.max_steps,
        timeout: Duration::from_secs(args.timeout_seconds),
        max_tokens: args.max_tokens,
    }))
}

/// A terminal has no channel in which somebody could approve.
struct Nobody;

impl Proposer for Nobody {
    fn propose<'a>(&'a self, _cluster: &'a str, _hint: ActionHint, _reason: String) -> Proposed<'a> {
        Box::pin(async { Err(texts::agent::NOBODY_TO_APPROVE.to_owned()) })
    }
}
