//! The stories.

mod layering;
mod checks;
