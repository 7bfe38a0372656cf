//! `roundsman inspect`: one inspection, stateless.

use super::{COULD_NOT, Where, since::Earlier, style};
use crate::{
    config::Config,
    inspection::{self, CheckSet, History, Order, finding::Severity},
    report::{Form, View, text::Style},
};
use anyhow::Context;
use clap::ValueEnum;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// `roundsman inspect`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// Only this namespace, and what belongs to the cluster as a whole
    #[arg(short, long)]
    namespace: Option<String>,
    /// The form of the report: text, json, markdown, html, junit or prometheus
    #[arg(short, long, default_value = "text", value_name = "FORM")]
    output: Form,
    /// Write it to this file instead, which is replaced at once or not at all
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Say where the points of the score went (text; markdown and html always do)
    #[arg(long)]
    explain_score: bool,
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
            inspection::run(&cluster, &order, &history, now).await
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
    // A file has no colours.
    let style = if args.output_file.is_some() { Style::Plain } else { style() };
    let view = View { style, explain_score: args.explain_score, fail_on: args.fail_on, trend: None };
    let text = args.output.write(&report, &view)?;
    match &args.output_file {
        Some(path) => replace(path, &text).with_context(|| format!("writing {}", path.display()))?,
        None => out.write_all(text.as_bytes())?,
    }
    let failed = report.worst().is_some_and(|worst| worst >= args.fail_on);
    Ok(ExitCode::from(u8::from(failed)))
}

/// Whoever reads the file, such as node_exporter, finds the old report or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A pipe or a terminal is written to.
    if std::fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, text);
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("this is no file name"))?;
    // Beside it, because a file cannot be renamed across file systems; with a name that no collector takes.
    let mut part = std::ffi::OsString::from(".");
    part.push(name);
    part.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(part);
    std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path)).inspect_err(|_| {
        drop(std::fs::remove_file(&part));
    })
}
