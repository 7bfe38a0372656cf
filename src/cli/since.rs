//! `--since REPORT.json`: an earlier report that this inspection can be compared with.

use crate::{forms::json, inspection::History, report::Report, texts::time::moment};
use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};

/// How much two machines' clocks may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// A report that was read from a file.
#[derive(Debug)]
pub(super) struct Earlier {
    path: PathBuf,
    report: Report,
}

impl Earlier {
    /// # Errors
    /// When there is no such file, or no report of this version in it.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("--since {}", path.display()))?;
        let report = json::parse(&text).map_err(|error| {
            let error = anyhow::Error::from(error);
            anyhow!("--since {}: {error:#}; roundsman inspect -o json writes one", path.display())
        })?;
        Ok(Self { path: path.to_owned(), report })
    }

    /// What it says for an inspection of this cluster at this time.
    ///
    /// # Errors
    /// When it is of another cluster, where everything would seem to be resolved, or of a later time.
    pub(super) fn history(&self, cluster: &str, now: DateTime<Utc>) -> anyhow::Result<History> {
        let Self { path, report } = self;
        if report.cluster != cluster {
            bail!("--since {} is of cluster {}, and this is {cluster}", path.display(), report.cluster);
        }
        if report.taken_at > now + SKEW {
            let (then, now) = (moment(report.taken_at), moment(now));
            bail!("--since {} is of {then}, which is later than this inspection's {now}", path.display());
        }
        Ok(History::since(report))
    }
}
