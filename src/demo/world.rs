//! What lies outside of the API: the registry's images and how they behave, and the machines that have died.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// What the registry holds and which machines are gone.
#[derive(Debug, Default)]
pub(super) struct World {
    /// An image that is not here cannot be pulled.
    pub(super) images: BTreeMap<String, Image>,
    /// Nodes whose kubelet has fallen silent, and since when.
    pub(super) silent: BTreeMap<String, DateTime<Utc>>,
}

/// How the program in an image behaves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Image {
    /// What it needs when it is busy; a lower memory limit kills it.
    #[serde(default)]
    pub(super) memory: Option<Value>,
    /// Seconds from the start until it needs that much.
    #[serde(default = "fills")]
    pub(super) fills_seconds: i64,
    /// Seconds from the start until it is ready.
    #[serde(default = "ready")]
    pub(super) ready_seconds: i64,
    /// How it ends by itself, if it does.
    #[serde(default)]
    pub(super) exit: Option<Exit>,
    #[serde(default)]
    pub(super) log: Log,
}

fn fills() -> i64 {
    45
}

fn ready() -> i64 {
    2
}

/// The end of a program that ends by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Exit {
    pub(super) after_seconds: i64,
    pub(super) code: i64,
}

/// What a program writes: when it starts, while it runs, and before it is killed or exits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Log {
    #[serde(default)]
    pub(super) start: Vec<String>,
    /// One of these after the other, over and over.
    #[serde(default)]
    pub(super) running: Vec<String>,
    #[serde(default = "every")]
    pub(super) every_seconds: i64,
    #[serde(default)]
    pub(super) end: Vec<String>,
}

fn every() -> i64 {
    15
}
