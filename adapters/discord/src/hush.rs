//! serenity logs whole events: the tokens of interactions are in its spans and in its warnings. On the gateway's
//! thread its words go here instead of into the log; what is left of a warning is what went wrong, without the event.

use std::fmt;
use tokio::sync::mpsc;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Longest note.
const NOTE: usize = 200;

/// Takes the place of the thread's subscriber.
pub(crate) struct Hush {
    notes: mpsc::Sender<String>,
}

impl Hush {
    pub(crate) fn new(notes: mpsc::Sender<String>) -> Self {
        Self { notes }
    }
}

impl Subscriber for Hush {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        // Too many notes say the same; the ones that do not fit are not missed.
        drop(self.notes.try_send(without_payload(&message.0)));
    }

    // No span is enabled.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.push_str(&format!("{value:?}"));
        }
    }
}

/// serenity writes `what went wrong; text: {the whole event}`.
fn without_payload(message: &str) -> String {
    let what = message.split("; text:").next().unwrap_or_default();
    what.chars().take(NOTE).collect()
}

#[cfg(test)]
mod tests {
    use super::{Hush, without_payload};
    use tokio::sync::mpsc;

    #[test]
    fn a_warning_stays_without_its_event_and_spans_are_gone() {
        let (notes, mut noted) = mpsc::channel(4);
        tracing::subscriber::with_default(Hush::new(notes), || {
            let event = "{\"token\":\"s3cret\"}";
            let _span = tracing::error_span!("handle", event).entered();
            tracing::info!("s3cret");
            tracing::warn!(event, "Err deserializing text: missing field; text: {event}");
        });
        assert_eq!(noted.try_recv().unwrap(), "Err deserializing text: missing field");
        assert!(noted.try_recv().is_err());
    }

    #[test]
    fn a_note_is_short() {
        assert_eq!(without_payload(&"x".repeat(1_000)).len(), super::NOTE);
    }
}
