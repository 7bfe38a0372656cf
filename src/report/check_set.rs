//! Which checks were asked for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which checks run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckSet {
    /// What can hurt users soon: for every day.
    #[default]
    Daily,
    /// Order and prevention: weekly, or on request.
    Hygiene,
    /// Both.
    All,
}

impl CheckSet {
    /// Each that can be asked for.
    pub const EACH: [Self; 3] = [Self::Daily, Self::Hygiene, Self::All];

    /// Whether it is what is meant where nobody names one.
    pub fn is_daily(&self) -> bool {
        *self == Self::Daily
    }

    /// The lower-case name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Hygiene => "hygiene",
            Self::All => "all",
        }
    }
}

impl fmt::Display for CheckSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for CheckSet {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::EACH.into_iter().find(|set| set.name() == text).ok_or_else(|| UnknownSet(text.to_owned()))
    }
}

/// A word that is no set of checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown set {0:?}: one of daily, hygiene, all")]
pub struct UnknownSet(pub String);
