//! One list, decoded item by item while it streams: from the watch cache in one answer, or in pages where that is not to be had.

use http::Response;
use kube::client::Body;
use serde::Deserialize;

use super::split::Splitter;
use super::wire::{JSON, Refused, Wire};
use crate::snapshot::{Interner, Resource, Scope, Snapshot, Why};

/// Names and labels without the content; servers that cannot do that send the whole objects.
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// How a server is asked for a whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// `resourceVersion=0`: one answer out of the watch cache.
    WatchCache,
    /// Pages of so many objects.
    Pages(u32),
}

/// One list to read.
#[derive(Debug, Clone)]
pub(super) struct ListCall {
    pub(super) resource: Resource,
    path: String,
    /// Beside paging, e.g. a field selector; already encoded.
    query: Option<&'static str>,
    accept: &'static str,
}

/// What has arrived so far; it outlives a read that is cut off by the deadline.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) objects: Snapshot,
    /// In the server's words: they name the identity.
    pub(super) forbidden: Option<String>,
    interner: Interner,
    undecodable: Option<(u64, String)>,
}

impl ListCall {
    /// The list of a resource in a scope.
    pub(super) fn new(resource: Resource, scope: &Scope) -> Self {
        let accept = match resource {
            Resource::IpAddresses => METADATA_ONLY,
            _ => JSON,
        };
        let path = path(resource, resource.api().version, scope);
        Self { resource, path, query: None, accept }
    }

    /// The same list in another version of its group.
    pub(super) fn in_version(self, version: &str, scope: &Scope) -> Self {
        Self { path: path(self.resource, version, scope), ..self }
    }

    /// The Secrets that Helm keeps its releases in: names and labels.
    pub(super) fn helm_releases(scope: &Scope) -> Self {
        let query = Some("fieldSelector=type%3Dhelm.sh%2Frelease.v1");
        Self { query, accept: METADATA_ONLY, ..Self::new(Resource::Secrets, scope) }
    }

    /// All other Secrets. Their values are dropped while decoding.
    pub(super) fn other_secrets(scope: &Scope) -> Self {
        let query = Some("fieldSelector=type%21%3Dhelm.sh%2Frelease.v1");
        Self { query, ..Self::new(Resource::Secrets, scope) }
    }

    /// Reads it all into `partial`.
    pub(super) async fn read(&self, wire: &Wire, paging: Paging, partial: &mut Partial) -> Result<(), Why> {
        let outcome = match self.attempt(wire, paging, partial).await {
            // The list changed underneath its pages: what came is of several moments, so all of it is read again at once.
            Err(Refused::Gone) => self.again(wire, Paging::WatchCache, partial).await,
            // A server that does not take the one form may take the other.
            Err(Refused::Status(400 | 413, _)) if paging == Paging::WatchCache => {
                self.again(wire, Paging::Pages(500), partial).await
            }
            // Connections break; once more is cheap, and a second time says that it is no accident.
            Err(Refused::Transport(..)) => self.again(wire, paging, partial).await,
            other => other,
        };
        outcome.map_err(|refused| match refused {
            Refused::Forbidden(message) => {
                partial.forbidden = Some(message);
                Why::Forbidden
            }
            Refused::NotFound => Why::NotServed,
            other => Why::Failed(other.to_string()),
        })?;
        match partial.undecodable.take() {
            None => Ok(()),
            Some((count, first)) => {
                Err(Why::Failed(format!("{count} of its objects could not be understood, first: {first}")))
            }
        }
    }

    async fn again(&self, wire: &Wire, paging: Paging, partial: &mut Partial) -> Result<(), Refused> {
        *partial = Partial::default();
        self.attempt(wire, paging, partial).await
    }

    async fn attempt(&self, wire: &Wire, paging: Paging, partial: &mut Partial) -> Result<(), Refused> {
        let mut token: Option<String> = None;
        loop {
            let path = self.path_and_query(paging, token.as_deref());
            let response = wire.get(&path, self.accept).await?;
            let next = self.stream(wire, response, partial).await?.filter(|next| !next.is_empty());
            match next {
                None => return Ok(()),
                // A server that sends the same token for ever must not keep us for ever.
                same if same == token => return Err(Refused::Status(200, "the pages do not end".to_owned())),
                next => token = next,
            }
        }
    }

    /// Decodes one answer as it comes; returns its continue token.
    async fn stream(
        &self,
        wire: &Wire,
        response: Response<Body>,
        partial: &mut Partial,
    ) -> Result<Option<String>, Refused> {
        #[derive(Deserialize, Default)]
        struct Envelope {
            #[serde(default)]
            kind: String,
            #[serde(default)]
            metadata: ListMeta,
        }
        #[derive(Deserialize, Default)]
        struct ListMeta {
            #[serde(default)]
            r#continue: Option<String>,
        }
        let nonsense = |detail: String| Refused::Status(200, detail);
        let mut body = response.into_body();
        let mut splitter = Splitter::default();
        while let Some(chunk) = wire.chunk(&mut body).await? {
            partial.feed(self.resource, &mut splitter, &chunk).map_err(|error| nonsense(error.to_string()))?;
        }
        let envelope = splitter.finish().map_err(|error| nonsense(error.to_string()))?;
        let envelope: Envelope = serde_json::from_slice(&envelope).map_err(|error| nonsense(error.to_string()))?;
        if !envelope.kind.ends_with("List") {
            return Err(nonsense(format!("the answer is a {:?} and no list", envelope.kind)));
        }
        Ok(envelope.metadata.r#continue)
    }

    fn path_and_query(&self, paging: Paging, token: Option<&str>) -> String {
        let mut query: Vec<String> = self.query.iter().map(|&query| query.to_owned()).collect();
        match (paging, token) {
            (Paging::WatchCache, None) => query.push("resourceVersion=0".to_owned()),
            (Paging::Pages(size), None) => query.push(format!("limit={size}")),
            (paging, Some(token)) => {
                let size = if let Paging::Pages(size) = paging { size } else { 500 };
                query.push(format!("limit={size}&continue={}", encode(token)));
            }
        }
        format!("{}?{}", self.path, query.join("&"))
    }
}

impl Partial {
    fn feed(
        &mut self,
        resource: Resource,
        splitter: &mut Splitter,
        chunk: &[u8],
    ) -> Result<(), super::split::SplitError> {
        let Self { objects, interner, undecodable, .. } = self;
        interner.scope(|| {
            splitter.feed(chunk, |item| {
                let mut json = serde_json::Deserializer::from_slice(item);
                match objects.push(resource, &mut json) {
                    Ok(()) => objects.reads.objects += 1,
                    // One odd object must not hide the others; that it is missing is said.
                    Err(error) => undecodable.get_or_insert_with(|| (0, error.to_string())).0 += 1,
                }
            })
        })
    }
}

fn path(resource: Resource, version: &str, scope: &Scope) -> String {
    let api = resource.api();
    let root = if api.group.is_empty() { format!("/api/{version}") } else { format!("/apis/{}/{version}", api.group) };
    let namespace = match (resource, scope) {
        // They tell of nodes and of the control plane, whatever is inspected.
        (Resource::Leases, _) => None,
        (_, Scope::Namespace(name)) if api.namespaced => Some(name.as_str()),
        (_, Scope::Namespace(_) | Scope::AllNamespaces) => None,
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{}/{}", encode(namespace), api.plural),
        None => format!("{root}/{}", api.plural),
    }
}

/// Percent-encodes a path segment or query value.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
