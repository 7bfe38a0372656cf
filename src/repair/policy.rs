//! Who may decide what. Pure: values in, a refusal for people or nothing out.

use super::action::{Action, ActionKind, Kind};
use crate::texts;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, time::Duration};

/// What repairs are allowed, and by whom. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Off: the bot only advises.
    pub enabled: bool,
    /// Whether who asked for a repair may approve it.
    pub allow_self_approval: bool,
    /// How long a proposal can be approved.
    pub expires_after: Duration,
    /// A repair is allowed when one rule covers it; its approvers are the union over the rules that do.
    pub rules: Vec<Rule>,
    /// Objects that carry one of these are left alone, whatever the rules say.
    pub protected_labels: Vec<ProtectedLabel>,
}

/// A label that keeps repairs away from what carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedLabel {
    pub name: String,
    /// None: with any value.
    pub value: Option<String>,
}

impl From<&str> for ProtectedLabel {
    /// `name` or `name=value`.
    fn from(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, value)) => Self { name: name.trim().to_owned(), value: Some(value.trim().to_owned()) },
            None => Self { name: text.trim().to_owned(), value: None },
        }
    }
}

impl fmt::Display for ProtectedLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Cluster names; `*` is every one.
    pub clusters: Vec<String>,
    /// Namespaces; `*` is every one, a trailing `*` a prefix.
    pub namespaces: Vec<String>,
    /// Namespaces taken out again.
    pub except_namespaces: Vec<String>,
    /// What may be done.
    pub actions: BTreeSet<ActionKind>,
    /// Who may approve, by configured name.
    pub approvers: BTreeSet<String>,
    /// The largest change of a replica count that scale may make.
    pub max_replica_change: u32,
}

/// Why not, for people: `texts::repair::refusal` has the sentences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Repairs are off.
    Disabled,
    /// No rule allows this action there.
    NotAllowed {
        action: ActionKind,
        cluster: String,
        namespace: String,
    },
    /// A rule allows scaling, but not that far.
    TooLargeChange {
        from: i32,
        to: i32,
        limit: u32,
    },
    /// The object carries a label that keeps repairs away.
    Protected {
        target: String,
        label: String,
    },
    /// The action does not exist for this kind of object.
    NoSuchAction {
        action: ActionKind,
        kind: String,
    },
    /// Whoever decided is not listed as an approver.
    NotAnApprover {
        name: String,
        approvers: Vec<String>,
    },
    /// Whoever asked may not approve.
    SelfApproval,
    /// The risk is high, so that two persons are needed whatever the configuration says.
    SecondPerson,
    /// Somebody without an id of their own.
    Anonymous,
    /// Too late to decide.
    Expired {
        at: DateTime<Utc>,
    },
    /// Approved, but nothing began for so long that it no longer counts.
    ApprovalTooOld,
    /// Somebody was faster, or it is over.
    AlreadyDecided {
        what: &'static str,
        by: Option<String>,
        at: DateTime<Utc>,
    },
    /// Another repair of the same object is under way.
    Busy {
        other: String,
    },
    /// So many wait for a decision here that nobody could keep them apart.
    TooManyOpen {
        limit: usize,
    },
    /// The card belongs to another channel.
    WrongChannel,
    /// The stored action is not the one whose digest was shown.
    DigestMismatch,
    /// A step that the proposal's state does not have.
    OutOfTurn {
        step: &'static str,
        state: &'static str,
    },
    /// The object is no longer what it was when the repair was planned.
    TargetChanged {
        what: String,
    },
    NoSuchTarget {
        target: String,
        cluster: String,
    },
    /// It already is as asked.
    NothingToDo {
        why: String,
    },
    /// There is no identity that could change this cluster.
    NoWriter {
        cluster: String,
    },
    /// The API server does not let our writing identity do it.
    Forbidden {
        cluster: String,
        what: String,
        said: String,
    },
    /// The API server refuses the change itself.
    Invalid {
        said: String,
    },
    /// The cluster could not be asked.
    Unreachable {
        cluster: String,
        said: String,
    },
    /// Only one revision is known.
    NoEarlierRevision {
        target: String,
    },
    NoSuchRevision {
        target: String,
        asked: i64,
        known: Vec<i64>,
    },
    /// The rollout is paused: neither a restart nor an undo would have an effect.
    Paused {
        target: String,
    },
    /// Pods are only replaced when somebody deletes them.
    OnDelete {
        target: String,
    },
    /// Nothing would make the pod again.
    BarePod {
        target: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&texts::repair::why_not(self))
    }
}

