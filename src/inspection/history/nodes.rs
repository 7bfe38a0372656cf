//! What is remembered of nodes: which there were, what they ran, and how steadily.

use crate::snapshot::{Node, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a change of readiness is remembered.
const CHANGES: TimeDelta = TimeDelta::hours(48);
/// At most so many of them.
const MOST_CHANGES: usize = 20;

/// One node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownNode {
    /// Another one means that it was started again.
    pub boot_id: String,
    /// The kubelet's version.
    pub kubelet: String,
    /// `key=value:Effect`.
    pub taints: BTreeSet<String>,
    /// When it became ready or not ready, as far as inspections saw it, the oldest first.
    pub ready_changes: Vec<DateTime<Utc>>,
    /// The first inspection that saw it cordoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cordoned_since: Option<DateTime<Utc>>,
}

pub(super) fn of(snapshot: &Snapshot, before: Option<&BTreeMap<String, KnownNode>>) -> BTreeMap<String, KnownNode> {
    let known = |node: &Node| {
        let before = before.and_then(|before| before.get(node.meta.name.as_str()));
        (String::from(&node.meta.name), one(node, before, snapshot.taken_at))
    };
    snapshot.nodes.iter().map(known).collect()
}

fn one(node: &Node, before: Option<&KnownNode>, now: DateTime<Utc>) -> KnownNode {
    let mut ready_changes = before.map(|before| before.ready_changes.clone()).unwrap_or_default();
    let last = node.status.conditions.get("Ready").and_then(|ready| ready.last_transition_time);
    ready_changes.extend(last.filter(|last| !ready_changes.contains(last)));
    ready_changes.retain(|at| now - *at <= CHANGES);
    ready_changes.sort();
    ready_changes.drain(..ready_changes.len().saturating_sub(MOST_CHANGES));
    let cordoned_before = before.and_then(|before| before.cordoned_since);
    KnownNode {
        boot_id: String::from(&node.status.node_info.boot_id),
        kubelet: String::from(&node.status.node_info.kubelet_version),
        taints: node
            .spec
            .taints
            .iter()
            .map(|taint| format!("{}={}:{}", taint.key, taint.value, taint.effect))
            .collect(),
        ready_changes,
        cordoned_since: node.spec.unschedulable.then(|| cordoned_before.unwrap_or(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::{KnownNode, one};
    use crate::snapshot::{Condition, Conditions, Node};
    use chrono::{DateTime, TimeDelta, Utc};

    fn hour(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn node(changed: i64, cordoned: bool) -> Node {
        let mut ready = Condition::default();
        ready.last_transition_time = Some(hour(changed));
        ready.type_ = "Ready".into();
        let mut node = Node::default();
        node.status.conditions = Conditions(vec![ready]);
        node.spec.unschedulable = cordoned;
        node
    }

    #[test]
    fn each_change_of_readiness_is_remembered_once_and_not_for_ever() {
        let first = one(&node(1, false), None, hour(2));
        let second = one(&node(1, false), Some(&first), hour(3));
        let third = one(&node(4, false), Some(&second), hour(5));
        assert_eq!(third.ready_changes, [hour(1), hour(4)]);
        assert_eq!(one(&node(4, false), Some(&third), hour(50)).ready_changes, [hour(4)]);
    }

    #[test]
    fn a_cordon_is_as_old_as_the_first_inspection_that_saw_it() {
        let since = |known: &KnownNode| known.cordoned_since;
        let first = one(&node(1, true), None, hour(2));
        let second = one(&node(1, true), Some(&first), hour(9));
        assert_eq!((since(&first), since(&second)), (Some(hour(2)), Some(hour(2))));
        let open = one(&node(1, false), Some(&second), hour(10));
        assert_eq!((since(&open), since(&one(&node(1, true), Some(&open), hour(11)))), (None, Some(hour(11))));
    }
}
