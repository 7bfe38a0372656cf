//! Everything that is logged on the test's thread, as text.

use crate::world::PATIENCE;
use std::fmt;
use tokio::{sync::watch, time::timeout};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[derive(Clone, Default)]
pub(crate) struct Log(watch::Sender<String>);

impl Log {
    pub(crate) fn text(&self) -> String {
        self.0.borrow().clone()
    }

    pub(crate) async fn wait_for(&self, part: &str) {
        let mut text = self.0.subscribe();
        let found = timeout(PATIENCE, text.wait_for(|text| text.contains(part))).await.is_ok();
        assert!(found, "not logged: {part}\n{}", self.text());
    }
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What this test's own clients log of their plain HTTP is not the adapter's.
        !metadata.target().starts_with("hyper")
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.0.send_modify(|text| attributes.record(&mut Line(text)));
        span::Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.0.send_modify(|text| {
            event.record(&mut Line(text));
            text.push('\n');
        });
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
