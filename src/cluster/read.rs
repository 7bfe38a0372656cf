//! Reads a cluster into a `Snapshot`: one list per kind, several at a time, one deadline for all, and a reason for what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::decode::Partial;
use super::list::{ListCall, Paging};
use super::sources::{Errand, Round};
use super::wire::{JSON, Refused, Wire};
use super::{Cluster, Obstacle, Unreachable};
use crate::snapshot::{Origin, Resource, Scope, ServedApi, Snapshot, State, Unread, Why};
use crate::texts::cluster as texts;

/// From this minor version on a paged read costs the server more than the watch cache does.
const WATCH_CACHE_SINCE: u32 = 33;

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// The time that the snapshot is taken at.
    pub now: DateTime<Utc>,
    pub scope: Scope,
    /// Lists that nobody asks for are not read, and count as switched off.
    pub resources: BTreeSet<Resource>,
}

impl ReadRequest {
    /// Everything but Secrets, which one has to be allowed to read.
    pub fn new(now: DateTime<Utc>) -> Self {
        let resources = Resource::ALL.iter().copied().filter(|resource| *resource != Resource::Secrets).collect();
        Self { now, scope: Scope::AllNamespaces, resources }
    }

    /// Only what is in both.
    #[must_use]
    pub fn only(mut self, wanted: &BTreeSet<Resource>) -> Self {
        self.resources.retain(|resource| wanted.contains(resource));
        self
    }

    /// Also Secrets: names, types, and the certificates of those that hold one.
    #[must_use]
    pub fn with_secrets(mut self) -> Self {
        self.resources.insert(Resource::Secrets);
        self
    }

    #[must_use]
    pub fn in_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// What came of one list, or of several that make up one resource.
struct Outcome {
    resource: Resource,
    objects: Snapshot,
    result: Result<(), Why>,
    unauthorized: bool,
    forbidden: Option<String>,
}

/// What the server said to whole identities and not about single lists.
#[derive(Debug, Default)]
struct Refusals {
    unauthorized: bool,
    forbidden: BTreeMap<Resource, String>,
}

impl Cluster {
    /// Reads the cluster. What cannot be read is named in the snapshot; an error means that nothing at all could be read.
    pub async fn read(&self, request: &ReadRequest) -> Result<Snapshot, Unreachable> {
        let begun = Instant::now();
        let deadline = begun + self.limits.deadline;
        // Its own counters, because several inspections may run over one client.
        let wire = Arc::new(Wire::new(self.reader.clone(), self.limits.requests_per_second));
        let version = self.first_answer(&wire, deadline).await?;
        let paging = match version.as_ref().and_then(Version::minor) {
            Some(minor) if minor < WATCH_CACHE_SINCE => Paging::Pages(self.limits.page),
            _ => Paging::WatchCache,
        };
        let mut snapshot = Snapshot {
            cluster: self.name().to_owned(),
            taken_at: request.now,
            version: version.map(|version| version.git_version),
            scope: request.scope.clone(),
            ..Snapshot::default()
        };
        let mut refusals = Refusals::default();
        let served = self.served(&wire, request, deadline).await;
        let (calls, left_out) = lists(request, &served);
        snapshot.unread.extend(left_out);
        let round = Round { cluster: self, wire: &wire, request, served: &served, paging, deadline };
        snapshot.unread.extend(round.not_configured());
        let mut lists = self.start(&wire, calls, request, paging, deadline);
        let collecting = async {
            while let Some(joined) = lists.join_next().await {
                match joined {
                    Ok(mut outcome) => {
                        refusals.unauthorized |= outcome.unauthorized;
                        refusals.forbidden.extend(outcome.forbidden.take().map(|said| (outcome.resource, said)));
                        collect(&mut snapshot, outcome);
                    }
                    Err(error) => return Err(self.unreachable(Obstacle::Failing, format!("reading stopped: {error}"))),
                }
            }
            Ok(())
        };
        let nothing_yet = Snapshot::default();
        let (collected, gathered) = tokio::join!(collecting, round.gather(Errand::BESIDE, &nothing_yet));
        collected?;
        let gathered_after = round.gather(Errand::AFTER, &snapshot).await;
        for gathered in gathered.into_iter().chain(gathered_after) {
            gathered.into(&mut snapshot);
        }
        if request.resources.contains(&Resource::RequestStats) {
            snapshot.request_stats.push(wire.stats());
        }
        if request.resources.contains(&Resource::ServedApis) {
            snapshot.served_apis = served.unwrap_or_default();
        }
        for resource in Resource::ALL.iter().copied().filter(|resource| !request.resources.contains(resource)) {
            snapshot.unread.push(Unread { resource, why: Why::SwitchedOff });
        }
        snapshot.unread.sort_by_key(|unread| unread.resource);
        snapshot.reads.requests = wire.requests.load(Ordering::Relaxed);
        snapshot.reads.bytes = wire.bytes.load(Ordering::Relaxed);
        snapshot.duration = begun.elapsed();
        match nothing_read(&snapshot, request, refusals).or_else(|| no_such_namespace(&snapshot)) {
            Some((obstacle, detail)) => Err(self.unreachable(obstacle, detail)),
            None => Ok(snapshot),
        }
    }

