//! Every sentence that a person sees.

pub mod cluster;
