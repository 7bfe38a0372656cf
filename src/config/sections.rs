//! The parts of the configuration that are about connections: clusters, chat platforms, API, model.

use super::{
    Environment,
    reader::{Mistakes, Placed, Table},
    sources,
};
use crate::{
    channel::Access,
    cluster::{self, Sources},
};
use secrecy::SecretString;
use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

/// One cluster and the identities that it is reached with.
#[derive(Debug, Clone)]
pub struct ClusterSettings {
    /// The name that people use.
    pub name: String,
    /// The identity that reads.
    pub reader: Endpoint,
    /// The identity that repairs; without it the bot only advises for this cluster.
    pub writer: Option<Endpoint>,
    /// Read Secrets too (metadata, key names, TLS certificates).
    pub secrets: bool,
    /// One deadline for a whole inspection.
    pub deadline: Duration,
    /// The address people know the cluster's Alertmanager label by: the value of the `cluster` label, if not `name`.
    pub alert_label: Option<String>,
    /// What it offers beside its lists.
    pub sources: Sources,
}

/// How to reach an API server with one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The ServiceAccount of the pod that the bot runs in.
    InCluster,
    /// A context of a kubeconfig; no file means `KUBECONFIG` or `~/.kube/config`, no context the current one.
    Kubeconfig {
        /// The file.
        file: Option<PathBuf>,
        /// The context.
        context: Option<String>,
    },
}

/// Telegram.
#[derive(Debug, Clone)]
pub struct TelegramSettings {
    /// From BotFather.
    pub token: SecretString,
    /// Another Bot API server than Telegram's own.
    pub api_url: Option<String>,
}

/// Discord.
#[derive(Debug, Clone)]
pub struct DiscordSettings {
    /// The bot's token.
    pub token: SecretString,
    /// Another REST server than Discord's own.
    pub api_url: Option<String>,
    /// Register the commands in these guilds (at once) instead of globally.
    pub guilds: Vec<String>,
}

/// The HTTP API.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Loopback unless told otherwise.
    pub listen: SocketAddr,
    /// Who may call it.
    pub tokens: Vec<ApiToken>,
    /// Where alerts go.
    pub routes: Vec<Route>,
}

/// A caller of the API.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// For the audit.
    pub name: String,
    /// The bearer token.
    pub token: SecretString,
    /// The clusters that it may name; empty means all.
    pub clusters: Vec<String>,
}

/// Which alerts go to which channel; the first that matches is taken.
#[derive(Debug, Clone)]
pub struct Route {
    /// The cluster; `None` matches every one.
    pub cluster: Option<String>,
    /// Labels that the alert must carry, each as `name=value`.
    pub labels: Vec<(String, String)>,
    /// The `name` of a `[[channel]]`.
    pub channel: String,
}

/// An OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Up to and with `/v1`.
    pub base_url: String,
    /// The model's name.
    pub name: String,
    /// Where the endpoint wants one.
    pub api_key: Option<SecretString>,
    /// Model calls in one answer.
    pub max_steps: u32,
    /// For one answer, all steps together.
    pub timeout: Duration,
    /// Tokens in one answer, prompts and replies together.
    pub max_tokens: u32,
}

impl Endpoint {
    /// The same, as clusters are connected to.
    pub fn access(&self) -> cluster::Access {
        match self {
            Self::InCluster => cluster::Access::InCluster,
            Self::Kubeconfig { file, context } => {
                cluster::Access::Kubeconfig { path: file.clone(), context: context.clone() }
            }
        }
    }
}

/// Where relative paths and variables come from.
pub(super) struct Source<'a> {
    pub(super) folder: &'a Path,
    pub(super) environment: Environment<'a>,
    pub(super) kubeconfigs: Kubeconfigs,
}

/// Whether it is a mistake when a kubeconfig is not there, or lacks its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kubeconfigs {
    /// It is: somebody asks whether all is well.
    Looked,
    /// It is not: it may be different where and when a cluster is connected to.
    Left,
}

