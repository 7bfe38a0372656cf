//! The stories.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod aftermath;
mod api;
mod attention;
mod causes;
mod checks;
mod cli;
mod commands;
mod console;
mod forms;
mod heeding;
mod held;
mod history;
mod hostile;
mod kills;
mod layering;
mod mishaps;
mod page;
mod processes;
mod protobuf;
mod refusals;
mod repairs;
mod rights;
mod roles;
mod rounds;
mod scale;
mod schedules;
mod secrets;
mod sets;
mod shapes;
mod showing;
mod signals;
mod sources;
mod words;
mod world;
