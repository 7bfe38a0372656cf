//! Looks at one snapshot of one cluster and says what is wrong in it.

pub mod finding;
