//! What the API server says it serves: one document for all groups, or one by one where it is too old for that.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Cluster;
use super::kinds::Kind;
use super::wire::{JSON, Refused, Wire};
use crate::snapshot::{ObjectMeta, ServedApi};

/// One document instead of one per group; older servers send the plain list of groups.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
/// Groups that are asked one by one where that is necessary.
const MOST_GROUPS: usize = 100;

/// Everything that is served beside the core group, in every version, the server's preferred one first.
pub(super) async fn served_apis(wire: &Wire) -> Result<Vec<ServedApi>, Refused> {
    match wire.get_json("/apis", AGGREGATED).await? {
        Discovery::Aggregated { items } => Ok(items.into_iter().flat_map(Group::apis).collect()),
        Discovery::Groups { groups } => {
            let mut apis = Vec::new();
            for group in groups.into_iter().take(MOST_GROUPS) {
                let path = format!("/apis/{}", group.preferred_version.group_version);
                let kinds = kinds_in(wire, &path).await.into_iter();
                apis.extend(kinds.map(|(kind, _)| api(&kind, false)));
            }
            Ok(apis)
        }
        Discovery::Versions {} => Ok(Vec::new()),
    }
}

fn api(kind: &Kind, scale: bool) -> ServedApi {
    let name = format!("{}.{}.{}", kind.plural, kind.version, kind.group);
    ServedApi {
        meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
        group: kind.group.as_str().into(),
        version: kind.version.as_str().into(),
        resource: kind.plural.as_str().into(),
        kind: kind.kind.as_str().into(),
        namespaced: kind.namespaced,
        scale,
    }
}

impl Cluster {
    pub(super) async fn served_kinds(&self) -> Result<Vec<(Kind, Vec<String>)>, Refused> {
        let mut kinds = Vec::new();
        for root in ["/api", "/apis"] {
            let document: Discovery = self.wire.get_json(root, AGGREGATED).await?;
            match document {
                Discovery::Aggregated { items } => kinds.extend(items.into_iter().flat_map(Group::kinds)),
                Discovery::Groups { groups } => {
                    for group in groups.into_iter().take(MOST_GROUPS) {
                        kinds.extend(
                            kinds_in(&self.wire, &format!("/apis/{}", group.preferred_version.group_version)).await,
                        );
                    }
                }
                Discovery::Versions {} => kinds.extend(kinds_in(&self.wire, "/api/v1").await),
            }
        }
        Ok(kinds)
    }
}

/// A group whose server is down must not hide the others.
async fn kinds_in(wire: &Wire, path: &str) -> Vec<(Kind, Vec<String>)> {
    let answer: Result<ResourceList, Refused> = wire.get_json(path, JSON).await;
    let list = match answer {
        Ok(list) => list,
        Err(refused) => {
            tracing::debug!(path, %refused, "an API group does not tell its kinds");
            return Vec::new();
        }
    };
    let (group, version) = list.group_version.split_once('/').unwrap_or(("", &list.group_version));
    let own = list.resources.into_iter().filter(|resource| !resource.name.contains('/'));
    own.map(|resource| {
        let kind = Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: resource.name,
            kind: resource.kind,
            namespaced: resource.namespaced,
        };
        (kind, [resource.short_names, vec![resource.singular_name]].concat())
    })
    .collect()
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Discovery {
    #[serde(rename = "APIGroupDiscoveryList")]
    Aggregated { items: Vec<Group> },
    #[serde(rename = "APIGroupList")]
    Groups { groups: Vec<PlainGroup> },
    #[serde(rename = "APIVersions")]
    Versions {},
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
    #[serde(default)]
    resources: Vec<GroupResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupResource {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    subresources: Vec<Subresource>,
}

#[derive(Deserialize)]
struct Subresource {
    subresource: String,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

impl Group {
    /// Everything in every version.
    fn apis(self) -> Vec<ServedApi> {
        let group = self.metadata.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let in_version = |version: &GroupVersion| {
            let one = |resource: &GroupResource| {
                let scale = resource.subresources.iter().any(|sub| sub.subresource == "scale");
                let kind = Kind {
                    group: group.to_owned(),
                    version: version.version.clone(),
                    plural: resource.resource.clone(),
                    kind: resource.response_kind.as_ref()?.kind.clone(),
                    namespaced: resource.scope == "Namespaced",
                };
                Some(api(&kind, scale))
            };
            version.resources.iter().filter_map(one).collect::<Vec<_>>()
        };
        self.versions.iter().flat_map(in_version).collect()
    }

    /// The kinds of its preferred version, which comes first.
    fn kinds(self) -> Vec<(Kind, Vec<String>)> {
        let group = self.metadata.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let Some(first) = self.versions.into_iter().next() else { return Vec::new() };
        let kinds = first.resources.into_iter().filter_map(|resource| {
            let kind = Kind {
                group: group.clone(),
                version: first.version.clone(),
                plural: resource.resource,
                kind: resource.response_kind?.kind,
                namespaced: resource.scope == "Namespaced",
            };
            Some((kind, [resource.short_names, vec![resource.singular_resource]].concat()))
        });
        kinds.collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainGroup {
    preferred_version: PreferredVersion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreferredVersion {
    group_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList {
    group_version: String,
    #[serde(default)]
    resources: Vec<PlainResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainResource {
    name: String,
    kind: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    short_names: Vec<String>,
}
