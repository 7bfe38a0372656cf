//! RBAC in miniature: what each identity of the demo may do, and the reviews that say so.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::json::text;
use super::request::{Target, Verb};

/// Who is asking. The bot reads with one identity and writes with another, as it does in a real cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// Reads everything that an inspection reads; may neither write nor dry-run.
    Reader,
    /// Patches workloads and deletes pods; reads nothing.
    Writer,
    /// May do everything: the person who runs the cluster, and the tests.
    Admin,
}

/// One rule of a role.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    api_groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default, rename = "nonResourceURLs")]
    paths: Vec<String>,
    verbs: Vec<String>,
}

/// The cluster role of the reader, as people install it; Secrets included: the demo has a story about a TLS certificate.
static READER: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[include_str!("../../deploy/rbac/reader.yaml"), include_str!("../../deploy/rbac/reader-secrets.yaml")])
});

/// The cluster role of the writer, as people install it.
static WRITER: LazyLock<Vec<Rule>> = LazyLock::new(|| rules(&[include_str!("../../deploy/rbac/writer.yaml")]));

/// Everybody who is signed in may ask about themselves (`system:basic-user`).
const EVERYBODY: (&str, [&str; 2]) = ("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]);

/// The rules of all roles in these files. What cannot be read allows nothing.
fn rules(files: &[&'static str]) -> Vec<Rule> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(default)]
        rules: Vec<Rule>,
    }
    let documents = files.iter().flat_map(|file| serde_yaml_ng::Deserializer::from_str(file));
    documents.filter_map(|document| Manifest::deserialize(document).ok()).flat_map(|manifest| manifest.rules).collect()
}

/// Paths outside of the resources that everybody may read (`system:discovery`, `system:public-info-viewer`).
const PATHS: &[&str] =
    &["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/openapi", "/openapi/*"];

fn any(list: &[String], word: &str) -> bool {
    list.iter().any(|item| item == "*" || item == word)
}

impl Identity {
    /// The user name in error messages.
    pub fn user(self) -> &'static str {
        match self {
            Self::Reader => "roundsman-reader",
            Self::Writer => "roundsman-writer",
            Self::Admin => "demo-admin",
        }
    }

    fn rules(self) -> &'static [Rule] {
        match self {
            Self::Reader => &READER,
            Self::Writer => &WRITER,
            Self::Admin => &[],
        }
    }

    fn may_ask(self, verb: &str, group: &str, resource: &str) -> bool {
        let (own_group, reviews) = EVERYBODY;
        let about_oneself = verb == "create" && group == own_group && reviews.contains(&resource);
        let allows =
            |rule: &Rule| any(&rule.verbs, verb) && any(&rule.api_groups, group) && any(&rule.resources, resource);
        self == Self::Admin || about_oneself || self.rules().iter().any(allows)
    }

    /// Whether this identity may do this.
    pub(super) fn may(self, verb: Verb, target: &Target) -> bool {
        let resource = match &target.subresource {
            Some(subresource) => format!("{}/{subresource}", target.resource),
            None => target.resource.clone(),
        };
        self.may_ask(verb.as_str(), &target.group, &resource)
    }

    /// Whether this identity may read a path that names no resource.
    pub(super) fn may_read(self, path: &str) -> bool {
        let fits = |allowed: &str| match allowed.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path.trim_end_matches('/') == allowed,
        };
        let own = || self.rules().iter().flat_map(|rule| &rule.paths);
        self == Self::Admin || PATHS.iter().any(|allowed| fits(allowed)) || own().any(|allowed| fits(allowed))
    }

    /// A SelfSubjectAccessReview with its answer.
    pub(super) fn access_review(self, mut review: Value) -> Value {
        let asked = &review["spec"]["resourceAttributes"];
        let allowed = if asked.is_object() {
            let mut resource = text(asked, "/resource").to_owned();
            if !text(asked, "/subresource").is_empty() {
                resource = format!("{resource}/{}", text(asked, "/subresource"));
            }
            self.may_ask(text(asked, "/verb"), text(asked, "/group"), &resource)
        } else {
            self.may_read(text(&review, "/spec/nonResourceAttributes/path"))
        };
        let user = self.user();
        let mut status = json!({ "allowed": allowed });
        if allowed {
            status["reason"] = json!(format!(
                "RBAC: allowed by ClusterRoleBinding \"{user}\" of ClusterRole \"{user}\" to User \"{user}\""
            ));
        }
        review["status"] = status;
        review["kind"] = json!("SelfSubjectAccessReview");
        review["apiVersion"] = json!("authorization.k8s.io/v1");
        if review["metadata"].is_null() {
            review["metadata"] = json!({});
        }
        review
    }

    /// A SelfSubjectRulesReview with its answer.
    pub(super) fn rules_review(self) -> Value {
        let rule = |verbs: Value, groups: Value, resources: Value| json!({ "verbs": verbs, "apiGroups": groups, "resources": resources });
        let mut rules: Vec<Value> = match self {
            Self::Admin => vec![rule(json!(["*"]), json!(["*"]), json!(["*"]))],
            Self::Reader | Self::Writer => {
                let own = self.rules().iter().filter(|own| own.paths.is_empty());
                own.map(|own| rule(json!(own.verbs), json!(own.api_groups), json!(own.resources))).collect()
            }
        };
        let (group, reviews) = EVERYBODY;
        rules.push(rule(json!(["create"]), json!([group]), json!(reviews)));
        json!({
            "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
            "status": {
                "resourceRules": rules,
                "nonResourceRules": [{ "verbs": ["get"], "nonResourceURLs": PATHS }],
                "incomplete": false,
            },
        })
    }
}
