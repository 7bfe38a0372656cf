//! `roundsman inspect`: one inspection, stateless.

use super::{COULD_NOT, Where, output::Output, progress, since::Earlier};
use crate::{
    config::Config,
    finding::Severity,
    inspection::{self, History, Order},
    report::CheckSet,
};
use clap::ValueEnum;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// `roundsman inspect`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// Only this namespace, and what belongs to the cluster as a whole
    #[arg(short, long)]
    namespace: Option<String>,
    #[command(flatten)]
    output: Output,
    /// An earlier report (-o json) of the same cluster: says what is new, ongoing and resolved
    #[arg(long, value_name = "REPORT.json")]
    since: Option<PathBuf>,
    /// A configuration of the bot: its [[mute]] and [[change]] count here too
    #[arg(long, value_name = "roundsman.toml")]
    config: Option<PathBuf>,
    /// Which checks
    #[arg(long, value_enum, default_value_t = Set::Daily)]
    set: Set,
    /// Read Secrets too: certificates and references to Secrets are checked, values are dropped while reading
    #[arg(long)]
    secrets: bool,
    /// Exit with 1 when a finding is at least this severe: critical, high, medium, low or info
    #[arg(long, default_value = "high", value_name = "SEVERITY")]
    fail_on: Severity,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Set {
    Daily,
    Hygiene,
    All,
}

/// Exit status 0: nothing as severe as `--fail-on`; 1: something is; 2: could not inspect.
///
/// # Errors
/// When the earlier report cannot be read or compared with, or the output cannot be written.
pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let earlier = args.since.as_deref().map(Earlier::read).transpose()?;
    let now = args.place.clock().now();
    let standing = args.config.as_deref().map(Config::standing_orders).transpose()?.unwrap_or_default();
    let set = match args.set {
        Set::Daily => CheckSet::Daily,
        Set::Hygiene => CheckSet::Hygiene,
        Set::All => CheckSet::All,
    };
    let inspected = match args.place.connect().await {
        Ok(cluster) => {
            let history = earlier.map_or(Ok(History::default()), |earlier| earlier.history(cluster.name(), now))?;
            let settings = standing.settings(cluster.name(), set, []);
            let order = Order { namespace: args.namespace.clone(), settings, secrets: args.secrets };
            progress::looking_at(cluster.name(), inspection::run(&cluster, &order, &history, now)).await
        }
        Err(unreachable) => Err(unreachable),
    };
    let report = match inspected {
        Ok(inspected) => inspected.report,
        Err(unreachable) => {
            writeln!(std::io::stderr(), "roundsman: {unreachable}")?;
            return Ok(ExitCode::from(COULD_NOT));
        }
    };
    args.output.write(&report, args.fail_on, out)?;
    let failed = report.worst().is_some_and(|worst| worst >= args.fail_on);
    Ok(ExitCode::from(u8::from(failed)))
}
