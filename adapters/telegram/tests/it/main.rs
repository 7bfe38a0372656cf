//! The adapter against the fake Bot API, and the fake against what the real one is known to refuse.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod delivering;
mod limits;
mod receiving;
mod room;
