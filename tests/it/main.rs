//! The stories.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod aftermath;
mod causes;
mod checks;
mod commands;
mod history;
mod layering;
mod refusals;
mod repairs;
mod rounds;
mod words;
mod world;
