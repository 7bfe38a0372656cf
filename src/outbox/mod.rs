//! What the bot has to say and has not said yet: every message is a row that outlives the process.

mod class;
pub mod state;

pub use class::{Caps, Class};