impl Source<'_> {
    pub(super) fn path(&self, text: Option<Placed<String>>) -> PathBuf {
        let Some((text, _)) = text else { return PathBuf::new() };
        match text.strip_prefix("~/").zip((self.environment)("HOME")) {
            Some((rest, home)) => Path::new(&home).join(rest),
            None => self.folder.join(text),
        }
    }

    /// A secret from `KEY_file` or `KEY_env`; never from the configuration itself, which people commit.
    fn secret(
        &self,
        table: &mut Table<'_>,
        keys: (&'static str, &'static str, &'static str),
        mistakes: &mut Mistakes,
    ) -> Option<SecretString> {
        let (plain, file, variable) = keys;
        let written = table.text(plain, mistakes);
        let named = (table.text(variable, mistakes), table.text(file, mistakes));
        if let Some((_, span)) = written {
            mistakes.at(&span, format!("{plain} does not belong into this file; write {file} or {variable} instead"));
            return None;
        }
        let (value, span, origin) = match named {
            (None, None) => return None,
            (Some(_), Some((_, span))) => {
                mistakes.at(&span, format!("{file} and {variable} exclude each other; write one of them"));
                return None;
            }
            (Some((name, span)), None) => {
                ((self.environment)(&name).ok_or("is not set".to_owned()), span, format!("the variable {name}"))
            }
            (None, Some((name, span))) => {
                let path = self.path(Some((name, span.clone())));
                let value = std::fs::read_to_string(&path).map_err(|error| format!("cannot be read: {error}"));
                (value, span, format!("the file {}", path.display()))
            }
        };
        match value.as_deref().map(str::trim) {
            Ok("") => {
                mistakes.at(&span, format!("{origin} is empty"));
                None
            }
            Ok(value) => Some(SecretString::from(value)),
            Err(why) => {
                mistakes.at(&span, format!("{origin} {why}"));
                None
            }
        }
    }
}