impl Policy {
    /// Whether some rule allows this kind of action there.
    ///
    /// # Errors
    /// When repairs are off, or no rule covers it.
    pub fn allows(&self, kind: ActionKind, cluster: &str, namespace: &str) -> Result<(), Refusal> {
        if !self.enabled {
            return Err(Refusal::Disabled);
        }
        if self.rules.iter().any(|rule| rule.covers(kind, cluster, namespace)) {
            return Ok(());
        }
        Err(Refusal::NotAllowed { action: kind, cluster: cluster.to_owned(), namespace: namespace.to_owned() })
    }

    /// Whether some rule allows exactly this action.
    ///
    /// # Errors
    /// When repairs are off, no rule covers it, or it goes beyond every rule's bounds.
    pub fn permits(&self, action: &Action) -> Result<(), Refusal> {
        let target = action.target();
        self.allows(action.kind(), &target.cluster, &target.namespace)?;
        if self.rules_for(action).next().is_some() {
            return Ok(());
        }
        let Action::Scale { from, to, .. } = action else {
            return Err(Refusal::NotAllowed {
                action: action.kind(),
                cluster: target.cluster.clone(),
                namespace: target.namespace.clone(),
            });
        };
        let covering =
            self.rules.iter().filter(|rule| rule.covers(ActionKind::Scale, &target.cluster, &target.namespace));
        let limit = covering.map(|rule| rule.max_replica_change).max().unwrap_or_default();
        Err(Refusal::TooLargeChange { from: *from, to: *to, limit })
    }

    /// Whether an object may be repaired at all, by the labels that it carries.
    ///
    /// # Errors
    /// When it is protected.
    pub fn spares<'a>(&self, target: &str, label: impl Fn(&str) -> Option<&'a str>) -> Result<(), Refusal> {
        let carried = self.protected_labels.iter().find(|protected| match (label(&protected.name), &protected.value) {
            (Some(found), Some(wanted)) => found == wanted,
            (Some(_), None) => true,
            (None, _) => false,
        });
        match carried {
            Some(protected) => Err(Refusal::Protected { target: target.to_owned(), label: protected.to_string() }),
            None => Ok(()),
        }
    }

    /// Who may approve it, by configured name.
    pub fn approvers<'a>(&'a self, action: &'a Action) -> BTreeSet<&'a str> {
        if !self.enabled {
            return BTreeSet::new();
        }
        self.rules_for(action).flat_map(|rule| rule.approvers.iter().map(String::as_str)).collect()
    }

    fn rules_for<'a>(&'a self, action: &'a Action) -> impl Iterator<Item = &'a Rule> {
        let target = action.target();
        self.rules.iter().filter(move |rule| {
            rule.covers(action.kind(), &target.cluster, &target.namespace)
                && match action {
                    Action::Scale { from, to, .. } => from.abs_diff(*to) <= rule.max_replica_change,
                    Action::RestartRollout { .. } | Action::UndoRollout { .. } | Action::DeletePod { .. } => true,
                }
        })
    }
}

impl Rule {
    fn covers(&self, kind: ActionKind, cluster: &str, namespace: &str) -> bool {
        self.clusters.iter().any(|known| known == "*" || known == cluster)
            && self.namespaces.iter().any(|pattern| matches(pattern, namespace))
            && !self.except_namespaces.iter().any(|pattern| matches(pattern, namespace))
            && self.actions.contains(&kind)
    }
}

fn matches(pattern: &str, namespace: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => namespace.starts_with(prefix),
        None => pattern == namespace,
    }
}

