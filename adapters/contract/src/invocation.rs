//! A command as somebody gives it, and what can be wrong with it.

use crate::command::{ArgumentKind, CommandName};
use crate::grammar::spec;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use thiserror::Error;

/// A command with its arguments, by name; values are not checked beyond their presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Which command.
    pub command: CommandName,
    /// Values by [`crate::ArgumentSpec::name`]; a switch that is on has `true`.
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
