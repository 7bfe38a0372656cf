//! `roundsman why KIND/NAME`: the chain of causes of one object, stateless.

use super::{COULD_NOT, Where, progress};
use crate::{config::Config, diagnosis::Verdict, inspection, texts};
use anyhow::Context;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// `roundsman why`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    /// KIND/NAME, such as deployment/checkout
    object: String,
    /// Its namespace
    #[arg(short, long)]
    namespace: Option<String>,
    /// A configuration of the bot: its [[change]] count here too
    #[arg(long, value_name = "roundsman.toml")]
    config: Option<PathBuf>,
}

/// Exit status 0: explained or healthy; 1: no such object; 2: could not look.
///
/// # Errors
/// When the object is not written as KIND/NAME, the configuration cannot be read, or the output cannot be written.
pub(super) async fn run(args: Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let named = args.object.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty());
    let (kind, name) = named.context("name the object as KIND/NAME, such as deployment/checkout")?;
    let standing = args.config.as_deref().map(Config::standing_orders).transpose()?.unwrap_or_default();
    let explained = match args.place.connect().await {
        Ok(cluster) => {
            let object = (kind, args.namespace.as_deref(), name);
            let work = inspection::why(&cluster, object, &standing, args.place.clock().now());
            progress::looking_at(cluster.name(), work).await
        }
        Err(unreachable) => Err(unreachable),
    };
    match explained {
        Err(unreachable) => {
            writeln!(std::io::stderr(), "roundsman: {unreachable}")?;
            Ok(ExitCode::from(COULD_NOT))
        }
        Ok(explained) => {
            writeln!(out, "{}", texts::why::plain(&explained.chain))?;
            Ok(ExitCode::from(match explained.chain.verdict {
                Verdict::Explained | Verdict::Healthy { .. } => 0,
                Verdict::NoSuchObject { .. } => 1,
                Verdict::NoSuchKind { .. } | Verdict::NotRead { .. } => COULD_NOT,
            }))
        }
    }
}
