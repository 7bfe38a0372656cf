//! The slash commands, made from the one grammar.

use contract::{ArgumentKind, CommandSpec, GRAMMAR};
use serenity::{
    builder::{CreateCommand, CreateCommandOption},
    model::application::CommandOptionType,
};

/// The body of the bulk overwrite.
pub(crate) fn commands() -> Vec<CreateCommand> {
    GRAMMAR.iter().map(command).collect()
}

fn command(spec: &CommandSpec) -> CreateCommand {
    let options = spec.arguments.iter().map(|argument| {
        let kind = match argument.kind {
            ArgumentKind::Word | ArgumentKind::Words | ArgumentKind::Verbatim | ArgumentKind::Option { .. } => {
                CommandOptionType::String
            }
            ArgumentKind::Switch { .. } => CommandOptionType::Boolean,
        };
        CreateCommandOption::new(kind, argument.name, argument.about).required(argument.required)
    });
    CreateCommand::new(spec.word).description(spec.summary).set_options(options.collect())
}
