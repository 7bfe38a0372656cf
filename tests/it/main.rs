//! The stories.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod attention;
mod causes;
mod checks;
mod heeding;
mod history;
mod layering;
mod refusals;
mod repairs;
mod rounds;
mod words;
mod world;
