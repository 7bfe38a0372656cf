//! The binary itself, as a process: what it prints, what it logs, how it ends.

use super::{PATIENCE, eventually};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

/// Runs the binary to its end.
pub(crate) async fn roundsman(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::from(command(folder));
    let ending = command.args(arguments).kill_on_drop(true).output();
    let ended = tokio::time::timeout(PATIENCE, ending).await;
    ended.unwrap_or_else(|_| panic!("roundsman {arguments:?} does not end")).unwrap()
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman"));
    command.current_dir(folder).env_remove("KUBECONFIG").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// `roundsman run` with the configuration `roundsman.toml` of a folder. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn run(folder: &Path, log_filter: &str) -> Self {
        let log = folder.join("log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = command(folder);
        command.arg("run").env("ROUNDSMAN_LOG", log_filter).stdout(Stdio::null()).stderr(file);
        Self { child: command.spawn().unwrap(), log }
    }

    /// All that it and its forerunners in this folder have logged.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until the log says this.
    pub(crate) async fn says(&self, text: &str) {
        eventually(&format!("the log to say {text:?}"), async || self.log().contains(text).then_some(())).await;
    }

    /// The address of the API, which the log tells.
    pub(crate) async fn api(&self) -> String {
        format!("http://{}", self.tells("the API listens", "api").await)
    }

    /// The address of the web chat, which the log tells.
    pub(crate) async fn console(&self) -> String {
        self.tells("the console listens", "url").await
    }

    /// A field of the log's last line that says this.
    async fn tells(&self, says: &str, field: &str) -> String {
        eventually(says, async || {
            let log = self.log();
            let line = log.lines().rev().find(|line| line.contains(says))?;
            let value = line.split(&format!("{field}=")).nth(1)?.split_whitespace().next()?;
            Some(value.trim_matches('"').to_owned())
        })
        .await
    }

    /// What a pod's end begins with.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        eventually("the end of the process", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or a test failed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
