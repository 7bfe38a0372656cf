//! The one typed configuration, and the only reader of the environment.
//!
//! [`Config::parse`] reports every mistake of the file at once, each with its line.

mod attention;
mod console;
mod people;
mod reader;
mod sections;
mod sources;

pub use console::{ConsoleSettings, ConsoleUser};
pub use reader::Mistake;
pub use sections::{
    ApiSettings, ApiToken, ClusterSettings, DiscordSettings, Endpoint, ModelSettings, Route, TelegramSettings,
};

use crate::{
    agent::Prompts,
    channel::Access,
    inspection::{archive::Retention, attention::StandingOrders},
    repair::Policy,
};
use reader::{Mistakes, Table};
use sections::{Kubeconfigs, Source};
use std::{
    fmt,
    path::{Path, PathBuf},
};
use toml::{Spanned, de::DeTable};

/// Everything that `roundsman run` is told.
#[derive(Debug)]
pub struct Config {
    /// Where the store lives.
    pub data_dir: PathBuf,
    /// The IANA zone of schedules that name none; without it every schedule must name one.
    pub time_zone: Option<chrono_tz::Tz>,
    /// The built-in prompts, replaced by the `*.md` of a folder where one is named.
    pub prompts: Prompts,
    /// At least one.
    pub clusters: Vec<ClusterSettings>,
    /// Where configured.
    pub telegram: Option<TelegramSettings>,
    /// Where configured.
    pub discord: Option<DiscordSettings>,
    /// Where configured.
    pub console: Option<ConsoleSettings>,
    /// Where configured.
    pub api: Option<ApiSettings>,
    /// Without it the commands answer by themselves.
    pub model: Option<ModelSettings>,
    /// Who is listed.
    pub access: Access,
    /// What may be repaired.
    pub repair: Policy,
    /// What is muted, and where severities and numbers are others.
    pub standing: StandingOrders,
    /// How long reports are kept.
    pub retention: Retention,
}

/// What the bot may do in which clusters.
#[derive(Debug)]
pub struct Rights {
    /// At least one.
    pub clusters: Vec<ClusterSettings>,
    /// What may be repaired.
    pub policy: Policy,
}

/// A configuration file that cannot be used, with every reason.
#[derive(Debug)]
pub struct Mistaken {
    /// The file.
    pub path: PathBuf,
    /// In the order of their lines.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for Mistaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.mistakes.len();
        write!(f, "{}: {count} mistake{}", self.path.display(), if count == 1 { "" } else { "s" })?;
        for mistake in &self.mistakes {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistaken {}

/// Looks a variable of the environment up; the type that lets tests bring an environment of their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own environment.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var(name).ok()
}

impl Config {
    /// Reads a file and the secrets that it names.
    ///
    /// # Errors
    /// Every mistake of the file, of the secret files that it names and of the variables that it names.
    pub fn load(path: &Path, environment: Environment<'_>) -> Result<Self, Mistaken> {
        Self::load_with(path, environment, Kubeconfigs::Left)
    }

    /// The same for somebody who asks whether all is well: looks at the kubeconfigs too, which the bot can start without.
    ///
    /// # Errors
    /// Every mistake as above, and every identity that its kubeconfig does not have.
    pub fn check(path: &Path, environment: Environment<'_>) -> Result<Self, Mistaken> {
        Self::load_with(path, environment, Kubeconfigs::Looked)
    }

