//! What would happen: access reviews and dry runs with the writing identity. Nothing that is sent here is kept.

use super::Cluster;
use super::exchange::{Denied, Run};
use crate::repair::{Request, Target};
use http::Method;
use serde_json::{Value, json};

impl Cluster {
    /// Whether the writing identity may do this to the object; if not, the server's reason.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn may(&self, verb: &str, target: &Target) -> Result<Result<(), String>, Denied> {
        let review = json!({
            "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
            "spec": {"resourceAttributes": {
                "verb": verb, "group": target.kind.group(), "resource": target.kind.plural(),
                "namespace": target.namespace, "name": target.name,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = self.exchange(Method::POST, path, "application/json", &review).await?;
        let allowed = answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false);
        let reason = answer.pointer("/status/reason").and_then(Value::as_str).unwrap_or_default();
        Ok(if allowed { Ok(()) } else { Err(reason.to_owned()) })
    }

    /// What the object would be after this change, by the server's own dry run.
    ///
    /// # Errors
    /// When the server would not do it, or cannot be asked.
    pub async fn rehearse(&self, request: &Request) -> Result<Value, Denied> {
        self.send(request, Run::Dry).await
    }
}
