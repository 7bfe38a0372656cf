//! Repairs against the demo cluster: planned, refused, carried out once, interrupted, watched to their end.

mod carrying;
mod planning;

use crate::{
    clock::{Clock, ManualClock},
    cluster::{
        Cluster,
        spied::{self, Spy, Wire},
    },
    demo::{Demo, Identity, Story, covered::Covered},
    finding::{ActionHint, Target},
    repair::{
        Action, Ask, Decision, Look, Outcome, Policy, Proposal, Refusal, Requester, Risk, State, Verdict, begin,
        carry_out, conclude, decide, look, propose, record,
        samples::{self, decider},
        settle,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// The demo with its clock, and everything that the writing identity sent.
struct World {
    demo: Demo,
    clock: Clock,
    hand: ManualClock,
    cluster: Cluster,
    spy: Spy,
    _covered: Covered,
}

impl World {
    fn with(stories: &[Story]) -> Self {
        Self::writing_as(Identity::Writer, stories)
    }

    fn writing_as(identity: Identity, stories: &[Story]) -> Self {
        let (clock, hand) = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let seen = clock.clone();
        let demo = Demo::start(move || seen.now(), stories).unwrap();
        let spy = Spy::default();
        let writer = spy.on(demo.client(identity));
        let cluster = Cluster::from_client("prod", demo.client(Identity::Reader)).with_writer(writer);
        let _covered = Covered::of(&demo);
        Self { demo, clock, hand, cluster, spy, _covered }
    }

    fn writes(&self) -> Vec<String> {
        self.spy.writes()
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        self.hand.advance(TimeDelta::seconds(seconds));
    }

    async fn object(&self, path: &str) -> Value {
        self.cluster.peek(path).await.unwrap().value
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        self.object(path).await["items"].as_array().unwrap().clone()
    }

    /// Somebody else changes an object.
    async fn meanwhile(&self, path: &str, patch: Value) {
        spied::as_somebody(&self.demo.client(Identity::Admin), "PATCH", path, &patch).await;
    }

    async fn meanwhile_delete(&self, path: &str) {
        spied::as_somebody(&self.demo.client(Identity::Admin), "DELETE", path, &Value::Null).await;
    }

    async fn ask(&self, hint: ActionHint) -> Result<Proposal, Refusal> {
        let requester = Requester { person: Some("alice".into()), actor: samples::person("alice") };
        let ask = Ask { hint, channel: samples::channel(), requester, reason: None, finding: None };
        propose(&self.cluster, &samples::policy(), ask, &self.clock).await
    }

    /// Proposed, approved by bob, and its intent written.
    async fn executing(&self, hint: ActionHint) -> Proposal {
        let proposal = self.ask(hint).await.unwrap();
        let approved = decide(&proposal, Decision::Approve, &decider("bob"), &samples::policy(), self.now()).unwrap();
        begin(&approved, self.now()).unwrap()
    }

    async fn carry_out(&self, proposal: &Proposal) -> Outcome {
        carry_out(&self.cluster, proposal, &samples::policy(), &self.clock).await
    }

    /// Carried out, and now being watched.
    async fn verifying(&self, hint: ActionHint) -> Proposal {
        let executing = self.executing(hint).await;
        let outcome = self.carry_out(&executing).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        record(&executing, &outcome, self.now())
    }

    async fn look(&self, proposal: &Proposal) -> Look {
        look(&self.cluster, proposal, self.now()).await
    }

    /// Looks every two seconds until there is a verdict; also gives what was said on the way, each once.
    async fn watch(&self, proposal: &Proposal) -> (Verdict, Vec<String>) {
        let mut said: Vec<String> = Vec::new();
        for _ in 0..1000 {
            let Look { progress, verdict } = self.look(proposal).await;
            if said.last() != Some(&progress) {
                said.push(progress);
            }
            if let Some(verdict) = verdict {
                return (verdict, said);
            }
            self.pass(2);
        }
        panic!("no verdict: {said:?}");
    }
}

const CHECKOUT: &str = "/apis/apps/v1/namespaces/shop/deployments/checkout";
const FRONTEND: &str = "/apis/apps/v1/namespaces/shop/deployments/frontend";
const FRONTEND_PODS: &str = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dfrontend";

fn deployment(name: &str) -> Target {
    Target::namespaced("Deployment", "shop", name)
}

fn undo(name: &str) -> ActionHint {
    ActionHint::UndoRollout { target: deployment(name), to_revision: None }
}

fn restart(name: &str) -> ActionHint {
    ActionHint::RestartRollout { target: deployment(name) }
}

fn scale(name: &str, replicas: i32) -> ActionHint {
    ActionHint::Scale { target: deployment(name), replicas }
}

async fn a_pod(world: &World) -> ActionHint {
    let pods = world.items(FRONTEND_PODS).await;
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    ActionHint::DeletePod { target: Target::namespaced("Pod", "shop", name) }
}

fn changed_lines(proposal: &Proposal) -> Vec<&str> {
    proposal.diff.lines().filter(|line| line.starts_with(['+', '-'])).map(str::trim_end).collect()
}
