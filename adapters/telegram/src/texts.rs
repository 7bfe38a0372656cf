//! The words that only Telegram's page or the operators of the Telegram connection need.

/// Stands above buttons that were split off from their text: Telegram has no message without text.
pub(crate) const MORE_BUTTONS: &str = "More choices:";
/// One row is one message on every platform; the core splits before.
pub(crate) const MORE_THAN_ONE_FILE: &str = "more than one file in one Telegram message";
/// Telegram refuses it too, but less clearly.
pub(crate) const NOTHING_TO_SEND: &str = "the message has neither text nor file";
/// An edit cannot make a caption longer than this.
pub(crate) const CAPTION_TOO_LONG: &str =
    "the message stands under a file and its new text is longer than the 1024 characters that fit there";

pub(crate) fn token_refused(description: &str) -> String {
    format!(
        "Telegram refuses the bot's token ({description}). Get the current one from @BotFather with /mybots, put it \
         into the configured token file, and restart."
    )
}

pub(crate) fn two_pollers() -> String {
    "another program receives with the same token, so neither gets everything. Stop the other one, or give this one a \
     bot of its own."
        .to_owned()
}

pub(crate) fn webhook_is_set() -> String {
    "a webhook is set for this bot, so Telegram delivers there and not here. Remove it with the Bot API's \
     deleteWebhook, or give this one a bot of its own."
        .to_owned()
}

pub(crate) fn unreachable(problem: &str) -> String {
    format!("Telegram cannot be reached: {problem}")
}

pub(crate) fn bad_channel(id: &str) -> String {
    format!("{id:?} is not a Telegram chat id (a number such as -1001234567890; /whoami shows it)")
}

pub(crate) fn bad_message(id: &str) -> String {
    format!("{id:?} is not the id of a Telegram message")
}

pub(crate) fn file_refused_after_text(problem: &str) -> String {
    format!("the text arrived, its file did not: {problem}")
}
