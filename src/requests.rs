//! What callers of the API asked for, and what came of it: the rows behind `202 Accepted` and `GET …/{id}`.

use crate::{
    ids, redact,
    report::{CheckSet, Report},
    store::{Commit, ReadError, Record, Store, Table, Versioned},
};
use chrono::{DateTime, TimeDelta, Utc};
use contract::ChannelRef;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// By id.
pub const REQUESTS: Table<Request> = Table::new("requests");

/// Batches of alerts by their digest: one that is delivered again is not posted again.
pub const TOLD: Table<Told> = Table::new("told");

/// So long the same batch is a repetition of its delivery; later it is Alertmanager's wish to remind people.
pub const REPEATED: TimeDelta = TimeDelta::hours(1);

/// One accepted request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// 128 bits in 22 characters.
    pub id: String,
    /// The name of the token that was used.
    pub caller: String,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// What was asked.
    pub received: Received,
    /// What came of it, once it is done.
    pub outcome: Option<Finished>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// `POST /api/v1/inspections`.
    Inspection {
        /// Of which cluster.
        cluster: String,
        /// One namespace only.
        namespace: Option<String>,
        /// Which checks.
        #[serde(default)]
        set: CheckSet,
    },
    /// `POST /api/v1/questions`.
    Question {
        /// About which cluster.
        cluster: String,
        /// The question.
        question: String,
    },
    /// `POST /api/v1/alerts`.
    Alerts {
        /// Of which cluster.
        cluster: String,
        /// Where it is posted.
        channel: ChannelRef,
        /// What came.
        batch: AlertBatch,
    },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// When.
    pub at: DateTime<Utc>,
    /// The result.
    pub result: Outcome,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The report.
    Report(Box<Report>),
    /// The answer as text.
    Answer(String),
    /// Why there is none.
    Failed(String),
}

/// Alertmanager's webhook message, version 4, as far as it is used
/// (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AlertBatch {
    /// What groups them.
    pub group_key: String,
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Labels that all of them have.
    pub common_labels: BTreeMap<String, String>,
    /// Alertmanager's own address.
    #[serde(rename = "externalURL")]
    pub external_url: String,
}

/// One alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    /// What it is about.
    pub labels: BTreeMap<String, String>,
    /// What it says.
    pub annotations: BTreeMap<String, String>,
    /// Since when.
    pub starts_at: String,
}

/// A batch of alerts that arrived, and the request that it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The request.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Record for Request {
    const VERSION: u16 = 1;
}

impl Record for Told {
    const VERSION: u16 = 1;
}

impl AlertBatch {
    /// What the batch says, for recognising it; `place` says where it goes.
    pub fn digest(&self, place: &[&str]) -> String {
        let mut lines: Vec<String> = self.alerts.iter().map(Alert::line).collect();
        lines.sort();
        let mut parts = vec![self.group_key.as_str()];
        parts.extend(place);
        parts.extend(lines.iter().map(String::as_str));
        ids::derived(&parts)
    }

    /// The batch as it may be kept: what annotations quote can hold a secret.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        for text in self.alerts.iter_mut().flat_map(|alert| alert.annotations.values_mut()) {
            if let Cow::Owned(cleaned) = redact::text(text) {
                *text = cleaned;
            }
        }
        self
    }

    /// The question that the firing alerts pose; none when all are resolved.
    pub fn question(&self) -> Option<String> {
        let lines: Vec<String> =
            self.alerts.iter().filter(|alert| alert.is_firing()).take(10).map(Alert::question).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Alert {
    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        self.status == "firing"
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("an alert without a name", String::as_str)
    }

    /// What it says in one line.
    pub fn summary(&self) -> Option<&str> {
        ["summary", "description", "message"].iter().find_map(|key| self.annotations.get(*key)).map(String::as_str)
    }

    /// The object that its labels name, as KIND/NAME, workloads before pods.
    pub fn object(&self) -> Option<String> {
        [
            "deployment",
            "statefulset",
            "daemonset",
            "job_name",
            "cronjob",
            "service",
            "persistentvolumeclaim",
            "pod",
            "node",
        ]
        .iter()
        .find_map(|key| self.labels.get(*key).map(|name| format!("{}/{name}", key.trim_end_matches("_name"))))
    }

    /// What makes it another alert than before.
    fn line(&self) -> String {
        format!("{} {} {:?}", self.status, self.starts_at, self.labels)
    }

    fn question(&self) -> String {
        let mut text = format!("The alert {} fires", self.name());
        if let Some(object) = self.object() {
            text.push_str(&format!(" for {object}"));
        }
        if let Some(namespace) = self.labels.get("namespace") {
            text.push_str(&format!(" in namespace {namespace}"));
        }
        if let Some(summary) = self.summary() {
            text.push_str(&format!(": {summary}"));
        }
        text.push_str(". Why?");
        text
    }
}

/// A request by its id.
///
/// # Errors
/// When the store cannot be read.
pub fn load(store: &Store, id: &str) -> Result<Option<Versioned<Request>>, ReadError> {
    store.get(&REQUESTS, id)
}

/// The request that the same batch became shortly before; else the commit keeps that it is now `request`.
///
/// # Errors
/// When the store cannot be read.
pub fn told_before(
    store: &Store,
    commit: &mut Commit,
    digest: String,
    request: &Request,
) -> Result<Option<String>, ReadError> {
    let told = Told { id: request.id.clone(), at: request.at };
    match store.get(&TOLD, &digest)? {
        Some(known) if request.at - known.at < REPEATED => return Ok(Some(known.id.clone())),
        Some(old) => commit.replace(&TOLD, digest, &old, &told),
        None => commit.insert(&TOLD, digest, &told),
    };
    Ok(None)
}

/// Adds the report, or why there is none, to a request.
///
/// # Errors
/// When the store cannot be read.
pub fn answer_inspection(
    store: &Store,
    commit: &mut Commit,
    id: &str,
    outcome: Result<&Report, &str>,
    now: DateTime<Utc>,
) -> Result<(), ReadError> {
    if let Some(request) = load(store, id)? {
        let result = match outcome {
            Ok(report) => Outcome::Report(Box::new(report.clone())),
            Err(error) => Outcome::Failed(error.to_owned()),
        };
        finish(commit, &request, result, now);
    }
    Ok(())
}

/// Adds an answer to a request.
pub fn answer_text(commit: &mut Commit, request: &Versioned<Request>, text: &str, now: DateTime<Utc>) {
    finish(commit, request, Outcome::Answer(text.to_owned()), now);
}

/// Adds why there is no answer to a request.
pub fn give_up(commit: &mut Commit, request: &Versioned<Request>, why: &str, now: DateTime<Utc>) {
    finish(commit, request, Outcome::Failed(why.to_owned()), now);
}

fn finish(commit: &mut Commit, request: &Versioned<Request>, result: Outcome, now: DateTime<Utc>) {
    let done = Request { outcome: Some(Finished { at: now, result }), ..Request::clone(request) };
    commit.replace(&REQUESTS, request.id.as_str(), request, &done);
}
