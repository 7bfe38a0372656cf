//! In which form a report is written, and where to.

use super::style;
use crate::{
    finding::Severity,
    forms::{Form, View, text::Style},
    report::Report,
};
use anyhow::Context;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The form of a report and its place.
#[derive(Debug, clap::Args)]
pub struct Output {
    /// The form of the report: text, json, markdown, html, junit or prometheus
    #[arg(short, long, default_value = "text", value_name = "FORM")]
    output: Form,
    /// Write it to this file instead, which is replaced at once or not at all
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Say where the points of the score went (text; markdown and html always do)
    #[arg(long)]
    explain_score: bool,
}

impl Output {
    /// Writes the report to its file, or else to `out`.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub(super) fn write(&self, report: &Report, fail_on: Severity, out: &mut impl Write) -> anyhow::Result<()> {
        // A file has no colours.
        let style = if self.output_file.is_some() { Style::Plain } else { style() };
        let view = View { style, explain_score: self.explain_score, fail_on, trend: None };
        let text = self.output.write(report, &view)?;
        match &self.output_file {
            Some(path) => replace(path, &text).with_context(|| format!("writing {}", path.display())),
            None => Ok(out.write_all(text.as_bytes())?),
        }
    }
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
