//! A real Kubernetes control plane for tests: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok.
//!
//! `ControlPlane::shared()` is the one of a test run, with a namespace per story; faults of a whole cluster (nodes, versions,
//! an API server that goes away) take one of their own with `ControlPlane::start`. RBAC is on, every identity has its own
//! token, and the audit log tells exactly what each of them asked for.
//!
//! What is part of the harness and fails, fails the test: the methods panic with what the program said, at the caller's line.
#![expect(clippy::panic, reason = "a harness that cannot do its work is the failure of the test that uses it")]

mod audit;
mod binaries;
mod certificates;
mod identity;
mod logs;
mod ports;
mod processes;
mod start;

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

pub use crate::audit::{Audit, Cursor, Request};
pub use crate::identity::Identity;
pub use crate::logs::ContainerLogs;
pub use crate::processes::Process;

use crate::processes::Processes;

/// How long the harness waits for something that normally takes a second: loaded machines need the room.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Which programs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// etcd and kube-apiserver: nothing rewrites what a test writes through `/status`, and ten times the objects fit.
    Bare,
    /// `Bare` without admission: the server checks what an object is, and lets no other object have a say about it.
    Holding,
    /// All five and three ready nodes. The node lifecycle controller is off: on a loaded machine late heartbeats would turn
    /// every pod NotReady, for good.
    Full,
    /// `Full` with the node lifecycle controller: a node that is not ready is tainted and its pods are marked.
    NodeLifecycle,
}

/// A running control plane; dropped, or left behind by a killed test, it ends with all its processes and files.
pub struct ControlPlane {
    // Before `dir`: the processes end before their files go.
    processes: Processes,
    dir: PathBuf,
    profile: Profile,
    binaries: PathBuf,
    etcd_port: u16,
    api_port: u16,
    kubelet_port: u16,
    tokens: identity::Tokens,
    ca_pem: String,
    namespaces: AtomicUsize,
}

