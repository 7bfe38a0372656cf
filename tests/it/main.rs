//! The stories.

mod layering;
