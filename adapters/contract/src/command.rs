//! What a command is, and how a line is read as one.

use crate::grammar::GRAMMAR;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use thiserror::Error;

/// The commands. Closed: a new one must be answered everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandName {
    /// What can be asked.
    Help,
    /// The ids to write into the configuration.
    Whoami,
    /// A report on a schedule.
    Subscribe,
    /// No report any more.
    Unsubscribe,
    /// The schedules of this channel.
    Subscriptions,
    /// An inspection now.
    Inspect,
    /// A free question.
    Ask,
    /// The cause chain of one object.
    Why,
    /// A container's log.
    Logs,
    /// Events.
    Events,
    /// One object.
    Describe,
    /// The findings of the last report.
    Findings,
    /// Where the points of the last score went.
    Score,
    /// The last days as a picture.
    Trend,
    /// Somebody sees to a finding.
    Ack,
    /// A finding stays out of the reports for a while.
    Snooze,
    /// A sort of findings stays out of the reports.
    Mute,
    /// What was silenced is told again.
    Unmute,
    /// What is silenced.
    Muted,
    /// Repairs that wait for a decision, and the latest ones.
    Proposals,
    /// Propose a repair.
    Fix,
    /// Approve a proposal.
    Approve,
    /// Reject a proposal.
    Reject,
    /// Stop the question that is being worked on in this channel.
    Cancel,
}

/// One row of the grammar.
#[derive(Debug)]
pub struct CommandSpec {
    /// Which.
    pub name: CommandName,
    /// The word after the slash: 1 to 32 of `a-z0-9_` (Telegram), the same for Discord.
    pub word: &'static str,
    /// At most 100 characters (Discord's limit; Telegram allows 256).
    pub summary: &'static str,
    /// In the order in which they are written; required ones first (Discord insists).
    pub arguments: &'static [ArgumentSpec],
    /// One real line.
    pub example: &'static str,
}

/// One argument of a command.
#[derive(Debug)]
pub struct ArgumentSpec {
    /// The key in [`Invocation::arguments`], the slash command's option, and `--name` in text.
    pub name: &'static str,
    /// At most 100 characters.
    pub about: &'static str,
    /// How it is written.
    pub kind: ArgumentKind,
    /// Whether the command can be understood without it.
    pub required: bool,
}

/// How an argument is written in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// One word in its place.
    Word,
    /// The words that are left; options may stand among them.
    Words,
    /// Everything that is left, as it is.
    Verbatim,
    /// `--name VALUE` or `-x VALUE`.
    Option {
        /// The short letter.
        short: Option<char>,
    },
    /// `--name`, without a value; its value is `true`.
    Switch {
        /// The short letter.
        short: Option<char>,
    },
}

/// The row of a command.
pub fn spec(name: CommandName) -> &'static CommandSpec {
    // The table has every command (tested), so the fallback is never taken.
    GRAMMAR.iter().find(|spec| spec.name == name).unwrap_or(&GRAMMAR[GRAMMAR.len() - 1])
}

impl CommandSpec {
    /// The synopsis: `/why OBJECT [-n NAMESPACE] [--cluster CLUSTER]`.
    pub fn synopsis(&self) -> String {
        let mut line = format!("/{}", self.word);
        for argument in self.arguments {
            let value = argument.name.to_uppercase();
            let text = match argument.kind {
                ArgumentKind::Word => value,
                ArgumentKind::Words | ArgumentKind::Verbatim => format!("{value}…"),
                ArgumentKind::Option { short: Some(short) } => format!("-{short} {value}"),
                ArgumentKind::Option { short: None } => format!("--{} {value}", argument.name),
                ArgumentKind::Switch { .. } => format!("--{}", argument.name),
            };
            line.push_str(&if argument.required { format!(" {text}") } else { format!(" [{text}]") });
        }
        line
    }
}

/// A command with its arguments, by name; values are not checked beyond their presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Which command.
    pub command: CommandName,
    /// Values by [`ArgumentSpec::name`]; a switch that is on has `true`.
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
}

