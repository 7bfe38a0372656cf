//! The commands: parse, call one room, print.

mod ask;
mod check_config;
mod checks;
pub mod demo;
mod dump;
mod hash_password;
mod inspect;
mod out;
mod output;
mod platforms;
mod progress;
mod rbac;
pub mod run;
mod since;
mod why;

pub use platforms::{ConsoleOrder, ConsoleRoom, Opened, Platforms};

use out::Out;

use crate::{
    cluster::{self, Cluster, Sources, init_tls},
    config::environment,
    forms::text::Style,
    redact::Redacting,
    signals::{Endpoint, eks::EksCluster},
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

const INSPECT_STATUS: &str = "Exit status: 0 nothing as severe as --fail-on, 1 something is, 2 could not inspect.";
const WHY_STATUS: &str = "Exit status: 0 explained or healthy, 1 no such object, 2 could not look.";

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
    #[command(after_help = INSPECT_STATUS)]
    Inspect(inspect::Args),
    /// Print the chain of causes of one object
    #[command(after_help = WHY_STATUS)]
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
    /// List the checks, or explain one
    Checks(checks::Args),
    /// Print the roles that the bot's identities need in a cluster, and no more
    Rbac(rbac::Args),
    /// Start an embedded cluster in trouble, with its report and a web chat; needs nothing else
    Demo(demo::Args),
}

/// Which cluster the stateless commands look at, and at what time.
#[derive(Debug, Clone, clap::Args)]
struct Where {
    /// The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context [default: the current one]
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Take this for the present time, such as 2026-11-23T09:00:00Z: ages are counted from it
    #[arg(long, global = true, value_name = "TIME", value_parser = moment)]
    now: Option<DateTime<Utc>>,
    /// The Prometheus that scrapes the cluster: volumes that fill up, throttled containers, targets that are down
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint)]
    prometheus: Option<Endpoint>,
    /// The Alertmanager of the cluster: what fires is in the report
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint)]
    alertmanager: Option<Endpoint>,
    /// The cluster's ARN in Amazon EKS, such as arn:aws:eks:eu-central-1:123456789012:cluster/prod: the health issues that EKS
    /// knows of
    #[arg(long, global = true, value_name = "ARN")]
    eks: Option<EksCluster>,
    /// Ask every kubelet how full its disks and volumes are, and look at its certificate (needs nodes/proxy)
    #[arg(long, global = true)]
    kubelet_summary: bool,
}

impl Where {
    async fn connect(&self) -> Result<Cluster, cluster::Unreachable> {
        let cluster = Cluster::of_context(self.kubeconfig.clone(), self.context.clone()).await?;
        Ok(cluster.with_sources(Sources {
            kubelet_summary: self.kubelet_summary,
            prometheus: self.prometheus.clone(),
            alertmanager: self.alertmanager.clone(),
            eks: self.eks.clone(),
            ..Sources::default()
        }))
    }

    fn clock(&self) -> crate::clock::Clock {
        self.now.map_or_else(crate::clock::Clock::system, crate::clock::Clock::fixed)
    }
}

fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map_err(|_| "write it as 2026-11-23T09:00:00Z")
}

fn endpoint(url: &str) -> Result<Endpoint, &'static str> {
    match url.strip_prefix("http://").or(url.strip_prefix("https://")) {
        Some(rest) if !rest.split('/').next().unwrap_or_default().contains('@') => Ok(Endpoint::at(url)),
        Some(_) => Err("a password does not belong into a command line"),
        None => Err("write it as http://HOST:PORT or https://HOST"),
    }
}

/// Runs the command line; the platforms are the binary's.
pub fn main(platforms: Platforms) -> ExitCode {
    init_tls();
    let cli = Cli::parse();
    let default = match &cli.command {
        Command::Run(_) => "roundsman=info,warn,kube_client::client::builder=off",
        // What stood in the way is said once, by the command.
        _ => "error,kube_client=off",
    };
    let filter = environment("ROUNDSMAN_LOG").unwrap_or_else(|| default.to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(|| Redacting(std::io::stderr()))
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let ran = runtime(&cli.command).build().map_err(anyhow::Error::from).and_then(|runtime| {
        let done = runtime.block_on(dispatch(cli.command, platforms));
        // What blocks (a DNS look-up, a prompt) must not hold the exit up.
        runtime.shutdown_background();
        done
    });
    ran.unwrap_or_else(|error| {
        drop(writeln!(std::io::stderr(), "roundsman: {error:#}"));
        ExitCode::from(COULD_NOT)
    })
}

/// The bot serves several at once. A single command waits for one cluster, piece by piece: handing the pieces from thread to
/// thread costs more than a second thread brings (docs/measured.md).
fn runtime(command: &Command) -> tokio::runtime::Builder {
    let mut runtime = match command {
        Command::Run(_) | Command::Demo(_) => tokio::runtime::Builder::new_multi_thread(),
        Command::Inspect(_)
        | Command::Why(_)
        | Command::Ask(_)
        | Command::CheckConfig(_)
        | Command::Export(_)
        | Command::Import(_)
        | Command::HashPassword
        | Command::Checks(_)
        | Command::Rbac(_) => tokio::runtime::Builder::new_current_thread(),
    };
    runtime.enable_all();
    runtime
}

async fn dispatch(command: Command, platforms: Platforms) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    match command {
        Command::Inspect(args) => Box::pin(inspect::run(args, &mut out)).await,
        Command::Why(args) => Box::pin(why::run(args, &mut out)).await,
        Command::Ask(args) => Box::pin(ask::run(args, &mut out)).await,
        Command::Run(args) => Box::pin(run::run(args, platforms)).await,
        Command::CheckConfig(args) => check_config::run(&args, platforms, &mut out),
        Command::Export(args) => dump::export(&args, &mut out),
        Command::Import(args) => dump::import(&args, &mut out),
        Command::HashPassword => hash_password::run(&mut std::io::stdin().lock(), &mut out),
        Command::Checks(args) => checks::run(&args, &mut out),
        Command::Rbac(args) => rbac::run(&args, &mut out),
        Command::Demo(args) => demo::run(args, platforms, &mut out).await,
    }
}

/// Colours on a terminal, unless NO_COLOR says otherwise (<https://no-color.org>).
fn style() -> Style {
    let plain = environment("NO_COLOR").is_some_and(|value| !value.is_empty()) || !std::io::stdout().is_terminal();
    if plain { Style::Plain } else { Style::Ansi }
}
