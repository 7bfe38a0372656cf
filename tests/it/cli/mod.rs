//! The binary as people and scripts meet it: what it prints, where, and with which exit status.

mod contract;
mod demo;
mod forms;
mod half;
mod reach;
mod rights;
mod since;
mod words;

use crate::world::shapes::Covered;
use control_plane::{ControlPlane, Identity};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::NamedTempFile;

/// A port that nobody listens on: it was ours a moment ago.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One call of the binary, in an environment that holds nothing of the machine's.
struct Call {
    command: Command,
    _home: tempfile::TempDir,
}

/// What came of it.
#[derive(Debug)]
struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn roundsman(arguments: &[&str]) -> Call {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman"));
    command.args(arguments).env_clear().env("HOME", home.path()).current_dir(home.path()).stdin(Stdio::null());
    Call { command, _home: home }
}

impl Call {
    fn with(mut self, kubeconfig: &Kubeconfig) -> Self {
        self.command.arg("--kubeconfig").arg(kubeconfig.path());
        self
    }

    fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    #[track_caller]
    fn run(mut self) -> Ran {
        let output = self.command.output().unwrap();
        let ran = Ran {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!((0..=2).contains(&ran.status) && !ran.err.contains("panicked"), "{ran:?}");
        ran
    }
}

impl Ran {
    /// It ended like this, and said one thing on the error output, if anything: nothing but the message that begins so.
    #[track_caller]
    fn failed(&self, status: i32, message: &str) -> &str {
        assert_eq!((self.status, self.out.as_str()), (status, ""), "{self:?}");
        let said = self.err.strip_prefix("roundsman: ").and_then(|said| said.strip_suffix('\n'));
        let said = said.filter(|said| said.starts_with(message) && !said.contains('\n'));
        said.unwrap_or_else(|| panic!("not the one line {message:?}: {self:?}"))
    }

    /// It ended like this, and nothing went to the error output.
    #[track_caller]
    fn printed(&self, status: i32) -> &str {
        assert_eq!((self.status, self.err.as_str()), (status, ""), "{self:?}");
        &self.out
    }

    #[track_caller]
    fn json(&self, status: i32) -> Value {
        serde_json::from_str(self.printed(status)).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A kubeconfig file with one context, `prod`.
struct Kubeconfig {
    file: NamedTempFile,
    _covered: Option<Covered>,
}

impl Kubeconfig {
    /// Of the test's control plane, for this identity.
    fn of(plane: &ControlPlane, identity: Identity) -> Self {
        let file = Self::at(&plane.url(), plane.token(identity), Some(plane.ca_file()));
        Self { _covered: Some(Covered::on(plane)), ..file }
    }

    /// The same for a ServiceAccount.
    fn of_account(plane: &ControlPlane, file: PathBuf) -> Self {
        let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let token = file["users"][0]["user"]["token"].as_str().unwrap();
        let file = Self::at(&plane.url(), token, Some(plane.ca_file()));
        Self { _covered: Some(Covered::on(plane)), ..file }
    }

    fn at(server: &str, token: &str, authority: Option<PathBuf>) -> Self {
        Self::with(server, authority, json!({ "token": token }))
    }

    fn with(server: &str, authority: Option<PathBuf>, user: Value) -> Self {
        let mut cluster = json!({ "server": server });
        if let Some(authority) = authority {
            cluster["certificate-authority"] = json!(authority);
        }
        Self::text(json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "prod",
            "contexts": [{ "name": "prod", "context": { "cluster": "prod", "user": "me" } }],
            "clusters": [{ "name": "prod", "cluster": cluster }],
            "users": [{ "name": "me", "user": user }],
        }))
    }

    fn text(text: impl ToString) -> Self {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.to_string().as_bytes()).unwrap();
        Self { file, _covered: None }
    }

    fn path(&self) -> &std::path::Path {
        self.file.path()
    }
}

/// Two Services that nobody answers, and one that is fine.
const LOST_SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: { name: search }
spec: { selector: { app: search-api }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: basket }
spec: { selector: { app: basket-api }, ports: [{ port: 80 }] }
";

/// Late enough that everything which a test makes now is old enough to be reported.
fn in_an_hour() -> String {
    let now = roundsman::clock::Clock::system().now();
    (now + Duration::from_secs(3600)).to_rfc3339()
}
