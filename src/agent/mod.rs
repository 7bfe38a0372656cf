#![allow(missing_debug_implementations, dead_code, unused)]
use crate::{
    clock::Clock,
    cluster::Cluster,
    inspection::finding::ActionHint,
    report::Report,
    store::{Record, Table},
};
use contract::Body;
use std::{collections::BTreeMap, path::Path, pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
pub const CONVERSATIONS: Table<Conversation> = Table::new("conversations");
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Conversation {
    pub id: String,
    pub cluster: String,
}
impl Record for Conversation {
    const VERSION: u16 = 1;
}
impl Conversation {
    pub fn new(id: String, cluster: &str) -> Self {
        Self { id, cluster: cluster.into() }
    }
    pub fn add(&mut self, _: Exchange) {}
}
pub struct Exchange;
pub struct Answer {
    pub body: Body,
    pub text: String,
    pub exchange: Exchange,
    pub ended: Ended,
}
#[derive(PartialEq)]
pub enum Ended {
    Cancelled,
    Answered,
}
pub struct Question<'a> {
    pub text: &'a str,
    pub conversation: &'a Conversation,
    pub report: Option<&'a Report>,
    pub cluster: &'a str,
    pub asked_by: &'a str,
}
pub struct Means<'a> {
    pub clusters: &'a BTreeMap<String, Arc<Cluster>>,
    pub clock: &'a Clock,
    pub proposer: &'a dyn Proposer,
    pub latest: &'a (dyn Fn(&str) -> Option<Report> + Send + Sync),
}
pub trait Proposer: Send + Sync {
    fn propose<'a>(
        &'a self,
        cluster: &'a str,
        hint: ActionHint,
        reason: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>>;
}
#[derive(Debug)]
pub struct Agent;
pub struct Prompts;
impl Prompts {
    pub fn load(_: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self)
    }
}
pub mod model {
    pub struct Config {
        pub base_url: String,
        pub name: String,
        pub api_key: Option<secrecy::SecretString>,
        pub max_steps: u32,
        pub timeout: std::time::Duration,
        pub max_tokens: u32,
    }
}
impl Agent {
    pub fn new(_: Option<model::Config>, _: Prompts) -> anyhow::Result<Self> {
        Ok(Self)
    }
    pub async fn answer(&self, question: Question<'_>, means: &Means<'_>, cancel: &CancellationToken) -> Answer {
        Answer { body: Body::default(), text: String::new(), exchange: Exchange, ended: Ended::Answered }
    }
}
