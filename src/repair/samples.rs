//! Values that the tests of repairs share.

use super::{Action, ActionKind, Decider, Kind, Policy, Proposal, Relative, Requester, Risk, Rule, State, Target};
use crate::finding::Effect;
use chrono::{DateTime, TimeDelta, Utc};
use contract::{Actor, ChannelRef, Platform};
use std::time::Duration;

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub(crate) fn target(kind: Kind, name: &str) -> Target {
    Target {
        cluster: "prod".into(),
        namespace: "shop".into(),
        kind,
        name: name.into(),
        uid: "uid-1".into(),
        generation: Some(4),
    }
}

pub(crate) fn restart() -> Action {
    Action::RestartRollout { target: target(Kind::Deployment, "checkout"), template: "aa".into() }
}

pub(crate) fn undo() -> Action {
    Action::UndoRollout {
        target: target(Kind::Deployment, "checkout"),
        template: "aa".into(),
        from_revision: 4,
        to_revision: 3,
        keeper: Relative { kind: "ReplicaSet".into(), name: "checkout-59d6c".into(), uid: "uid-rs".into() },
        earlier: "bb".into(),
    }
}

pub(crate) fn scale(from: i32, to: i32) -> Action {
    Action::Scale { target: target(Kind::Deployment, "checkout"), from, to }
}

pub(crate) fn delete_pod() -> Action {
    Action::DeletePod {
        target: target(Kind::Pod, "checkout-59d6c-x2x4z"),
        owner: Relative { kind: "ReplicaSet".into(), name: "checkout-59d6c".into(), uid: "uid-rs".into() },
    }
}

pub(crate) fn actions() -> [Action; 4] {
    [restart(), undo(), scale(2, 3), delete_pod()]
}

pub(crate) fn policy() -> Policy {
    Policy {
        enabled: true,
        allow_self_approval: false,
        expires_after: Duration::from_secs(900),
        rules: vec![Rule {
            clusters: vec!["prod".into()],
            namespaces: vec!["*".into()],
            except_namespaces: vec!["kube-*".into()],
            actions: ActionKind::ALL.into(),
            approvers: ["alice".to_owned(), "bob".to_owned()].into(),
            max_replica_change: 5,
        }],
        protected_labels: vec!["roundsman.dev/protected".into()],
    }
}

pub(crate) fn channel() -> ChannelRef {
    ChannelRef::new(Platform::Console, "ops")
}

pub(crate) fn person(name: &str) -> Actor {
    Actor::Person { id: name.into(), name: name.into() }
}

pub(crate) fn decider(name: &str) -> Decider {
    Decider { person: Some(name.into()), actor: person(name), channel: channel() }
}

pub(crate) fn proposal(action: Action) -> Proposal {
    Proposal {
        id: "r-abcde".into(),
        cluster: "prod".into(),
        digest: action.digest(),
        title: crate::texts::repair::title(&action),
        action,
        reason: Some("revision 3 still serves 2 pods".into()),
        requester: Requester { person: Some("alice".into()), actor: person("alice") },
        channel: channel(),
        diff: "-        image: shop/checkout:2\n+        image: shop/checkout:1\n".into(),
        warnings: vec!["Helm manages it".into()],
        risk: Risk::Medium,
        inverse: None,
        finding: None,
        trouble: Vec::new(),
        effect: Effect::Cures,
        longest_run: None,
        created_at: now(),
        expires_at: now() + TimeDelta::minutes(15),
        verify_within: 240,
        state: State::Proposed,
        card: None,
        progress: None,
    }
}
