//! Who may decide what. Pure: values in, a refusal for people or nothing out.

use super::action::ActionKind;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

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