    /// The server's version, e.g. `v1.37.2`: whether anybody answers.
    ///
    /// # Errors
    /// When nobody does.
    pub async fn version(&self) -> Result<String, Unreachable> {
        let version = self.first_answer(&self.wire, Instant::now() + self.limits.request_timeout).await?;
        Ok(version.map_or_else(|| "unknown version".to_owned(), |version| version.git_version))
    }

    /// What extends Kubernetes is looked up by discovery first, so that an API that is absent costs no request.
    async fn served(&self, wire: &Wire, request: &ReadRequest, deadline: Instant) -> Result<Vec<ServedApi>, Why> {
        let asks = |resource: &Resource| match resource.origin() {
            Origin::BuiltIn => false,
            Origin::Extension => true,
            Origin::Source => match resource {
                Resource::ServedApis => true,
                Resource::CustomResources => !self.sources.custom_resources.is_empty(),
                _ => false,
            },
        };
        match request.resources.iter().any(asks) {
            true => timeout_at(deadline, served(wire)).await.unwrap_or(Err(Why::TimedOut)),
            false => Ok(Vec::new()),
        }
    }

    fn start(
        &self,
        wire: &Arc<Wire>,
        calls: Vec<ListCall>,
        request: &ReadRequest,
        paging: Paging,
        deadline: Instant,
    ) -> JoinSet<Outcome> {
        let shared = Arc::new(Partial::default());
        let slots = Arc::new(Semaphore::new(self.limits.concurrency.max(1)));
        let mut lists = JoinSet::new();
        for call in calls {
            let (wire, slots, scope) = (Arc::clone(wire), Arc::clone(&slots), request.scope.clone());
            let shared = Arc::clone(&shared);
            let resource = call.resource;
            lists.spawn(async move {
                let mut partial = Partial::beside(&shared);
                let read = async {
                    let _slot = slots.acquire().await.map_err(|error| Why::Failed(error.to_string()))?;
                    read_resource(&wire, call, &scope, paging, &mut partial).await
                };
                let result = timeout_at(deadline, read).await.unwrap_or(Err(Why::TimedOut));
                let unauthorized =
                    matches!(&result, Err(Why::Failed(why)) if *why == Refused::Unauthorized.to_string());
                partial.objects.shrink(resource);
                Outcome { resource, objects: partial.objects, result, unauthorized, forbidden: partial.forbidden }
            });
        }
        lists
    }

