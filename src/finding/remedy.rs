//! What one can do about a finding: look, or propose a change.

use super::Target;
use serde::{Deserialize, Serialize};

/// What one can do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// In words.
    pub title: String,
    /// `"command": "kubectl …"` or `"action": { … }`.
    #[serde(flatten)]
    pub what: RemedyKind,
    /// Why this, and not another, where it is a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a change does about the cause.
    #[serde(default, skip_serializing_if = "Effect::is_cure")]
    pub effect: Effect,
}

/// What a change does about the cause of a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It takes it away, if it works.
    #[default]
    Cures,
    /// It takes the trouble away for a while or in part; the cause stays.
    Relieves,
}

impl Effect {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_cure(&self) -> bool {
        *self == Self::Cures
    }
}

/// A look, or a change that can be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemedyKind {
    /// A command for a person's terminal; it only looks, unless its title says otherwise.
    Command(String),
    /// An action of the repair catalogue, to be proposed, approved and verified.
    Action(ActionHint),
}

impl Remedy {
    /// A command for a person's terminal.
    pub fn command(title: impl Into<String>, command: impl Into<String>) -> Self {
        Self { title: title.into(), what: RemedyKind::Command(command.into()), why: None, effect: Effect::default() }
    }

    /// An action of the repair catalogue.
    pub fn action(title: impl Into<String>, action: ActionHint) -> Self {
        Self { title: title.into(), what: RemedyKind::Action(action), why: None, effect: Effect::default() }
    }

    /// The same, with why it is this one.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// The same, where it leaves the cause as it is.
    #[must_use]
    pub fn as_relief(self) -> Self {
        Self { effect: Effect::Relieves, ..self }
    }

    /// The action, if it is one.
    pub fn as_action(&self) -> Option<&ActionHint> {
        match &self.what {
            RemedyKind::Action(action) => Some(action),
            RemedyKind::Command(_) => None,
        }
    }
}

/// A hint to repair: name and parameters. The server computes the patch, and only from what it reads itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActionHint {
    /// New pods from the same template.
    RestartRollout {
        /// Deployment, StatefulSet or DaemonSet.
        target: Target,
    },
    /// The template of an earlier revision.
    UndoRollout {
        /// Deployment, StatefulSet or DaemonSet.
        target: Target,
        /// None: the one before the current.
        #[serde(default)]
        to_revision: Option<i64>,
    },
    /// Another number of replicas.
    Scale {
        /// Deployment or StatefulSet.
        target: Target,
        /// How many.
        replicas: i32,
    },
    /// Delete one pod, so that its owner makes a new one.
    DeletePod {
        /// The pod.
        target: Target,
    },
}

impl ActionHint {
    /// What it would change.
    pub fn target(&self) -> &Target {
        match self {
            Self::RestartRollout { target }
            | Self::UndoRollout { target, .. }
            | Self::Scale { target, .. }
            | Self::DeletePod { target } => target,
        }
    }
}