impl Invocation {
    /// A command with these arguments, as a platform with structured options has them. Empty values and a switch
    /// that is `false` count as absent.
    ///
    /// # Errors
    /// When an argument is unknown or a required one is missing.
    pub fn new(command: CommandName, given: impl IntoIterator<Item = (String, String)>) -> Result<Self, ParseError> {
        let spec = spec(command);
        let mut arguments = BTreeMap::new();
        for (name, value) in given {
            let Some(argument) = spec.arguments.iter().find(|argument| argument.name == name) else {
                return Err(ParseError::UnknownOption { option: name, usage: spec.synopsis() });
            };
            let off = matches!(argument.kind, ArgumentKind::Switch { .. }) && value == "false";
            if !off && !value.trim().is_empty() {
                arguments.insert(name, value.trim().to_owned());
            }
        }
        let invocation = Self { command, arguments };
        match spec.arguments.iter().find(|argument| argument.required && invocation.get(argument.name).is_none()) {
            Some(missing) => {
                Err(ParseError::Missing { argument: missing.name, usage: spec.synopsis(), example: spec.example })
            }
            None => Ok(invocation),
        }
    }

    /// The value of an argument.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).map(String::as_str)
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = spec(self.command);
        write!(f, "/{}", spec.word)?;
        for argument in spec.arguments {
            let Some(value) = self.get(argument.name) else { continue };
            match argument.kind {
                ArgumentKind::Word | ArgumentKind::Words | ArgumentKind::Verbatim => write!(f, " {value}")?,
                ArgumentKind::Option { .. } => write!(f, " --{} {value}", argument.name)?,
                ArgumentKind::Switch { .. } => write!(f, " --{}", argument.name)?,
            }
        }
        Ok(())
    }
}

/// Why a line is not a command; the text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// It does not begin with a slash and a word.
    #[error("this is not a command")]
    NotACommand,
    /// No such word.
    #[error("I do not know /{word}.{} /help lists what I know.", suggestion.map(|known| format!(" Did you mean /{known}?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        word: String,
        /// The nearest known word.
        suggestion: Option<&'static str>,
    },
    /// A required argument is missing.
    #[error("{argument} is missing. Write {usage}, for example: {example}")]
    Missing {
        /// Which.
        argument: &'static str,
        /// The synopsis.
        usage: String,
        /// One real line.
        example: &'static str,
    },
    /// An option that the command does not have.
    #[error("I do not know the option {option} here. Write {usage}")]
    UnknownOption {
        /// What was written.
        option: String,
        /// The synopsis.
        usage: String,
    },
    /// An option without its value.
    #[error("{option} needs a value. Write {usage}")]
    NoValue {
        /// Which option.
        option: String,
        /// The synopsis.
        usage: String,
    },
    /// More words than the command takes.
    #[error("I do not know what to do with \"{extra}\". Write {usage}")]
    Extra {
        /// The first word too many.
        extra: String,
        /// The synopsis.
        usage: String,
    },
}