pub(super) fn clusters(root: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Vec<ClusterSettings> {
    let mut clusters: Vec<ClusterSettings> = Vec::new();
    for mut table in root.tables("cluster", mistakes) {
        let name = table.required("name", mistakes);
        let reader = endpoint(&mut table, source, mistakes);
        let writer = table.table("writer", mistakes).map(|mut writer| {
            let endpoint = endpoint(&mut writer, source, mistakes);
            writer.done(mistakes);
            endpoint
        });
        let secrets = table.flag("secrets", false, mistakes);
        let deadline = Duration::from_secs(table.number("deadline_seconds", 60, 5..=600, mistakes));
        let alert_label = table.text("alert_label", mistakes).map(|(text, _)| text);
        let sources = sources::read(&mut table, source, mistakes);
        table.done(mistakes);
        let Some((name, span)) = name else { continue };
        if !is_name(&name) {
            mistakes.at(&span, format!("cluster name \"{name}\": use letters, digits, '-', '_' and '.', at most 63"));
        }
        if clusters.iter().any(|known| known.name == name) {
            mistakes.at(&span, format!("there are two clusters called \"{name}\""));
            continue;
        }
        clusters.push(ClusterSettings { name, reader, writer, secrets, deadline, alert_label, sources });
    }
    if clusters.is_empty() {
        mistakes
            .whole("no [[cluster]] is configured; write at least one, with a name and a context or in_cluster = true");
    }
    clusters
}

/// Says when something names a cluster that is not configured.
pub(super) fn known_cluster(clusters: &[&str], name: &str, span: &Range<usize>, mistakes: &mut Mistakes) {
    if !clusters.contains(&name) {
        mistakes.at(span, format!("there is no [[cluster]] called \"{name}\""));
    }
}

fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn endpoint(table: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Endpoint {
    let in_cluster = table.flag("in_cluster", false, mistakes);
    let file = table.text("kubeconfig", mistakes);
    let context = table.text("context", mistakes);
    if let (true, Some((_, span))) = (in_cluster, file.as_ref().or(context.as_ref())) {
        mistakes.at(span, "in_cluster = true and a kubeconfig exclude each other");
    }
    if in_cluster {
        return Endpoint::InCluster;
    }
    let place = context.as_ref().or(file.as_ref()).map(|(_, span)| span.clone());
    let endpoint = Endpoint::Kubeconfig {
        file: file.map(|file| source.path(Some(file))),
        context: context.map(|(context, _)| context),
    };
    match (place, source.kubeconfigs) {
        (None, _) => {
            mistakes.at(&table.span(), "say how to reach it: context = \"…\", kubeconfig = \"…\" or in_cluster = true")
        }
        (Some(place), Kubeconfigs::Looked) => {
            endpoint.access().check().unwrap_or_else(|why| mistakes.at(&place, why));
        }
        (Some(_), Kubeconfigs::Left) => {}
    }
    endpoint
}

pub(super) fn telegram(root: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Option<TelegramSettings> {
    let mut table = root.table("telegram", mistakes)?;
    let token = token(&mut table, source, mistakes);
    let api_url = url(&mut table, "api_url", mistakes);
    table.done(mistakes);
    Some(TelegramSettings { token: token?, api_url })
}

pub(super) fn discord(root: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Option<DiscordSettings> {
    let mut table = root.table("discord", mistakes)?;
    let token = token(&mut table, source, mistakes);
    let api_url = url(&mut table, "api_url", mistakes);
    let guilds = table.texts("guilds", mistakes).unwrap_or_default().into_iter().map(|(id, _)| id).collect();
    table.done(mistakes);
    Some(DiscordSettings { token: token?, api_url, guilds })
}

/// The token of a platform or of an API caller, which must be there.
fn token(table: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Option<SecretString> {
    let before = mistakes.count();
    let token = source.secret(table, ("token", "token_file", "token_env"), mistakes);
    if token.is_none() && mistakes.count() == before {
        mistakes.at(&table.span(), "the token is missing; write token_file = \"…\" or token_env = \"…\"");
    }
    token
}

pub(super) fn url(table: &mut Table<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<String> {
    let (text, span) = table.text(key, mistakes)?;
    if !text.starts_with("http://") && !text.starts_with("https://") {
        mistakes.at(&span, format!("{key} must begin with http:// or https://"));
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

pub(super) fn listen(table: &mut Table<'_>, default: SocketAddr, mistakes: &mut Mistakes) -> SocketAddr {
    let Some((text, span)) = table.text("listen", mistakes) else { return default };
    text.parse().unwrap_or_else(|_| {
        mistakes.at(&span, format!("listen must be ADDRESS:PORT such as {default}, not \"{text}\""));
        default
    })
}

pub(super) fn api(
    root: &mut Table<'_>,
    source: &Source<'_>,
    (clusters, access): (&[&str], &Access),
    console: Option<SocketAddr>,
    mistakes: &mut Mistakes,
) -> Option<ApiSettings> {
    let mut table = root.table("api", mistakes)?;
    let listen = listen(&mut table, SocketAddr::from(([127, 0, 0, 1], 8080)), mistakes);
    if let Some(console) = console.filter(|console| collide(*console, listen)) {
        mistakes.at(&table.place("listen"), format!("the console listens on {console} already"));
    }
    let mut tokens = Vec::new();
    for mut entry in table.tables("token", mistakes) {
        let name = entry.required("name", mistakes);
        let named = entry.texts("clusters", mistakes).unwrap_or_default();
        named.iter().for_each(|(cluster, span)| known_cluster(clusters, cluster, span, mistakes));
        let token = token(&mut entry, source, mistakes);
        entry.done(mistakes);
        if let (Some((name, _)), Some(token)) = (name, token) {
            tokens.push(ApiToken { name, token, clusters: named.into_iter().map(|(cluster, _)| cluster).collect() });
        }
    }
    let mut routes = Vec::new();
    for mut entry in table.tables("route", mistakes) {
        let cluster = entry.text("cluster", mistakes).map(|(cluster, span)| {
            known_cluster(clusters, &cluster, &span, mistakes);
            cluster
        });
        let mut labels = Vec::new();
        for (label, span) in entry.texts("labels", mistakes).unwrap_or_default() {
            match label.split_once('=') {
                Some((name, value)) => labels.push((name.trim().to_owned(), value.trim().to_owned())),
                None => mistakes.at(&span, format!("a label of a route is written name=value, not \"{label}\"")),
            }
        }
        let channel = entry.required("channel", mistakes);
        entry.done(mistakes);
        if let Some((channel, span)) = channel {
            if access.by_name(&channel).is_none() {
                mistakes.at(&span, format!("there is no [[channel]] called \"{channel}\""));
            }
            routes.push(Route { cluster, labels, channel });
        }
    }
    table.done(mistakes);
    Some(ApiSettings { listen, tokens, routes })
}

/// Whether only one of two servers can listen, each on its address; port 0 takes a free one.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same_ip = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    same_ip && one.port() == other.port() && one.port() != 0
}

pub(super) fn model(root: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Option<ModelSettings> {
    let mut table = root.table("model", mistakes)?;
    let base_url = table.required("base_url", mistakes).is_some().then(|| url(&mut table, "base_url", mistakes));
    let name = table.required("name", mistakes);
    let api_key = source.secret(&mut table, ("api_key", "api_key_file", "api_key_env"), mistakes);
    let max_steps = table.number("max_steps", 12, 1..=50, mistakes);
    let seconds = table.number("timeout_seconds", 120, 5..=900, mistakes);
    let max_tokens = table.number("max_tokens", 60_000, 1_000..=2_000_000, mistakes);
    table.done(mistakes);
    Some(ModelSettings {
        base_url: base_url??,
        name: name?.0,
        api_key,
        // The bounds above keep both within 32 bits.
        max_steps: u32::try_from(max_steps).unwrap_or(u32::MAX),
        timeout: Duration::from_secs(seconds),
        max_tokens: u32::try_from(max_tokens).unwrap_or(u32::MAX),
    })
}
