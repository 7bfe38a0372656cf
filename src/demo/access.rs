//! RBAC in miniature: what each identity of the demo may do, and the reviews that say so.

use serde_json::{Value, json};

use super::json::text;
use super::request::{Target, Verb};

/// Who is asking. The bot reads with one identity and writes with another, as it does in a real cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// Reads everything that an inspection reads; may neither write nor dry-run.
    Reader,
    /// Patches workloads, sets their scale, deletes pods; reads just these.
    Writer,
    /// May do everything: the person who runs the cluster, and the tests.
    Admin,
}

#[derive(Debug)]
struct Rule {
    groups: &'static [&'static str],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];

/// The cluster role of the reader, Secrets included: the demo has a story about a TLS certificate.
const READER: &[Rule] = &[
    Rule {
        groups: &[""],
        resources: &[
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "resourcequotas",
            "secrets",
            "serviceaccounts",
            "services",
        ],
        verbs: READ,
    },
    Rule { groups: &[""], resources: &["pods/log"], verbs: &["get"] },
    Rule {
        groups: &["apps"],
        resources: &["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"],
        verbs: READ,
    },
    Rule { groups: &["batch"], resources: &["cronjobs", "jobs"], verbs: READ },
    Rule {
        groups: &["networking.k8s.io"],
        resources: &["ingressclasses", "ingresses", "ipaddresses", "networkpolicies", "servicecidrs"],
        verbs: READ,
    },
    Rule { groups: &["discovery.k8s.io"], resources: &["endpointslices"], verbs: READ },
    Rule { groups: &["autoscaling"], resources: &["horizontalpodautoscalers"], verbs: READ },
    Rule { groups: &["policy"], resources: &["poddisruptionbudgets"], verbs: READ },
    Rule {
        groups: &["storage.k8s.io"],
        resources: &["csidrivers", "csinodes", "storageclasses", "volumeattachments"],
        verbs: READ,
    },
    Rule { groups: &["coordination.k8s.io"], resources: &["leases"], verbs: READ },
    Rule { groups: &["scheduling.k8s.io"], resources: &["priorityclasses"], verbs: READ },
    Rule {
        groups: &["rbac.authorization.k8s.io"],
        resources: &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
        verbs: READ,
    },
    Rule {
        groups: &["admissionregistration.k8s.io"],
        resources: &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        verbs: READ,
    },
    Rule { groups: &["apiextensions.k8s.io"], resources: &["customresourcedefinitions"], verbs: READ },
    Rule { groups: &["apiregistration.k8s.io"], resources: &["apiservices"], verbs: READ },
    Rule { groups: &["certificates.k8s.io"], resources: &["certificatesigningrequests"], verbs: READ },
    Rule { groups: &["events.k8s.io"], resources: &["events"], verbs: READ },
];

/// The cluster role of the writer.
const WRITER: &[Rule] = &[
    Rule {
        groups: &["apps"],
        resources: &["daemonsets", "deployments", "statefulsets"],
        verbs: &["get", "list", "patch"],
    },
    Rule {
        groups: &["apps"],
        resources: &["deployments/scale", "statefulsets/scale"],
        verbs: &["get", "patch", "update"],
    },
    Rule { groups: &[""], resources: &["pods"], verbs: &["get", "list", "delete"] },
];

const ADMIN: &[Rule] = &[Rule { groups: &["*"], resources: &["*"], verbs: &["*"] }];

/// Everybody who is signed in may ask about themselves (`system:basic-user`).
const EVERYBODY: &[Rule] = &[Rule {
    groups: &["authorization.k8s.io"],
    resources: &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    verbs: &["create"],
}];

/// Paths outside of the resources that everybody may read (`system:discovery`, `system:public-info-viewer`).
const PATHS: &[&str] =
    &["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version", "/openapi", "/openapi/*"];

fn any(list: &[&str], word: &str) -> bool {
    list.iter().any(|item| *item == "*" || *item == word)
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

    fn rules(self) -> impl Iterator<Item = &'static Rule> {
        let own = match self {
            Self::Reader => READER,
            Self::Writer => WRITER,
            Self::Admin => ADMIN,
        };
        own.iter().chain(EVERYBODY)
    }

    fn may_ask(self, verb: &str, group: &str, resource: &str) -> bool {
        self.rules().any(|rule| any(rule.verbs, verb) && any(rule.groups, group) && any(rule.resources, resource))
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
        self == Self::Admin
            || PATHS.iter().any(|allowed| match allowed.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path.trim_end_matches('/') == *allowed,
            })
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
        let rules: Vec<Value> = self
            .rules()
            .map(|rule| json!({ "verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources }))
            .collect();
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