/// Reads a line of text such as `/why deployment/checkout -n shop` or `/inspect@the_bot prod`.
///
/// # Errors
/// With what to write instead; [`ParseError::NotACommand`] when the line does not begin with a slash.
pub fn parse(line: &str) -> Result<Invocation, ParseError> {
    let line = line.trim();
    let rest = line.strip_prefix('/').ok_or(ParseError::NotACommand)?;
    let (head, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word = head.split('@').next().unwrap_or(head).to_lowercase();
    if word.is_empty() || word.contains('/') {
        return Err(ParseError::NotACommand);
    }
    let spec = match GRAMMAR.iter().find(|spec| spec.word == word) {
        Some(spec) => spec,
        None if word == "start" => spec(CommandName::Help),
        None => return Err(ParseError::Unknown { suggestion: nearest(&word), word }),
    };
    if spec.word == "help" {
        return Invocation::new(spec.name, []);
    }
    if let [ArgumentSpec { kind: ArgumentKind::Verbatim, name, .. }] = spec.arguments {
        return Invocation::new(spec.name, [((*name).to_owned(), rest.trim().to_owned())]);
    }
    Invocation::new(spec.name, arguments(spec, rest)?)
}

fn arguments(spec: &CommandSpec, rest: &str) -> Result<Vec<(String, String)>, ParseError> {
    let mut given = Vec::new();
    let mut places = spec
        .arguments
        .iter()
        .filter(|argument| !matches!(argument.kind, ArgumentKind::Option { .. } | ArgumentKind::Switch { .. }));
    let mut words: Option<(&'static str, Vec<&str>)> = None;
    let mut tokens = rest.split_whitespace();
    while let Some(token) = tokens.next() {
        // Phones turn two hyphens into a dash.
        let token_text = token.replacen('—', "--", 1);
        if token_text.len() > 1 && token_text.starts_with('-') {
            let (flag, inline) = match token_text.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (token_text.clone(), None),
            };
            let Some(argument) = spec.arguments.iter().find(|argument| flag_matches(argument, &flag)) else {
                return Err(ParseError::UnknownOption { option: flag, usage: spec.synopsis() });
            };
            let value = if matches!(argument.kind, ArgumentKind::Switch { .. }) {
                "true".to_owned()
            } else {
                match inline.or_else(|| tokens.next().map(str::to_owned)) {
                    Some(value) => value,
                    None => return Err(ParseError::NoValue { option: flag, usage: spec.synopsis() }),
                }
            };
            given.push((argument.name.to_owned(), value));
            continue;
        }
        if let Some((_, list)) = words.as_mut() {
            list.push(token);
            continue;
        }
        match places.next() {
            Some(argument) if argument.kind == ArgumentKind::Words => words = Some((argument.name, vec![token])),
            Some(argument) => given.push((argument.name.to_owned(), token.to_owned())),
            None => return Err(ParseError::Extra { extra: token.to_owned(), usage: spec.synopsis() }),
        }
    }
    if let Some((name, list)) = words {
        given.push((name.to_owned(), list.join(" ")));
    }
    Ok(given)
}

fn flag_matches(argument: &ArgumentSpec, flag: &str) -> bool {
    let short = match argument.kind {
        ArgumentKind::Option { short } | ArgumentKind::Switch { short } => short,
        ArgumentKind::Word | ArgumentKind::Words | ArgumentKind::Verbatim => return false,
    };
    flag.strip_prefix("--").is_some_and(|name| name == argument.name)
        || short.is_some_and(|short| flag == format!("-{short}"))
}

/// The known word with the smallest edit distance, if it is near.
fn nearest(word: &str) -> Option<&'static str> {
    GRAMMAR
        .iter()
        .map(|spec| (distance(word, spec.word), spec.word))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
        .min()
        .map(|(_, known)| known)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{ArgumentKind, CommandName, GRAMMAR, Invocation, ParseError, parse};

    fn read(line: &str) -> Invocation {
        parse(line).unwrap()
    }

    #[test]
    fn the_table_keeps_the_platforms_limits() {
        for spec in GRAMMAR {
            assert!((1..=32).contains(&spec.word.len()), "{}", spec.word);
            assert!(spec.word.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", spec.word);
            assert!(spec.summary.chars().count() <= 100, "{}", spec.word);
            let mut optional_seen = false;
            for argument in spec.arguments {
                assert!((1..=32).contains(&argument.name.len()));
                assert!(argument.about.chars().count() <= 100, "{}", argument.name);
                assert!(!(argument.required && optional_seen), "{}: required after optional", spec.word);
                optional_seen |= !argument.required;
            }
            assert_eq!(read(spec.example).command, spec.name, "the example must parse");
        }
    }

    #[test]
    fn words_options_and_switches() {
        let logs = read("/logs deployment/cart -n shop --previous --container=app");
        assert_eq!(logs.get("object"), Some("deployment/cart"));
        assert_eq!(logs.get("namespace"), Some("shop"));
        assert_eq!(logs.get("container"), Some("app"));
        assert!(logs.is_on("previous"));
        let subscribe = read("/subscribe@the_bot prod daily 09:00 --only-changes Europe/Berlin");
        assert_eq!(subscribe.get("schedule"), Some("daily 09:00 Europe/Berlin"));
        assert!(subscribe.is_on("only-changes"));
    }

    #[test]
    fn a_question_is_taken_as_it_is() {
        assert_eq!(read("/ask why -n  is --this?").get("question"), Some("why -n  is --this?"));
        assert_eq!(read("/start").command, CommandName::Help);
    }

    #[test]
    fn display_reads_back() {
        for line in ["/logs cart -n shop -p", "/subscribe prod cron 0 9 * * 1-5 Europe/Berlin --only-changes"] {
            let first = read(line);
            assert_eq!(read(&first.to_string()), first);
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let say = |line: &str| parse(line).unwrap_err().to_string();
        assert_eq!(parse("hello"), Err(ParseError::NotACommand));
        assert_eq!(say("/inspct prod"), "I do not know /inspct. Did you mean /inspect? /help lists what I know.");
        assert!(say("/ask").contains("question is missing"), "{}", say("/ask"));
        assert!(say("/why deployment/x --nope y").contains("--nope"));
        assert!(say("/why deployment/x -n").contains("needs a value"));
        assert!(say("/unsubscribe a b").contains("\"b\""));
    }

    #[test]
    fn every_kind_of_argument_is_used() {
        let kinds = GRAMMAR.iter().flat_map(|spec| spec.arguments).map(|argument| argument.kind);
        assert!(kinds.clone().any(|kind| kind == ArgumentKind::Verbatim));
        assert!(kinds.clone().any(|kind| kind == ArgumentKind::Words));
    }
}
