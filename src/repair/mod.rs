//! From a finding to a verified fix: propose, plan, decide, carry out, verify, audit.

mod action;
mod policy;

pub use action::ActionKind;
pub use policy::{Policy, Rule};
