//! The commands: parse, call one room, print.

mod ask;
mod check_config;
pub mod demo;
mod dump;
mod hash_password;
mod inspect;
mod platforms;
pub mod run;
mod why;

pub use platforms::{ConsoleOrder, Opened, Platforms};

use crate::{
    cluster::{self, Cluster, init_tls},
    config::environment,
    redact::Redacting,
    report::text::Style,
};
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;

/// Exit status when the work could not be done at all.
const COULD_NOT: u8 = 2;

/// Makes the rounds of Kubernetes clusters
#[derive(Debug, Parser)]
#[command(name = "roundsman", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Inspect a cluster and print the report
    Inspect(inspect::Args),
    /// Print the chain of causes of one object
    Why(why::Args),
    /// Ask about a cluster in your own words
    Ask(ask::Args),
    /// Run the bot
    Run(run::Args),
    /// Check a configuration file: every mistake at once, with its line
    CheckConfig(check_config::Args),
    /// Write everything that a stopped bot has kept into a file
    Export(dump::ExportArgs),
    /// Make what a bot keeps from such a file, in an empty folder
    Import(dump::ImportArgs),
    /// Make the hash that a user of the web chat needs, of a password on the input
    HashPassword,
    /// Start an embedded cluster in trouble, with its report and a web chat; needs nothing else
    Demo(demo::Args),
}

/// Which cluster the stateless commands look at, and at what time.
#[derive(Debug, Clone, clap::Args)]
struct Where {
    /// The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]
    #[arg(long, global = true)]
    kubeconfig: Option<PathBuf>,
    /// The context [default: the current one]
    #[arg(long, global = true)]
    context: Option<String>,
    /// Take this for the present time, such as 2026-11-23T09:00:00Z: ages are counted from it
    #[arg(long, global = true)]
    now: Option<DateTime<Utc>>,
}

impl Where {
    async fn connect(&self) -> Result<Cluster, cluster::Unreachable> {
        Cluster::of_context(self.kubeconfig.clone(), self.context.clone()).await
    }

    fn clock(&self) -> crate::clock::Clock {
        self.now.map_or_else(crate::clock::Clock::system, crate::clock::Clock::fixed)
    }
}

/// Runs the command line; the platforms are the binary's.
pub fn main(platforms: Platforms) -> ExitCode {
    init_tls();
    let cli = Cli::parse();
    let default = match &cli.command {
        Command::Run(_) => "roundsman=info,warn",
        _ => "error",
    };
    let filter = environment("ROUNDSMAN_LOG").unwrap_or_else(|| default.to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(|| Redacting(std::io::stderr()))
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let ran = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from).and_then(
        |runtime| {
            let done = runtime.block_on(dispatch(cli.command, platforms));
            // What blocks (a DNS look-up, a prompt) must not hold the exit up.
            runtime.shutdown_background();
            done
        },
    );
    ran.unwrap_or_else(|error| {
        // A reader that went away (`| head`) is no failure of ours.
        let gone = error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe);
        if !gone {
            drop(writeln!(std::io::stderr(), "roundsman: {error:#}"));
        }
        ExitCode::from(COULD_NOT)
    })
}

async fn dispatch(command: Command, platforms: Platforms) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Inspect(args) => inspect::run(args, &mut out).await,
        Command::Why(args) => why::run(args, &mut out).await,
        Command::Ask(args) => ask::run(args, &mut out).await,
        Command::Run(args) => run::run(args, platforms).await,
        Command::CheckConfig(args) => check_config::run(&args, &mut out),
        Command::Export(args) => dump::export(&args, &mut out),
        Command::Import(args) => dump::import(&args, &mut out),
        Command::HashPassword => hash_password::run(&mut std::io::stdin().lock(), &mut out),
        Command::Demo(args) => demo::run(args, platforms, &mut out).await,
    }
}

/// Colours on a terminal, unless NO_COLOR says otherwise (<https://no-color.org>).
fn style() -> Style {
    let plain = environment("NO_COLOR").is_some_and(|value| !value.is_empty()) || !std::io::stdout().is_terminal();
    if plain { Style::Plain } else { Style::Ansi }
}
