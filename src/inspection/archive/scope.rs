//! What an inspection looks at: what it is compared with, and who may join it.

use crate::{
    channel::button::ReportKey,
    report::{CheckSet, Report},
};
use chrono::{DateTime, Utc};

/// Which checks, of which cluster, everywhere or in one namespace. Inspections of one scope have one history, and
/// whoever asks for one while it waits or runs joins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Of which cluster.
    pub cluster: &'a str,
    /// One namespace only.
    pub namespace: Option<&'a str>,
    /// Which checks.
    pub set: CheckSet,
}

impl<'a> Scope<'a> {
    /// The daily checks of a whole cluster.
    pub fn daily(cluster: &'a str) -> Self {
        Self { cluster, namespace: None, set: CheckSet::Daily }
    }

    /// What a report tells of, which may be of one namespace only.
    pub fn of(report: &'a Report, namespace: Option<&'a str>) -> Self {
        Self { cluster: &report.cluster, namespace, set: report.set }
    }

    /// The same place with other checks.
    #[must_use]
    pub fn with(self, set: CheckSet) -> Self {
        Self { set, ..self }
    }

    /// The key under which it is kept. The daily checks have the one that there was before there were others.
    pub fn key(self) -> (String, String) {
        let namespace = self.namespace.unwrap_or_default();
        let place = match self.set {
            CheckSet::Daily => namespace.to_owned(),
            CheckSet::Hygiene | CheckSet::All => format!("{namespace} {}", self.set),
        };
        (self.cluster.to_owned(), place)
    }

    /// Its report of that time.
    pub fn at(self, taken_at: DateTime<Utc>) -> ReportKey {
        let Self { cluster, namespace, set } = self;
        ReportKey { cluster: cluster.to_owned(), namespace: namespace.map(str::to_owned), set, taken_at }
    }
}

impl<'a> From<&'a ReportKey> for Scope<'a> {
    fn from(key: &'a ReportKey) -> Self {
        Self { cluster: &key.cluster, namespace: key.namespace.as_deref(), set: key.set }
    }
}
