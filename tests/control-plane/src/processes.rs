//! The child processes of a control plane, and that none outlives the test, not even one that is killed with SIGKILL.
//!
//! All of them join the process group of a watchdog: a shell that reads a pipe whose other end only this process holds. When the
//! pipe closes, because we drop it or because we died, the watchdog kills the group and removes the files.
//! (`PR_SET_PDEATHSIG` would not do: it fires when the *thread* that started the child ends, and tests are threads.)
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, bail};

/// `$1` is the folder. Its own process group would die with the group, so the last step runs in a session of its own.
const WATCHDOG: &str =
    r#"cat >/dev/null; exec setsid sh -c 'kill -9 -"$1"; rm -rf -- "$2"' sh "$$" "$1" </dev/null >/dev/null 2>&1"#;

/// One program of a running control plane.
#[derive(Clone, Debug)]
pub struct Process {
    pub name: &'static str,
    pub pid: u32,
}

impl Process {
    /// Resident memory in bytes now, and at its highest.
    ///
    /// # Errors
    /// The process is gone.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let path = format!("/proc/{}/status", self.pid);
        let status = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
                .map(|kib| kib * 1024)
                .with_context(|| format!("{path} has no {name}"))
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }
}

pub(crate) struct Processes {
    dir: PathBuf,
    watchdog: Child,
    /// Closing it ends everything.
    lifeline: Option<ChildStdin>,
    children: Vec<(&'static str, Child)>,
}

impl Processes {
    /// Takes over `dir`: it is removed with the processes.
    pub(crate) fn new(dir: PathBuf) -> anyhow::Result<Processes> {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .arg(&dir)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the watchdog of the control plane does not start")?;
        let lifeline = watchdog.stdin.take();
        Ok(Processes { dir, watchdog, lifeline, children: Vec::new() })
    }

    /// Starts a program; what it prints goes to `<name>.log` in the folder.
    pub(crate) fn spawn(&mut self, name: &'static str, program: &Path, arguments: &[String]) -> anyhow::Result<()> {
        let log = File::create(self.log(name)).with_context(|| format!("the log of {name} cannot be written"))?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(&self.dir)
            // Nothing of the person who runs the tests, such as ~/.kube or ~/.kwok, may have a say.
            .env("HOME", &self.dir)
            .env_remove("KUBECONFIG")
            .process_group(i32::try_from(self.watchdog.id()).context("a process id above i32")?)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("a file handle cannot be cloned")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        self.children.push((name, child));
        Ok(())
    }

    /// Fails if a program has ended, with the end of its log.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for (name, child) in &mut self.children {
            if let Some(status) = child.try_wait().with_context(|| format!("{name} cannot be waited for"))? {
                bail!("{name} ended ({status}):\n{}", tail(&self.dir.join(format!("{name}.log"))));
            }
        }
        Ok(())
    }

    /// The end of every log, for a message.
    pub(crate) fn tails(&self) -> String {
        let tails = self.children.iter().map(|(name, _)| format!("--- {name}\n{}", tail(&self.log(name))));
        tails.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn list(&self) -> Vec<Process> {
        self.children.iter().map(|(name, child)| Process { name, pid: child.id() }).collect()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nothing to do about a wait that fails: the child is gone then, too.
        self.watchdog.wait().ok();
        for (_, child) in &mut self.children {
            child.wait().ok();
        }
        // The watchdog does it as well, a moment later: whoever looks after the drop finds nothing.
        fs::remove_dir_all(&self.dir).ok();
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
}
