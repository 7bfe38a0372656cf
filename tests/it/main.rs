//! The stories.

mod checks;
