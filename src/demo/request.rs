//! What a request asks for: verb, group, version, resource, namespace, name and subresource, read from its path once.

use http::Method;

/// The addressed resource, as the API server's own request info has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

/// The API's verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// The form that the caller wants objects in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    /// `as=PartialObjectMetadata` or `as=PartialObjectMetadataList`.
    Metadata,
    /// `as=APIGroupDiscoveryList`, version 2.
    AggregatedDiscovery,
    /// Nothing that we can write.
    Unknown,
}

/// One request with everything read that the handlers need.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) content_type: String,
    pub(super) accept: String,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// The last value of a query key; empty values count as absent, as they do in the server.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().rev().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.query(key).is_some_and(|value| value == "true" || value == "1")
    }

    /// The addressed resource, or `None` for a path such as `/version`.
    pub(super) fn target(&self) -> Option<Target> {
        target(&self.path)
    }

    pub(super) fn verb(&self, target: &Target) -> Verb {
        match (&self.method, target.name.is_some()) {
            (&Method::GET | &Method::HEAD, true) => Verb::Get,
            (&Method::POST, _) => Verb::Create,
            (&Method::PUT, _) => Verb::Update,
            (&Method::PATCH, _) => Verb::Patch,
            (&Method::DELETE, true) => Verb::Delete,
            (&Method::DELETE, false) => Verb::DeleteCollection,
            (_, _) if self.flag("watch") => Verb::Watch,
            (_, _) => Verb::List,
        }
    }

    /// The first media type of `Accept` that we can write.
    pub(super) fn form(&self) -> Form {
        if self.accept.is_empty() {
            return Form::Whole;
        }
        for media in self.accept.split(',') {
            let mut parts = media.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            if !matches!(kind, "application/json" | "application/*" | "*/*") {
                continue;
            }
            let parameters: Vec<&str> = parts.collect();
            match parameters.iter().find_map(|parameter| parameter.strip_prefix("as=")) {
                None => return Form::Whole,
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Form::Metadata;
                }
                Some("APIGroupDiscoveryList") if parameters.contains(&"v=v2") => {
                    return Form::AggregatedDiscovery;
                }
                Some(_) => {}
            }
        }
        Form::Unknown
    }
}

fn target(path: &str) -> Option<Target> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let own = |word: &str| Some(word.to_owned());
    let (namespace, resource, name, subresource) = match rest {
        [] => return None,
        ["namespaces"] => (None, "namespaces", None, None),
        ["namespaces", name] => (own(name), "namespaces", own(name), None),
        ["namespaces", name, sub @ ("status" | "finalize")] => (own(name), "namespaces", own(name), own(sub)),
        ["namespaces", namespace, resource] => (own(namespace), *resource, None, None),
        ["namespaces", namespace, resource, name] => (own(namespace), *resource, own(name), None),
        ["namespaces", namespace, resource, name, sub @ ..] => {
            (own(namespace), *resource, own(name), Some(sub.join("/")))
        }
        [resource] => (None, *resource, None, None),
        [resource, name] => (None, *resource, own(name), None),
        [resource, name, sub @ ..] => (None, *resource, own(name), Some(sub.join("/"))),
    };
    Some(Target {
        group: group.to_owned(),
        version: version.to_owned(),
        resource: resource.to_owned(),
        namespace,
        name,
        subresource,
    })
}

/// Splits a query string and undoes its encoding; kube begins it with `?&`, so empty parts are skipped.
pub(super) fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(words: &str) -> String {
    let mut bytes = Vec::with_capacity(words.len());
    let mut rest = words.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(hex.unwrap_or(b'%'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_the_server_reads_them() {
        let scale = target("/apis/apps/v1/namespaces/shop/deployments/checkout/scale").unwrap();
        assert_eq!((scale.group.as_str(), scale.resource.as_str()), ("apps", "deployments"));
        assert_eq!(scale.namespace.as_deref(), Some("shop"));
        assert_eq!(scale.subresource.as_deref(), Some("scale"));
        let all = target("/api/v1/pods").unwrap();
        assert_eq!((all.namespace, all.name), (None, None));
        let namespace = target("/api/v1/namespaces/shop").unwrap();
        assert_eq!((namespace.resource.as_str(), namespace.name.as_deref()), ("namespaces", Some("shop")));
        assert_eq!(target("/apis/apps/v1"), None);
        assert_eq!(target("/version"), None);
    }

    #[test]
    fn queries_may_begin_with_an_ampersand() {
        let pairs = parse_query("&limit=500&labelSelector=app%3Dweb%2Ctier+x");
        assert_eq!(pairs[0], ("limit".to_owned(), "500".to_owned()));
        assert_eq!(pairs[1].1, "app=web,tier x");
    }
}
