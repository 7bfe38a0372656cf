//! Fails a test whose bot asked for something that nobody compares with a real API server.

use std::path::Path;

use super::coverage::Coverage;
use super::{Demo, Identity, Shape};

/// Looks at what was asked when the test ends.
pub(crate) struct Covered(Box<dyn Fn() -> Vec<Shape> + Send + Sync>);

impl Covered {
    pub(crate) fn by(asked: impl Fn() -> Vec<Shape> + Send + Sync + 'static) -> Self {
        Self(Box::new(asked))
    }

    /// What the bot asks the demo for; the admin is the test itself.
    pub(crate) fn of(demo: &Demo) -> Self {
        let demo = demo.clone();
        let bots = |shape: &Shape| shape.identity != Identity::Admin;
        Self::by(move || demo.requests().into_iter().filter(bots).collect())
    }
}

impl Drop for Covered {
    fn drop(&mut self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shapes.jsonl");
        let covered = Coverage::of(&file).and_then(|coverage| coverage.require((self.0)()));
        if let Err(uncovered) = covered
            && !std::thread::panicking()
        {
            panic!("{uncovered}");
        }
    }
}
