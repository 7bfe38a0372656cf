//! Every sentence that a person sees, as functions: one place to keep them short and plain.

pub mod cluster;
pub mod cures;
pub mod findings;
pub mod look;
pub mod report;
pub mod time;
pub mod why;