/// Whether an action exists for a kind of object.
///
/// # Errors
/// When it does not.
pub(super) fn fits(action: ActionKind, kind: &str) -> Result<Kind, Refusal> {
    let known = kind.parse::<Kind>().ok().filter(|kind| action.fits(*kind));
    known.ok_or_else(|| Refusal::NoSuchAction { action, kind: kind.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Policy, Refusal, Rule};
    use crate::repair::{ActionKind, samples};

    fn rule(namespaces: &[&str], except: &[&str], actions: &[ActionKind], approvers: &[&str]) -> Rule {
        Rule {
            clusters: vec!["prod".into()],
            namespaces: namespaces.iter().map(|text| (*text).to_owned()).collect(),
            except_namespaces: except.iter().map(|text| (*text).to_owned()).collect(),
            actions: actions.iter().copied().collect(),
            approvers: approvers.iter().map(|text| (*text).to_owned()).collect(),
            max_replica_change: 3,
        }
    }

    fn policy(rules: Vec<Rule>) -> Policy {
        Policy { enabled: true, rules, ..samples::policy() }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        for kind in ActionKind::ALL {
            assert_eq!(Policy::default().allows(kind, "prod", "shop"), Err(Refusal::Disabled));
            assert!(policy(vec![]).allows(kind, "prod", "shop").is_err());
        }
        let off = Policy { enabled: false, ..samples::policy() };
        assert!(off.approvers(&samples::undo()).is_empty());
    }

    #[test]
    fn a_rule_covers_its_clusters_namespaces_and_actions() {
        use ActionKind::{Scale, UndoRollout};
        let table = [
            (rule(&["shop"], &[], &[UndoRollout], &["alice"]), "prod", "shop", UndoRollout, true),
            (rule(&["shop"], &[], &[UndoRollout], &["alice"]), "prod", "shop", Scale, false),
            (rule(&["shop"], &[], &[UndoRollout], &["alice"]), "prod", "shop2", UndoRollout, false),
            (rule(&["shop"], &[], &[UndoRollout], &["alice"]), "test", "shop", UndoRollout, false),
            (rule(&["shop-*"], &[], &[UndoRollout], &["alice"]), "prod", "shop-eu", UndoRollout, true),
            (rule(&["shop-*"], &[], &[UndoRollout], &["alice"]), "prod", "shop", UndoRollout, false),
            (rule(&["*"], &["kube-*"], &[UndoRollout], &["alice"]), "prod", "shop", UndoRollout, true),
            (rule(&["*"], &["kube-*"], &[UndoRollout], &["alice"]), "prod", "kube-system", UndoRollout, false),
            (rule(&["*"], &["*"], &[UndoRollout], &["alice"]), "prod", "shop", UndoRollout, false),
        ];
        for (rule, cluster, namespace, kind, allowed) in table {
            let shown = format!("{rule:?} {cluster} {namespace} {kind}");
            assert_eq!(policy(vec![rule]).allows(kind, cluster, namespace).is_ok(), allowed, "{shown}");
        }
        let everywhere = Rule { clusters: vec!["*".into()], ..rule(&["*"], &[], &[Scale], &["alice"]) };
        assert!(policy(vec![everywhere]).allows(Scale, "any", "any").is_ok());
    }

    #[test]
    fn approvers_are_those_of_every_rule_that_covers_it() {
        let rules = vec![
            rule(&["shop"], &[], &ActionKind::ALL, &["alice", "bob"]),
            rule(&["*"], &[], &[ActionKind::UndoRollout], &["carol"]),
            rule(&["other"], &[], &ActionKind::ALL, &["dave"]),
        ];
        let policy = policy(rules);
        assert_eq!(policy.approvers(&samples::undo()), ["alice", "bob", "carol"].into());
        assert_eq!(policy.approvers(&samples::restart()), ["alice", "bob"].into());
    }

    #[test]
    fn a_protected_label_keeps_repairs_away() {
        let protected_labels = vec!["tier=core".into(), "hands-off".into()];
        let policy = Policy { protected_labels, ..samples::policy() };
        for (name, value, label) in [
            ("tier", "core", Some("tier=core")),
            ("tier", "shop", None),
            ("hands-off", "", Some("hands-off")),
            ("app", "hands-off", None),
        ] {
            let spared = policy.spares("pod/x", |asked| (asked == name).then_some(value));
            let refused = label.map(|label| Refusal::Protected { target: "pod/x".into(), label: label.into() });
            assert_eq!(spared.err(), refused, "{name}={value}");
        }
    }

    #[test]
    fn scaling_stays_in_its_bounds() {
        let narrow = rule(&["*"], &[], &[ActionKind::Scale], &["alice"]);
        let wide = Rule { max_replica_change: 10, ..rule(&["*"], &[], &[ActionKind::Scale], &["bob"]) };
        let policy = policy(vec![narrow, wide]);
        assert_eq!(policy.permits(&samples::scale(2, 5)), Ok(()));
        assert_eq!(policy.approvers(&samples::scale(2, 5)), ["alice", "bob"].into());
        assert_eq!(policy.approvers(&samples::scale(2, 6)), ["bob"].into(), "only who may go that far");
        assert_eq!(policy.permits(&samples::scale(2, 13)), Err(Refusal::TooLargeChange { from: 2, to: 13, limit: 10 }));
        assert!(policy.approvers(&samples::scale(13, 2)).is_empty());
    }
}
