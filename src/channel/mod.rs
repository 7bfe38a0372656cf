//! Channels: who is listed, what is subscribed, what each channel was last told.

mod access;

pub use access::{Access, ChannelGrant, Denied, Grant, People, PersonName};
