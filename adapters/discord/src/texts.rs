//! Every sentence of this adapter that a person reads.

/// The token was refused, by REST (401) or by the gateway (close code 4004).
pub(crate) const TOKEN_REFUSED: &str = "Discord refused the bot token. Copy the token again from the developer \
     portal (Bot, Reset Token), write it into the configuration and restart.";

/// The gateway refused the intents (close codes 4013 and 4014).
pub(crate) const INTENTS_REFUSED: &str = "Discord refused the gateway intents. This bot needs only Guild Messages and \
     Direct Messages, which need no approval; check in the developer portal that the application is a bot and is not \
     restricted, then restart.";

/// A reply or mention whose text Discord did not give to the bot.
pub(crate) const UNREADABLE: &str =
    "Discord did not show me your text. Mention me in the message (in a reply: leave the mention on), or use /ask.";

/// A slash command that this version does not have; Discord may show an old list for a while.
pub(crate) fn unknown_command(word: &str) -> String {
    format!("I do not know /{word} any more. Restart Discord to see the present commands, or use /help.")
}

/// The session ended and will be opened again.
pub(crate) const RECONNECTING: &str = "Discord asked to connect again";

/// The day's sessions are used up.
pub(crate) const NO_SESSION_LEFT: &str =
    "Discord allows no more sessions today, because the connection broke too often; waiting until it does";

/// The session did not become ready in time.
pub(crate) const NOT_READY: &str = "Discord opened the connection but did not make it ready";

/// No answer came on the session for too long.
pub(crate) const SILENT: &str = "the connection to Discord hangs";

/// What stands where nothing else would, because Discord takes no empty label.
pub(crate) const NO_LABEL: &str = "…";
