//! What can be wrong with a workload.

use crate::random::Random;

/// A fault, and the finding that tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The check that finds it.
    pub check: &'static str,
    /// `Kind/namespace/name` of what the finding is about.
    pub target: String,
}

/// What is wrong with the pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    ImagePull,
    CrashLoop,
    OutOfMemory,
    Unschedulable,
    MissingConfig,
    NotReady,
}

impl Trouble {
    const ALL: &[Self] = &[
        Self::ImagePull,
        Self::CrashLoop,
        Self::OutOfMemory,
        Self::Unschedulable,
        Self::MissingConfig,
        Self::NotReady,
    ];

    pub(crate) fn any(random: &mut Random) -> Self {
        random.pick(Self::ALL)
    }

    pub(crate) fn check(self) -> &'static str {
        match self {
            Self::ImagePull => "pod/image-pull",
            Self::CrashLoop => "pod/crash-loop",
            Self::OutOfMemory => "pod/oom-killed",
            Self::Unschedulable => "pod/unschedulable",
            Self::MissingConfig => "pod/missing-config-ref",
            Self::NotReady => "pod/not-ready",
        }
    }

    /// Whether the pods are back by now.
    pub(crate) fn is_over(self) -> bool {
        self == Self::OutOfMemory
    }

    /// Whether the container runs at the moment.
    pub(crate) fn runs(self) -> bool {
        matches!(self, Self::OutOfMemory | Self::NotReady)
    }
}
