//! The stories.

mod checks;
mod layering;
