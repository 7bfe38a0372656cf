//! Channels: who is listed, what is subscribed, what the buttons in them mean.

mod access;
pub mod button;
mod subscription;

pub use access::{Access, ChannelGrant, Denied, Grant, People, PersonName};
pub use subscription::{OCCURRENCES, Occurrence, OccurrenceState, SUBSCRIPTIONS, Subscription};
