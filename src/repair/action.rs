//! The closed catalogue of what a repair can do.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The kinds of action, as policies name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// `kubectl rollout restart`.
    RestartRollout,
    /// `kubectl rollout undo`.
    UndoRollout,
    /// `kubectl scale`.
    Scale,
    /// `kubectl delete pod`, with the pod's uid as a precondition.
    DeletePod,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::RestartRollout, Self::UndoRollout, Self::Scale, Self::DeletePod];

    /// The name in configuration and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::RestartRollout => "restart_rollout",
            Self::UndoRollout => "undo_rollout",
            Self::Scale => "scale",
            Self::DeletePod => "delete_pod",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ActionKind {
    type Err = String;

    /// Reads the configuration's name, or the short word of `/fix`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "restart_rollout" | "restart" => Ok(Self::RestartRollout),
            "undo_rollout" | "undo" => Ok(Self::UndoRollout),
            "scale" => Ok(Self::Scale),
            "delete_pod" | "delete-pod" => Ok(Self::DeletePod),
            other => {
                let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
                Err(format!("\"{other}\" is not an action; known are {}", known.join(", ")))
            }
        }
    }
}
