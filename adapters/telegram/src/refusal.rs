//! What a failed request means for the message: one place, because Telegram tells most of it in English sentences.

use crate::{
    api::{Failure, Refusal},
    pace::Pacer,
    texts,
};
use contract::{ChannelRef, DeliveryError, Platform};
use std::time::Instant;

/// Whether a request may simply be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// A second one changes nothing more (edits, removals).
    Harmless,
    /// A second one is a second message.
    Doubles,
}

/// Sentences (or parts of them, in lower case) that mean: this chat will not take messages from us any more.
const GONE: &[&str] = &[
    "chat not found",
    "group is deactivated",
    "group chat was deactivated",
    "group chat was upgraded",
    "user not found",
    "peer_id_invalid",
    "not enough rights",
    "have no rights to send",
    "need administrator rights",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_send_",
    "chat_admin_required",
    "channel_private",
    "topic_closed",
    "topic_deleted",
    "message thread not found",
    "bot is not a member",
    "user is deactivated",
    "bot was kicked",
    "bot was blocked",
    "can't initiate conversation",
    "can't send messages to bots",
];

/// What to do about a message whose request failed. `to` is the channel, `chat` its number.
pub(crate) fn classify(failure: Failure, repeat: Repeat, to: &ChannelRef, chat: i64, pacer: &Pacer) -> DeliveryError {
    match failure {
        Failure::NotSent(problem) => DeliveryError::Transient(problem),
        Failure::Lost(problem) => match repeat {
            Repeat::Harmless => DeliveryError::Transient(problem),
            Repeat::Doubles => DeliveryError::Ambiguous(problem),
        },
        Failure::Refused(refusal) => refused(refusal, to, chat, pacer),
    }
}

fn refused(refusal: Refusal, to: &ChannelRef, chat: i64, pacer: &Pacer) -> DeliveryError {
    if let Some(seconds) = refusal.retry_after {
        return pacer.refused(chat, seconds, Instant::now());
    }
    if let Some(new) = refusal.migrate_to {
        let thread = to.thread.clone();
        return DeliveryError::Moved(ChannelRef { platform: Platform::Telegram, id: new.to_string(), thread });
    }
    let said = refusal.description.to_lowercase();
    if is_token_refused(&refusal) {
        // Not the message's fault: it waits until somebody has mended the token.
        return DeliveryError::Transient(texts::token_refused(&refusal.description));
    }
    if refusal.code == 403 || GONE.iter().any(|part| said.contains(part)) {
        return DeliveryError::ChannelGone(refusal.description);
    }
    if said.contains("can't parse entities") || said.contains("entity_") || said.contains("entities_") {
        return DeliveryError::Malformed(refusal.description);
    }
    match refusal.code {
        // A flood without a time: Telegram's own answers have one, a gateway's may not.
        420 | 429 => pacer.refused(chat, 5, Instant::now()),
        409 | 500..=599 => DeliveryError::Transient(refusal.description),
        _ => DeliveryError::Rejected(refusal.description),
    }
}

/// The token is wrong or revoked. 401 is a wrong secret; 404 with nothing but "Not Found" is a URL that the Bot API
/// does not route, which is what a malformed token makes. Kicks once came as "Unauthorized: bot was kicked …".
pub(crate) fn is_token_refused(refusal: &Refusal) -> bool {
    (refusal.code == 401 && !refusal.description.contains(':'))
        || (refusal.code == 404 && refusal.description == "Not Found")
}

/// The edit would change nothing: what was wanted is there.
pub(crate) fn is_not_modified(failure: &Failure) -> bool {
    says(failure, "message is not modified")
}

/// The message to remove is not there: what was wanted is there.
pub(crate) fn is_already_gone(failure: &Failure) -> bool {
    says(failure, "message to delete not found")
}

/// The message to edit has a caption and no text, or a text and no caption.
pub(crate) fn is_other_kind(failure: &Failure) -> bool {
    says(failure, "there is no text in the message to edit")
        || says(failure, "there is no caption in the message to edit")
}

/// The picture is one that Telegram takes only as a file.
pub(crate) fn is_bad_picture(failure: &Failure) -> bool {
    says(failure, "PHOTO_INVALID_DIMENSIONS")
        || says(failure, "IMAGE_PROCESS_FAILED")
        || says(failure, "PHOTO_EXT_INVALID")
}

