//! Why messages were not delivered, as the log and the store say it.

pub fn too_old() -> String {
    "Not sent: it was out of date before the platform could be reached.".to_owned()
}

pub fn gave_up(attempts: u32, detail: &str) -> String {
    format!("Given up after {attempts} attempts. The last error: {detail}.")
}

pub fn may_have_arrived(detail: &str) -> String {
    format!("It may have arrived, the platform's answer was lost: {detail}. Look in the channel.")
}

pub fn rejected(detail: &str) -> String {
    format!("The platform refuses this message: {detail}.")
}

pub fn channel_gone(detail: &str) -> String {
    format!(
        "The channel cannot be reached any more: {detail}. Its subscriptions are paused until a message arrives there again: invite the bot, or give it its rights back, and write /subscriptions there."
    )
}

pub fn superseded() -> String {
    "Not sent: a newer version of the same message took its place.".to_owned()
}

pub fn moves_in_circles() -> String {
    "the channel says again and again that it has moved".to_owned()
}

/// In the place of messages that would have been too many.
pub fn left_out(count: usize) -> String {
    format!("[… {count} messages are left out here: ask for less at once, such as one namespace or one object …]")
}
