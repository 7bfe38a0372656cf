//! The only file that changes a cluster. Whoever calls it holds the proof of an approval.

use super::Cluster;
use super::exchange::{Denied, Run};
use crate::repair::{Approved, Request};
use serde_json::Value;

impl Cluster {
    /// Carries out what was approved, on the object as `live` was just read: one request, never repeated. `template`
    /// is the earlier template of an undo.
    ///
    /// # Errors
    /// When the server did not do it, or when nobody can tell.
    pub async fn write(
        &self,
        approved: &Approved<'_>,
        live: &Value,
        template: Option<&Value>,
    ) -> Result<Value, Denied> {
        let request = Request::of(approved.action(), live, template, approved.execution(), approved.at());
        tracing::info!(cluster = self.name(), path = request.path, verb = ?request.verb, "writing");
        self.send(&request, Run::Real).await
    }
}