    fn load_with(path: &Path, environment: Environment<'_>, kubeconfigs: Kubeconfigs) -> Result<Self, Mistaken> {
        let mistaken = |mistakes| Mistaken { path: path.to_owned(), mistakes };
        let text = std::fs::read_to_string(path).map_err(|error| {
            let text = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "there is no such file; name it with --config. docs/roundsman.example.toml has every key".to_owned()
                }
                _ => format!("cannot be read: {error}"),
            };
            mistaken(vec![Mistake { line: 0, text }])
        })?;
        let source = Source { folder: path.parent().unwrap_or(Path::new(".")), environment, kubeconfigs };
        Self::parse_with(&text, &source).map_err(mistaken)
    }

    /// Reads the text of a file; relative paths in it are taken from `folder`.
    ///
    /// # Errors
    /// Every mistake.
    pub fn parse(text: &str, folder: &Path, environment: Environment<'_>) -> Result<Self, Vec<Mistake>> {
        Self::parse_with(text, &Source { folder, environment, kubeconfigs: Kubeconfigs::Left })
    }

    fn parse_with(text: &str, source: &Source<'_>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::new(text);
        let document = document(text, &mut mistakes);
        if mistakes.count() > 0 {
            return Err(mistakes.finish());
        }
        let mut root = Table::root(&document);
        let data_dir = source.path(root.required("data_dir", &mut mistakes));
        let prompts = prompts(&mut root, source, &mut mistakes);
        let time_zone = time_zone(&mut root, &mut mistakes);
        let clusters = sections::clusters(&mut root, source, &mut mistakes);
        let telegram = sections::telegram(&mut root, source, &mut mistakes);
        let discord = sections::discord(&mut root, source, &mut mistakes);
        let model = sections::model(&mut root, source, &mut mistakes);
        let names: Vec<&str> = clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        let (access, people) = people::access(&mut root, &names, &mut mistakes);
        let console = console::read(&mut root, &access, &mut mistakes);
        let repair = people::policy(&mut root, &names, &people, &mut mistakes);
        let (standing, retention) = attention::read(&mut root, Some(&names), time_zone, &mut mistakes);
        let listening = console.as_ref().map(|console| console.listen);
        let api = sections::api(&mut root, source, (&names, &access), listening, &mut mistakes);
        root.done(&mut mistakes);
        let found = mistakes.finish();
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self {
            data_dir,
            time_zone,
            prompts,
            clusters,
            telegram,
            discord,
            console,
            api,
            model,
            access,
            repair,
            standing,
            retention,
        })
    }

    /// Reads only what a file says about all inspections: neither its secrets nor anything else of it.
    ///
    /// # Errors
    /// Every mistake in that part of the file.
    pub fn standing_orders(path: &Path) -> Result<StandingOrders, Mistaken> {
        part(path, |root, mistakes| {
            let time_zone = time_zone(root, mistakes);
            attention::read(root, None, time_zone, mistakes).0
        })
    }

    /// Reads only what a file says about what the bot may do in clusters, and no secrets.
    ///
    /// # Errors
    /// Every mistake in that part of the file.
    pub fn rights(path: &Path) -> Result<Rights, Mistaken> {
        part(path, |root, mistakes| {
            let folder = path.parent().unwrap_or(Path::new("."));
            let source = Source { folder, environment: &|_| None, kubeconfigs: Kubeconfigs::Left };
            let clusters = sections::clusters(root, &source, mistakes);
            let names: Vec<&str> = clusters.iter().map(|cluster| cluster.name.as_str()).collect();
            let (_, people) = people::access(root, &names, mistakes);
            let policy = people::policy(root, &names, &people, mistakes);
            Rights { clusters, policy }
        })
    }
}

/// Reads a part of a file.
fn part<T>(path: &Path, read: impl FnOnce(&mut Table<'_>, &mut Mistakes) -> T) -> Result<T, Mistaken> {
    let mistaken = |mistakes| Mistaken { path: path.to_owned(), mistakes };
    let text = std::fs::read_to_string(path)
        .map_err(|error| mistaken(vec![Mistake { line: 0, text: format!("cannot be read: {error}") }]))?;
    let mut mistakes = Mistakes::new(&text);
    let document = document(&text, &mut mistakes);
    if mistakes.count() > 0 {
        return Err(mistaken(mistakes.finish()));
    }
    let value = read(&mut Table::root(&document), &mut mistakes);
    let found = mistakes.finish();
    if found.is_empty() { Ok(value) } else { Err(mistaken(found)) }
}

/// The document, as far as it is TOML: of one with mistakes nothing else is to be said, because half of it is missing.
fn document<'t>(text: &'t str, mistakes: &mut Mistakes) -> Spanned<DeTable<'t>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        mistakes.at(&error.span().unwrap_or(0..0), error.message().to_owned());
    }
    document
}

fn prompts(root: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Prompts {
    let Some((text, span)) = root.text("prompts_dir", mistakes) else { return Prompts::built_in() };
    Prompts::load(Some(&source.path(Some((text, span.clone()))))).unwrap_or_else(|error| {
        mistakes.at(&span, format!("{error:#}"));
        Prompts::built_in()
    })
}

fn time_zone(root: &mut Table<'_>, mistakes: &mut Mistakes) -> Option<chrono_tz::Tz> {
    let (name, span) = root.text("time_zone", mistakes)?;
    let zone = name.parse().ok();
    if zone.is_none() {
        mistakes.at(&span, format!("\"{name}\" is not an IANA time zone such as Europe/Berlin"));
    }
    zone
}

#[cfg(test)]
mod mistake_tests;
#[cfg(test)]
mod tests;
