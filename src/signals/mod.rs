//! What knows a cluster from outside of it: Prometheus, Alertmanager and Amazon EKS, asked by their HTTP APIs, read-only. Every
//! answer has a size limit and a time limit.

pub mod alertmanager;
pub mod eks;
#[cfg(test)]
pub(crate) mod fake;
mod http;
pub mod prometheus;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

/// Where such a source answers, and how it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Without a slash at its end, and without credentials.
    pub url: String,
    /// The file of a bearer token, read anew each time: such tokens are rotated.
    pub token_file: Option<PathBuf>,
    /// The file of the certificate authorities that vouch for it, beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// The labels that tell this cluster where one source serves several.
    pub labels: Vec<(String, String)>,
}

impl Endpoint {
    /// One without a token at that address.
    pub fn at(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), ..Self::default() }
    }

    /// What every selector is to hold: `cluster="prod"`.
    fn matchers(&self) -> Vec<String> {
        self.labels.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect()
    }
}

/// As PromQL and Alertmanager write a text.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
