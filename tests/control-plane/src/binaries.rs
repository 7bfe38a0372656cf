//! Where the programs are: what `tests/control-plane/build` prints, asked once per process.
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, bail};

/// The folder of the programs. Builds them where they are missing, which takes minutes: the script says so on stderr.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOLDER.get_or_init(|| build().map_err(|error| format!("{error:#}"))).clone().map_err(anyhow::Error::msg)
}

fn build() -> anyhow::Result<PathBuf> {
    let script = crate::source("build");
    let mut child = Command::new(&script)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", script.display()))?;
    // Passed on at once, for whoever waits, past the test harness that keeps what tests print; and kept for the message.
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().context("no pipe from the build")?).lines() {
        let line = line.context("the build's messages cannot be read")?;
        writeln!(std::io::stderr(), "{line}").ok();
        said.push_str(&line);
        said.push('\n');
    }
    let output = child.wait_with_output().context("the build cannot be waited for")?;
    if !output.status.success() {
        bail!("the programs are not there and {} could not build them:\n{}", script.display(), said.trim());
    }
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if !folder.is_dir() {
        bail!("{} names {}, which is no folder", script.display(), folder.display());
    }
    Ok(folder)
}