impl fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlPlane")
            .field("url", &self.url())
            .field("profile", &self.profile)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl ControlPlane {
    /// The control plane of this test run (`Profile::Full`), started by whoever asks first. Ends with the process.
    #[track_caller]
    pub fn shared() -> &'static ControlPlane {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| {
            ControlPlane::start(Profile::Full).unwrap_or_else(|error| panic!("no control plane for tests: {error:#}"))
        })
    }

    /// Starts a control plane of its own: 3 to 5 s, and some 300 MB (`Bare`) to 600 MB (`Full`) of memory.
    /// The programs are built first where that has not happened (minutes, once).
    ///
    /// # Errors
    /// The programs cannot be built, or one of them does not come up; the message carries the end of its log.
    pub fn start(profile: Profile) -> anyhow::Result<ControlPlane> {
        start::start(profile)
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port)
    }

    /// Where etcd answers, also as JSON (`/v3/kv/…`): for what an API server alone decides, such as when an object was made.
    pub fn etcd_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.etcd_port)
    }

    /// The certificate authority of the API server, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The same as a file.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.crt")
    }

    pub fn token(&self, identity: Identity) -> &str {
        self.tokens.of(identity)
    }

    /// A kubeconfig file with one context, `roundsman-test`.
    pub fn kubeconfig(&self, identity: Identity) -> PathBuf {
        identity::kubeconfig_path(&self.dir, identity)
    }

    /// A kubeconfig file for a ServiceAccount, made if it is missing: for rights that no `Identity` has. The test binds the roles.
    #[track_caller]
    pub fn service_account(&self, namespace: &str, name: &str) -> PathBuf {
        if !self.try_kubectl(Identity::Admin, &["get", "serviceaccount", "-n", namespace, name]).status.success() {
            self.kubectl(&["create", "serviceaccount", "-n", namespace, name]);
        }
        let token = self.kubectl(&["create", "token", "-n", namespace, name, "--duration=24h"]);
        let path = self.dir.join(format!("{namespace}.{name}.kubeconfig"));
        identity::write_kubeconfig(&path, self.api_port, &self.ca_file(), token.trim())
            .unwrap_or_else(|error| panic!("{error:#}"));
        path
    }

    /// Makes a namespace that no other test has, and waits for its default ServiceAccount (pods need it). Returns its name.
    #[track_caller]
    pub fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed) + 1);
        self.kubectl(&["create", "namespace", &name]);
        match self.profile {
            Profile::Bare | Profile::Holding => self.kubectl(&["create", "serviceaccount", "-n", &name, "default"]),
            Profile::Full | Profile::NodeLifecycle => {
                self.kubectl(&["wait", "--for=create", "--timeout=120s", "-n", &name, "serviceaccount/default"])
            }
        };
        name
    }

    /// Applies manifests as the admin; objects without a namespace of their own go to `namespace`.
    #[track_caller]
    pub fn apply(&self, namespace: &str, yaml: &str) {
        let output = self.kubectl_with(Identity::Admin, &["apply", "-n", namespace, "-f", "-"], yaml);
        if !output.status.success() {
            panic!("kubectl apply failed: {}", said(&output));
        }
    }

    /// Writes the `status` of manifests as the admin, as a controller would; the objects must be there.
    #[track_caller]
    pub fn apply_status(&self, namespace: &str, yaml: &str) {
        let arguments =
            ["apply", "--server-side", "--force-conflicts", "--subresource=status", "-n", namespace, "-f", "-"];
        let output = self.kubectl_with(Identity::Admin, &arguments, yaml);
        if !output.status.success() {
            panic!("kubectl apply --subresource=status failed: {}", said(&output));
        }
    }

    /// Runs kubectl as the admin and returns what it printed.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.try_kubectl(Identity::Admin, arguments);
        if !output.status.success() {
            panic!("kubectl {} failed: {}", arguments.join(" "), said(&output));
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs kubectl as `identity`; a refusal is an answer here.
    #[track_caller]
    pub fn try_kubectl(&self, identity: Identity, arguments: &[&str]) -> Output {
        self.kubectl_with(identity, arguments, "")
    }

    /// Reads what `kubectl get` names, as JSON.
    #[track_caller]
    pub fn get(&self, namespace: &str, what: &[&str]) -> serde_json::Value {
        let arguments = [&["get", "-o", "json", "-n", namespace], what].concat();
        let text = self.kubectl(&arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("kubectl get {what:?} printed no JSON: {error}"))
    }

    /// The requests that were made by anyone but the admin and the control plane itself.
    pub fn audit(&self) -> Audit {
        Audit::new(self.dir.join("audit.log"))
    }

    /// What `kubectl logs` answers from now on for containers of this name in this namespace. Without it the kubelet says that
    /// it has no log.
    #[track_caller]
    pub fn set_logs(&self, namespace: &str, container: &str, logs: &ContainerLogs<'_>) {
        logs::set(self, namespace, container, logs)
            .unwrap_or_else(|error| panic!("the log could not be set: {error:#}"));
    }

    /// The running programs, for figures about memory.
    pub fn processes(&self) -> Vec<Process> {
        self.processes.list()
    }

    fn kubectl_command(&self, identity: Identity) -> Command {
        let mut command = Command::new(self.binaries.join("kubectl"));
        command
            .env("HOME", &self.dir)
            .env_remove("KUBECONFIG")
            .arg("--kubeconfig")
            .arg(self.kubeconfig(identity))
            .arg("--cache-dir")
            .arg(self.dir.join("kubectl-cache"));
        command
    }

    #[track_caller]
    fn kubectl_with(&self, identity: Identity, arguments: &[&str], stdin: &str) -> Output {
        let mut command = self.kubectl_command(identity);
        command.args(arguments);
        run(command, stdin).unwrap_or_else(|error| panic!("kubectl {}: {error:#}", arguments.join(" ")))
    }
}

/// Waits until `state` gives a value, looking every 50 ms, for as long as `PATIENCE`.
#[track_caller]
pub fn eventually<T>(what: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = state() {
            return value;
        }
        assert!(Instant::now() < until, "waited {} s in vain: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a program printed, for a message.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    format!("{}\n{}\n{}", output.status, text(&output.stderr), text(&output.stdout))
}

fn run(mut command: Command, stdin: &str) -> anyhow::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", command.get_program().display()))?;
    let mut pipe = child.stdin.take().context("no pipe to the program")?;
    // kubectl reads all of its input before it prints more than a pipe holds.
    let written = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().context("the program's output cannot be read")?;
    // A program that fails before it reads says why on stderr: that message is the better one.
    if output.status.success() {
        written.context("the program did not read its input")?;
    }
    Ok(output)
}

/// A folder of this package in the source tree.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
