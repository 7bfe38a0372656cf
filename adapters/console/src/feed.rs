//! One reader's live view of a room: looks at what is stored and sends what the reader has not seen.

use crate::{chat::Chat, session::Session, shared::Shared, wire::View};
use axum::response::sse::Event;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, watch};

/// How soon the browser comes back after the connection broke.
const RETRY: Duration = Duration::from_millis(1_000);

pub(crate) struct Feed {
    shared: Arc<Shared>,
    session: Session,
    room: String,
    /// The number of the last change that was sent.
    seen: u64,
    working: u64,
    begun: bool,
    queue: VecDeque<Event>,
    changes: watch::Receiver<()>,
    closing: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    /// Goes on after the event that the reader has seen last, or from the beginning.
    pub(crate) fn new(
        shared: Arc<Shared>,
        session: Session,
        room: String,
        last: Option<&str>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let chat = &shared.chat;
        let mut queue = VecDeque::new();
        let known = last.and_then(|last| {
            chat.read(&room, |_, names| names.number_in(last).filter(|number| *number <= names.number))
        });
        if last.is_some() && known.is_none() {
            // Ids of another log: what the page shows is not here any more.
            queue.push_back(Event::default().event("reset").data("{}"));
        }
        Self {
            changes: chat.changes(),
            closing: shared.closing.subscribe(),
            working: chat.working(&room),
            seen: known.unwrap_or_default(),
            begun: false,
            queue,
            session,
            room,
            _place: place,
            shared,
        }
    }

    /// The next event; none when the session or the server ends.
    pub(crate) async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if *self.closing.borrow() || !self.shared.door.is_open(&self.session) {
                return None;
            }
            if let Some(event) = self.queue.pop_front() {
                return Some((Ok(event), self));
            }
            self.changes.mark_unchanged();
            self.refill();
            if !self.queue.is_empty() {
                continue;
            }
            tokio::select! {
                _ = self.changes.changed() => {}
                _ = self.closing.changed() => {}
                () = self.session.expired() => {}
            }
        }
    }

    fn refill(&mut self) {
        let (room, reader, seen) = (&self.room, &self.session.name, self.seen);
        let (views, last) = self.shared.chat.read(room, |state, names| {
            let visible = state.since(seen).filter(|message| message.is_visible_to(reader));
            let views: Vec<(String, View)> =
                visible.map(|message| (names.id(message.changed), View::new(message, room, names))).collect();
            (views, names.number)
        });
        for (id, view) in views {
            let event = Event::default().event(view.event(seen)).id(id);
            match event.json_data(&view) {
                Ok(event) => self.queue.push_back(event),
                Err(error) => tracing::error!(%error, "a message of the console cannot be shown"),
            }
        }
        self.seen = last;
        self.working();
        if !self.begun {
            self.begun = true;
            self.queue.push_back(Event::default().event("ready").retry(RETRY).data("{}"));
        }
    }

    fn working(&mut self) {
        let working = Chat::working(&self.shared.chat, &self.room);
        if working != self.working {
            self.working = working;
            self.queue.push_back(Event::default().event("working").data("{}"));
        }
    }
}
