//! The stories.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod causes;
mod checks;
mod cli;
mod console;
mod history;
mod kills;
mod layering;
mod refusals;
mod repairs;
mod rounds;
mod shapes;
mod words;
mod world;