    /// The first request: whether anybody answers, and who.
    async fn first_answer(&self, wire: &Wire, deadline: Instant) -> Result<Option<Version>, Unreachable> {
        let first = deadline.min(Instant::now() + self.limits.request_timeout);
        let Ok(answer) = timeout_at(first, wire.get_json::<Version>("/version", JSON)).await else {
            return Err(
                self.unreachable(Obstacle::TimedOut, format!("no answer within {:?}", self.limits.request_timeout))
            );
        };
        match answer {
            Ok(version) => Ok(Some(version)),
            Err(Refused::Unauthorized) => {
                Err(self.unreachable(Obstacle::Unauthorized, Refused::Unauthorized.to_string()))
            }
            Err(Refused::Transport(obstacle, detail)) => Err(self.unreachable(obstacle, detail)),
            Err(refused @ Refused::Status(status, _)) if status >= 429 => {
                Err(self.unreachable(Obstacle::Failing, refused.to_string()))
            }
            // Who may not ask for the version may still list; what is no API server shows with the first list.
            Err(Refused::Forbidden(_) | Refused::NotFound | Refused::Gone | Refused::Status(..)) => Ok(None),
        }
    }
}

/// The lists to ask for, and what is not asked for and why.
fn lists(request: &ReadRequest, served: &Result<Vec<ServedApi>, Why>) -> (Vec<ListCall>, Vec<Unread>) {
    let (mut lists, mut unread) = (Vec::new(), Vec::new());
    for &resource in &request.resources {
        let found = match (resource.origin(), served) {
            (Origin::BuiltIn, _) => Ok(ListCall::new(resource, &request.scope)),
            (Origin::Source, Err(why)) if resource == Resource::ServedApis => Err(why.clone()),
            (Origin::Source, _) => continue,
            (Origin::Extension, Err(why)) => Err(why.clone()),
            (Origin::Extension, Ok(served)) => match version(served, resource) {
                Some(version) => Ok(ListCall::new(resource, &request.scope).in_version(version, &request.scope)),
                None => Err(Why::NotServed),
            },
        };
        match found {
            Ok(list) => lists.push(list),
            Err(why) => unread.push(Unread { resource, why }),
        }
    }
    (lists, unread)
}

async fn read_resource(
    wire: &Wire,
    call: ListCall,
    scope: &Scope,
    paging: Paging,
    partial: &mut Partial,
) -> Result<(), Why> {
    if call.resource != Resource::Secrets {
        return call.read(wire, paging, partial).await;
    }
    // Helm keeps whole releases in Secrets: of those the names and labels are enough.
    let mut releases = Partial::beside(partial);
    ListCall::helm_releases(scope).read(wire, paging, &mut releases).await?;
    let read = ListCall::other_secrets(scope).read(wire, paging, partial).await;
    partial.objects.reads.objects += releases.objects.reads.objects;
    partial.objects.take(Resource::Secrets, &mut releases.objects);
    read
}

/// What discovery tells of: one document for all groups.
async fn served(wire: &Wire) -> Result<Vec<ServedApi>, Why> {
    match super::discovery::served_apis(wire).await {
        Ok(served) => Ok(served),
        Err(Refused::NotFound) => Ok(Vec::new()),
        Err(Refused::Forbidden(_)) => Err(Why::Forbidden),
        Err(other) => Err(Why::Failed(other.to_string())),
    }
}

/// The version in which a resource is served: the one that we know, or else the one that the server prefers.
fn version(served: &[ServedApi], resource: Resource) -> Option<&str> {
    let api = resource.api();
    let mut same = served.iter().filter(|one| one.group == api.group && one.resource == api.plural);
    let first = same.next()?;
    let known = std::iter::once(first).chain(same).find(|one| one.version == api.version);
    Some(known.unwrap_or(first).version.as_str())
}

fn collect(snapshot: &mut Snapshot, mut outcome: Outcome) {
    snapshot.reads.objects += outcome.objects.reads.objects;
    snapshot.take(outcome.resource, &mut outcome.objects);
    if let Err(why) = outcome.result {
        snapshot.unread.push(Unread { resource: outcome.resource, why });
    }
}

/// Why there is nothing to inspect, if every single list failed.
fn nothing_read(snapshot: &Snapshot, request: &ReadRequest, refusals: Refusals) -> Option<(Obstacle, String)> {
    let mut reasons = Vec::new();
    for resource in request.resources.iter().copied().filter(|resource| resource.origin() == Origin::BuiltIn) {
        match snapshot.state_of(resource) {
            State::Read => return None,
            State::Unread(why) => reasons.push(why),
        }
    }
    let all = |same: fn(&Why) -> bool| reasons.iter().all(|why| same(why));
    let first_failure =
        reasons.iter().find_map(|why| if let Why::Failed(detail) = why { Some(detail.clone()) } else { None });
    if snapshot.reads.objects > 0 || reasons.is_empty() {
        None
    } else if all(|why| matches!(why, Why::NotServed)) {
        Some((Obstacle::NotKubernetes, "it has none of the lists".to_owned()))
    } else if refusals.unauthorized {
        Some((Obstacle::Unauthorized, Refused::Unauthorized.to_string()))
    } else if let Some(detail) = first_failure {
        // Every API server tells its version, if only to say that this one may not know it.
        let obstacle = if snapshot.version.is_some() { Obstacle::Failing } else { Obstacle::NotKubernetes };
        Some((obstacle, detail))
    } else if reasons.iter().any(|why| matches!(why, Why::TimedOut)) {
        Some((Obstacle::TimedOut, "no list arrived before the deadline".to_owned()))
    } else {
        let said = refusals.forbidden.into_values().next();
        Some((Obstacle::Forbidden, said.unwrap_or_else(|| "every list is forbidden".to_owned())))
    }
}

/// An empty namespace is healthy; one that does not exist is a slip of the finger.
fn no_such_namespace(snapshot: &Snapshot) -> Option<(Obstacle, String)> {
    let Scope::Namespace(named) = &snapshot.scope else { return None };
    let mut known: Vec<&str> = snapshot.namespaces.iter().map(|namespace| namespace.meta.name.as_str()).collect();
    known.sort_unstable();
    let missing = snapshot.has_read(Resource::Namespaces) && !known.contains(&named.as_str());
    missing.then(|| (Obstacle::NoSuchNamespace, texts::no_such_namespace(named, &known)))
}

/// `GET /version`.
#[derive(Debug, Deserialize)]
struct Version {
    #[serde(rename = "gitVersion")]
    git_version: String,
    #[serde(default)]
    minor: String,
}

impl Version {
    /// Distributions write `33+`.
    fn minor(&self) -> Option<u32> {
        let digits: String = self.minor.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    }
}
