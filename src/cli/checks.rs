//! `roundsman checks`: what it looks for, and one check explained.

use crate::{
    inspection::checks::{self, Check},
    report::CheckSet,
    texts::checks as texts,
};
use anyhow::bail;
use clap::ValueEnum;
use std::{io::Write, process::ExitCode};

/// `roundsman checks`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The check to explain, such as pod/crash-loop
    id: Option<String>,
    /// Only these: daily, hygiene or all
    #[arg(long, default_value = "all", value_name = "SET")]
    set: CheckSet,
    /// A line for each check, or a page that explains them
    #[arg(long, value_enum, default_value_t = Form::Text, conflicts_with = "id")]
    format: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Text,
    Markdown,
}

/// Prints them.
///
/// # Errors
/// When no check has that id, or the output cannot be written.
pub(super) fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let text = match (&args.id, args.format) {
        (Some(id), _) => match checks::all().find(|check| check.id == *id.as_str()) {
            Some(check) => texts::explained(check),
            None => bail!(texts::unknown(id, &similar(id))),
        },
        (None, Form::Text) => chosen(args.set).map(texts::line).collect(),
        (None, Form::Markdown) => texts::page(chosen(args.set)),
    };
    out.write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn chosen(set: CheckSet) -> impl Iterator<Item = &'static Check> {
    checks::all().filter(move |check| check.set.is_in(set))
}

/// What may be meant: the same kind, or the same word in it.
fn similar(id: &str) -> Vec<&'static str> {
    const MOST: usize = 5;
    let bare = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
    let word = bare(id.rsplit('/').next().unwrap_or(id));
    let ids = checks::all().map(|check| check.id.as_str());
    ids.filter(|known| !word.is_empty() && bare(known).contains(&word)).take(MOST).collect()
}
