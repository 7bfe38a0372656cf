//! What a command is.

use serde::{Deserialize, Serialize};

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
    /// The key in [`crate::Invocation::arguments`], the slash command's option, and `--name` in text.
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
