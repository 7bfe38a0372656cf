//! One list, decoded item by item while it streams: from the watch cache in one answer, or in pages where that is not to be had.

use http::Response;
use kube::client::Body;

use super::decode::{Decoder, Partial};
use super::wire::{JSON, PROTOBUF, Refused, Wire};
use crate::snapshot::{Resource, Scope, ServedApi, Why};

/// Names and labels without the content; servers that cannot do that send the whole objects.
const METADATA_ONLY: &str = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,\
    application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

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

impl ListCall {
    /// The list of a resource in a scope.
    pub(super) fn new(resource: Resource, scope: &Scope) -> Self {
        let accept = match resource {
            Resource::IpAddresses => METADATA_ONLY,
            other if other.has_protobuf() => PROTOBUF,
            _ => JSON,
        };
        let path = path(resource, resource.api().version, scope);
        Self { resource, path, query: None, accept }
    }

    /// The same list in another version of its group.
    pub(super) fn in_version(self, version: &str, scope: &Scope) -> Self {
        Self { path: path(self.resource, version, scope), ..self }
    }

    /// The list of a custom resource that discovery tells of.
    pub(super) fn custom(api: &ServedApi, scope: &Scope) -> Self {
        let root = format!("/apis/{}/{}", encode(&api.group), encode(&api.version));
        let path = match scope {
            Scope::Namespace(name) if api.namespaced => {
                format!("{root}/namespaces/{}/{}", encode(name), encode(&api.resource))
            }
            Scope::Namespace(_) | Scope::AllNamespaces => format!("{root}/{}", encode(&api.resource)),
        };
        Self { resource: Resource::CustomResources, path, query: None, accept: JSON }
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
            Err(Refused::Transport(..)) => {
                wire.note_retry();
                self.again(wire, paging, partial).await
            }
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
        *partial = Partial::beside(partial);
        self.attempt(wire, paging, partial).await
    }

    async fn attempt(&self, wire: &Wire, paging: Paging, partial: &mut Partial) -> Result<(), Refused> {
        let mut token: Option<String> = None;
        loop {
            let path = self.path_and_query(paging, token.as_deref());
            let response = wire.get(&path, self.accept).await?;
            let next = self.stream(wire, response, partial).await?;
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
        let nonsense = |detail: String| Refused::Status(200, detail);
        let mut decoder = Decoder::of(response.headers());
        let mut body = response.into_body();
        while let Some(chunk) = wire.chunk(&mut body).await? {
            decoder.feed(&chunk, self.resource, partial).map_err(|error| nonsense(error.to_string()))?;
        }
        let envelope = decoder.finish().map_err(|error| nonsense(error.to_string()))?;
        if !envelope.kind.ends_with("List") {
            return Err(nonsense(format!("the answer is a {:?} and no list", envelope.kind)));
        }
        Ok(envelope.next)
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
