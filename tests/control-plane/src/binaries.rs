//! Where the programs are: what `tests/control-plane/build` prints, asked once per process.
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, bail};

/// The folder of the programs. Builds them where they are missing; progress and mistakes go to stderr.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOLDER
        .get_or_init(|| build().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn build() -> anyhow::Result<PathBuf> {
    let script = crate::source("build");
    let output = Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("{} does not start", script.display()))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!(
            "the programs are not there and {} could not build them:\n{}",
            script.display(),
            stderr.trim()
        );
    }
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if !folder.is_dir() {
        bail!(
            "{} names {}, which is no folder",
            script.display(),
            folder.display()
        );
    }
    Ok(folder)
}