/// The press was answered before, or too long ago.
pub(crate) fn is_old_query(failure: &Failure) -> bool {
    says(failure, "query is too old") || says(failure, "QUERY_ID_INVALID")
}

fn says(failure: &Failure, part: &str) -> bool {
    match failure {
        Failure::Refused(refusal) => refusal.description.contains(part),
        Failure::NotSent(_) | Failure::Lost(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Repeat, classify};
    use crate::{
        api::{Failure, Refusal},
        config::Pacing,
        pace::Pacer,
    };
    use contract::{ChannelRef, DeliveryError, Platform};
    use std::time::Duration;

    fn refusal(code: u16, description: &str) -> Refusal {
        Refusal { code, description: description.to_owned(), retry_after: None, migrate_to: None }
    }

    fn class(failure: Failure, repeat: Repeat) -> DeliveryError {
        let to = ChannelRef::new(Platform::Telegram, "-5");
        classify(failure, repeat, &to, -5, &Pacer::new(Pacing::Off))
    }

    fn name(error: &DeliveryError) -> &'static str {
        match error {
            DeliveryError::RetryAfter { .. } => "retry after",
            DeliveryError::Transient(_) => "transient",
            DeliveryError::Ambiguous(_) => "ambiguous",
            DeliveryError::Malformed(_) => "malformed",
            DeliveryError::Rejected(_) => "rejected",
            DeliveryError::ChannelGone(_) => "gone",
            DeliveryError::Moved(_) => "moved",
        }
    }

    #[test]
    fn sentences_become_what_to_do() {
        for (code, description, expected) in [
            (400, "Bad Request: chat not found", "gone"),
            (400, "Bad Request: group chat was upgraded to a supergroup chat", "gone"),
            (400, "Bad Request: not enough rights to send text messages to the chat", "gone"),
            (400, "Bad Request: have no rights to send a message", "gone"),
            (400, "Bad Request: need administrator rights in the channel chat", "gone"),
            (400, "Bad Request: TOPIC_CLOSED", "gone"),
            (400, "Bad Request: message thread not found", "gone"),
            (403, "Forbidden: bot was kicked from the supergroup chat", "gone"),
            (403, "Forbidden: bot was blocked by the user", "gone"),
            (403, "Forbidden: something new", "gone"),
            (401, "Unauthorized: bot was kicked from a chat", "gone"),
            (401, "Unauthorized", "transient"),
            (404, "Not Found", "transient"),
            (400, "Bad Request: can't parse entities: Unexpected end tag at byte offset 3", "malformed"),
            (400, "Bad Request: message is too long", "rejected"),
            (400, "Bad Request: message text is empty", "rejected"),
            (400, "Bad Request: BUTTON_DATA_INVALID", "rejected"),
            (400, "Bad Request: message to edit not found", "rejected"),
            (413, "Request Entity Too Large", "rejected"),
            (429, "Too Many Requests", "retry after"),
            (500, "Internal Server Error", "transient"),
            (409, "Conflict: terminated by other getUpdates request", "transient"),
        ] {
            let class = class(Failure::Refused(refusal(code, description)), Repeat::Doubles);
            assert_eq!(name(&class), expected, "{code} {description}");
        }
    }

    #[test]
    fn parameters_count_more_than_sentences() {
        let flood = Refusal { retry_after: Some(17), ..refusal(429, "Too Many Requests: retry after 17") };
        assert_eq!(
            class(Failure::Refused(flood), Repeat::Doubles),
            DeliveryError::RetryAfter { after: Duration::from_secs(17), everything: false }
        );
        let moved = Refusal { migrate_to: Some(-1005), ..refusal(400, "Bad Request: group chat was upgraded") };
        assert_eq!(
            class(Failure::Refused(moved), Repeat::Doubles),
            DeliveryError::Moved(ChannelRef::new(Platform::Telegram, "-1005"))
        );
    }

    #[test]
    fn only_a_lost_answer_to_a_new_message_is_ambiguous() {
        let lost = || Failure::Lost("reset".into());
        assert_eq!(name(&class(lost(), Repeat::Doubles)), "ambiguous");
        assert_eq!(name(&class(lost(), Repeat::Harmless)), "transient");
        assert_eq!(name(&class(Failure::NotSent("refused".into()), Repeat::Doubles)), "transient");
    }
}
