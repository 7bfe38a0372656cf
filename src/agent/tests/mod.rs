//! The agent seen from outside: a scripted model on one side, the embedded cluster on the other.

mod answers;
mod computed;
mod faults;
mod limits;

use super::{
    Agent, Answer, Conversation, Means, Place, Prompts, Proposed, Proposer, Question, fixture, model,
    scripted::{Script, Turn},
};
use crate::{
    clock::Clock,
    cluster::Cluster,
    demo::{Demo, Identity, Story, covered::Covered},
    finding::ActionHint,
    inspection::attention::StandingOrders,
    report::Report,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// What the agent may use, and what it proposed.
struct Room {
    clusters: BTreeMap<String, Arc<Cluster>>,
    clock: Clock,
    proposed: Recorder,
    latest: Option<Report>,
    standing: StandingOrders,
    _covered: Option<Covered>,
}

#[derive(Default)]
struct Recorder(Mutex<Vec<(String, ActionHint, String)>>);

impl Proposer for Recorder {
    fn propose<'a>(&'a self, cluster: &'a str, hint: ActionHint, reason: String) -> Proposed<'a> {
        self.0.lock().unwrap().push((cluster.to_owned(), hint, reason));
        Box::pin(async { Ok("proposed as r-abcde; image 2.8.0 -> 2.7.1".to_owned()) })
    }
}

impl Room {
    /// The embedded cluster, called prod, with these stories.
    fn with(stories: &[Story]) -> Self {
        let demo = Demo::start(fixture::at, stories).unwrap();
        let cluster = Cluster::from_client("prod", demo.client(Identity::Reader));
        Self { _covered: Some(Covered::of(&demo)), ..Self::of(cluster, "prod") }
    }

    fn of(cluster: Cluster, name: &str) -> Self {
        Self {
            clusters: BTreeMap::from([(name.to_owned(), Arc::new(cluster))]),
            clock: Clock::fixed(fixture::at()),
            proposed: Recorder::default(),
            latest: None,
            standing: StandingOrders::default(),
            _covered: None,
        }
    }

    fn name(&self) -> &str {
        self.clusters.keys().next().unwrap()
    }

    async fn ask(&self, agent: &Agent, text: &str) -> Answer {
        let conversation = Conversation::new("c".to_owned(), self.name());
        self.ask_in(agent, text, &conversation, None, &CancellationToken::new()).await
    }

    async fn ask_in(
        &self,
        agent: &Agent,
        text: &str,
        conversation: &Conversation,
        report: Option<&Report>,
        cancel: &CancellationToken,
    ) -> Answer {
        let latest = |_: &str| self.latest.clone();
        let means = Means {
            clusters: &self.clusters,
            clock: &self.clock,
            proposer: &self.proposed,
            latest: &latest,
            standing: &self.standing,
        };
        let question =
            Question { text, conversation, report, cluster: self.name(), asked_by: "alice", place: Place::Chat };
        sent(agent.answer(question, &means, cancel)).await
    }
}

/// The conductor answers on whatever thread is free.
fn sent<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

/// An agent that talks to this script.
fn agent(script: &Script) -> Agent {
    agent_with(script, |_| {})
}

fn agent_with(script: &Script, change: impl FnOnce(&mut model::Config)) -> Agent {
    let mut config = model::Config {
        base_url: script.url(),
        name: "scripted".to_owned(),
        api_key: Some("sk-of-the-test".to_owned().into()),
        max_steps: 8,
        timeout: Duration::from_secs(60),
        max_tokens: 60_000,
    };
    change(&mut config);
    Agent::new(Some(config), Prompts::built_in()).unwrap()
}

fn without_model() -> Agent {
    Agent::new(None, Prompts::built_in()).unwrap()
}

/// A call that every test can use.
fn why(name: &str) -> Turn {
    Turn::call("why", serde_json::json!({"kind": "deployment", "name": name, "namespace": "shop", "cluster": null}))
}
