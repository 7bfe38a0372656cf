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
        Self { title: title.into(), what: RemedyKind::Command(command.into()) }
    }

    /// An action of the repair catalogue.
    pub fn action(title: impl Into<String>, action: ActionHint) -> Self {
        Self { title: title.into(), what: RemedyKind::Action(action) }
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
