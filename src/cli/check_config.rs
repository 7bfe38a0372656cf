//! `roundsman check-config`: every mistake at once, with its line.

use super::Platforms;
use crate::config::{Config, Mistake, Mistaken, environment};
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
pub(super) fn run(args: &Args, platforms: Platforms, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let checked = Config::check(&args.config, &environment).and_then(|config| match refused(&config, platforms) {
        mistakes if mistakes.is_empty() => Ok(config),
        mistakes => Err(Mistaken { path: args.config.clone(), mistakes }),
    });
    match checked {
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

/// What the platforms that are connected to say of their settings; they are made for that, and connect nowhere.
fn refused(config: &Config, platforms: Platforms) -> Vec<Mistake> {
    let telegram = config.telegram.as_ref().map(|settings| ("telegram", (platforms.telegram)(settings)));
    let discord = config.discord.as_ref().map(|settings| ("discord", (platforms.discord)(settings)));
    let mistake = |(name, made): (&str, anyhow::Result<_>)| {
        made.err().map(|error| Mistake { line: 0, text: format!("[{name}]: {error:#}") })
    };
    [telegram, discord].into_iter().flatten().filter_map(mistake).collect()
}
