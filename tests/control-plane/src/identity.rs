//! Who asks the API server, and with what rights.
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

/// An identity with a token of its own. RBAC decides what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// May do everything; arranges the cluster. Not in the audit log.
    Admin,
    /// The bot's reading identity: `deploy/rbac/reader.yaml`.
    Reader,
    /// The same with the optional `deploy/rbac/reader-secrets.yaml`.
    SecretsReader,
    /// The bot's writing identity: `deploy/rbac/writer.yaml`.
    Writer,
    /// Known to the API server, bound to no role.
    Nobody,
}

impl Identity {
    pub const ALL: [Identity; 5] =
        [Identity::Admin, Identity::Reader, Identity::SecretsReader, Identity::Writer, Identity::Nobody];

    /// The user name that RBAC and the audit log know.
    pub fn user(self) -> &'static str {
        match self {
            Identity::Admin => "admin",
            Identity::Reader => "roundsman-reader",
            Identity::SecretsReader => "roundsman-secrets-reader",
            Identity::Writer => "roundsman-writer",
            Identity::Nobody => "nobody",
        }
    }
}

/// The control plane's own programs; each with a user name of its own, so that the audit log can leave them out.
pub(crate) const PROGRAM_USERS: [&str; 3] = ["control-plane-manager", "control-plane-scheduler", "control-plane-kwok"];

/// One random token per identity and program.
pub(crate) struct Tokens {
    identities: [String; Identity::ALL.len()],
    programs: [String; PROGRAM_USERS.len()],
}

impl Tokens {
    pub(crate) fn random() -> anyhow::Result<Tokens> {
        let mut bytes = [0_u8; 16 * (Identity::ALL.len() + PROGRAM_USERS.len())];
        fs::File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut bytes))
            .context("/dev/urandom cannot be read")?;
        let mut tokens = bytes.chunks(16).map(|chunk| {
            chunk.iter().fold(String::new(), |mut text, byte| {
                // Writing to a String does not fail.
                write!(text, "{byte:02x}").ok();
                text
            })
        });
        let mut next = || tokens.next().unwrap_or_default();
        Ok(Tokens { identities: std::array::from_fn(|_| next()), programs: std::array::from_fn(|_| next()) })
    }

    pub(crate) fn of(&self, identity: Identity) -> &str {
        let [admin, reader, secrets_reader, writer, nobody] = &self.identities;
        match identity {
            Identity::Admin => admin,
            Identity::Reader => reader,
            Identity::SecretsReader => secrets_reader,
            Identity::Writer => writer,
            Identity::Nobody => nobody,
        }
    }

    /// Writes the API server's token file and the kubeconfig of everyone.
    pub(crate) fn write(&self, dir: &Path, api_port: u16) -> anyhow::Result<()> {
        let mut lines = String::new();
        let mut add = |user: &str, token: &str, group: &str| {
            lines.push_str(&format!("{token},{user},{user},\"{group}\"\n"));
        };
        for identity in Identity::ALL {
            let group = match identity {
                Identity::Admin => "system:masters",
                Identity::Reader | Identity::SecretsReader | Identity::Writer | Identity::Nobody => "people",
            };
            add(identity.user(), self.of(identity), group);
            write_kubeconfig(&kubeconfig_path(dir, identity), api_port, &dir.join("ca.crt"), self.of(identity))?;
        }
        for (user, token) in PROGRAM_USERS.iter().zip(&self.programs) {
            add(user, token, "system:masters");
            write_kubeconfig(&program_kubeconfig_path(dir, user), api_port, &dir.join("ca.crt"), token)?;
        }
        fs::write(dir.join("tokens.csv"), lines).context("tokens.csv cannot be written")
    }
}

pub(crate) fn kubeconfig_path(dir: &Path, identity: Identity) -> PathBuf {
    program_kubeconfig_path(dir, identity.user())
}

pub(crate) fn program_kubeconfig_path(dir: &Path, user: &str) -> PathBuf {
    dir.join(format!("{user}.kubeconfig"))
}

pub(crate) fn write_kubeconfig(path: &Path, api_port: u16, ca: &Path, token: &str) -> anyhow::Result<()> {
    let name = "roundsman-test";
    // JSON is YAML.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
        "clusters": [{ "name": name, "cluster": {
            "server": format!("https://127.0.0.1:{api_port}"),
            "certificate-authority": ca,
        } }],
        "users": [{ "name": name, "user": { "token": token } }],
    });
    fs::write(path, serde_json::to_vec_pretty(&config)?)
        .with_context(|| format!("{} cannot be written", path.display()))
}
