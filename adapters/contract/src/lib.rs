//! What the core and the chat platforms say to each other, and nothing else: no async runtime, no HTTP.
//!
//! A platform crate depends on this crate only. It can hand in what people wrote ([`Intake`]) and bring out what the
//! core has to say ([`Adapter`]); it cannot reach the store, an approval or a cluster.

mod adapter;
mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
mod grammar;
mod ids;
mod inbound;
mod invocation;
mod outbound;
mod parse;
mod plain;
pub mod site;
mod split;
mod stop;

pub use adapter::{Adapter, AdapterFailure, BoxFuture, Connection, DeliveryError, Intake, IntakeError, Limits, Unit};
pub use command::{ArgumentKind, ArgumentSpec, CommandName, CommandSpec};
pub use grammar::{GRAMMAR, spec};
pub use ids::{Actor, ChannelRef, InboundId, MessageRef, OutboundId, Platform, Receipt, Token, UserId};
pub use inbound::{Inbound, InboundKind, Membership};
pub use invocation::{Invocation, ParseError};
pub use outbound::{Block, Body, Button, ButtonStyle, Outbound, OutboundKind, Reading, Span, Visibility};
pub use parse::parse;
pub use plain::{measure, plain, plain_block};
pub use split::split;
pub use stop::{Stop, StopHandle, Stopped};
