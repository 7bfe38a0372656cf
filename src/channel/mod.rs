//! Channels: who is listed, what is subscribed, what the buttons in them mean.

mod access;
pub mod button;
mod moved;
mod subscription;

pub use access::{Access, ChannelGrant, Denied, Grant, People, PersonName};
pub use moved::{follow, listed_as};
pub use subscription::{OCCURRENCES, Occurrence, OccurrenceState, SUBSCRIPTIONS, Subscription};
