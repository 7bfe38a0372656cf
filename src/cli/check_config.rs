//! `roundsman check-config`: every mistake at once, with its line.

use crate::config::{Config, environment};
use std::{io::Write, path::PathBuf, process::ExitCode};

/// `roundsman check-config`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, default_value = "roundsman.toml")]
    pub(super) config: PathBuf,
}

/// Says what the file would do, or every mistake in it; exit status 2 when it cannot be used.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match Config::load(&args.config, &environment) {
        Err(mistaken) => {
            writeln!(out, "{mistaken}")?;
            Ok(ExitCode::from(2))
        }
        Ok(config) => {
            let clusters: Vec<&str> = config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
            writeln!(out, "{} is fine.", args.config.display())?;
            writeln!(out, "  clusters: {}", clusters.join(", "))?;
            for ((platform, id), grant) in &config.access.channels {
                writeln!(out, "  channel {} ({platform} {id}) sees {}", grant.name, grant.clusters.join(", "))?;
                if !grant.may_mute.is_empty() {
                    let people: Vec<&str> = grant.may_mute.iter().map(String::as_str).collect();
                    writeln!(out, "    there {} may silence findings", people.join(", "))?;
                }
            }
            let repairs = match (config.repair.enabled, config.clusters.iter().any(|cluster| cluster.writer.is_some()))
            {
                (false, _) => "off: the bot only advises",
                (true, false) => "on, but no cluster has a [cluster.writer]: the bot only advises",
                (true, true) => "on",
            };
            writeln!(out, "  repairs: {repairs}")?;
            let standing = &config.standing;
            writeln!(out, "  muted: {} rules; changed: {} rules", standing.mutes.len(), standing.changes.len())?;
            writeln!(out, "  model: {}", config.model.map_or_else(|| "none".to_owned(), |model| model.name))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
