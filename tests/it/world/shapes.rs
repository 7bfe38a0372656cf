//! Which requests are compared between the demo and a real API server, and a guard for tests that make others.

use control_plane::{ControlPlane, Cursor, Identity, Request};
use roundsman::demo::{
    self, Shape,
    coverage::{Coverage, Uncovered},
};
use std::{collections::BTreeSet, path::Path};

/// What stands in `tests/data/shapes.jsonl`.
pub(crate) fn coverage() -> Result<Coverage, Uncovered> {
    Coverage::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shapes.jsonl"))
}

/// Fails the test if the bot asked the real API server for something that nobody compares with the demo. The server does
/// not know which of the tests that run at the same time asked: each of them vouches for all that were asked meanwhile.
pub(crate) struct Covered {
    plane: &'static ControlPlane,
    began: Cursor,
}

impl Covered {
    /// From now on.
    pub(crate) fn on(plane: &'static ControlPlane) -> Self {
        Self { plane, began: plane.audit().cursor() }
    }
}

impl Drop for Covered {
    fn drop(&mut self) {
        let requests = self.plane.audit().since(self.began);
        let bots = requests.iter().filter(|request| !request.user_agent.starts_with("kubectl"));
        let covered = coverage().and_then(|coverage| {
            let shapes: Vec<Shape> = bots.map(shape).collect();
            coverage.require(shapes.into_iter().filter(|shape| !known(coverage.shapes(), shape)))
        });
        if let Err(uncovered) = covered
            && !std::thread::panicking()
        {
            panic!("{uncovered}");
        }
    }
}

/// The shape of a request, as far as the audit log tells it; media types are the usual ones.
fn shape(request: &Request) -> Shape {
    let identity =
        if request.user == Identity::Writer.user() { demo::Identity::Writer } else { demo::Identity::Reader };
    let body = request.body.as_ref().map(|body| body.to_string()).unwrap_or_default();
    let (method, content_type) = match request.verb.as_str() {
        "create" => (http::Method::POST, "application/json"),
        "update" => (http::Method::PUT, "application/json"),
        "patch" if body.starts_with('[') => (http::Method::PATCH, "application/json-patch+json"),
        "patch" => (http::Method::PATCH, "application/merge-patch+json"),
        "delete" | "deletecollection" => (http::Method::DELETE, "application/json"),
        _ => (http::Method::GET, ""),
    };
    let accept = if request.subresource == "log" { "*/*" } else { "application/json" };
    Shape::noted(identity, method, &request.uri, content_type, accept, body.as_bytes())
}

/// Whether a shape of the audit log is a line of the file. The log does not tell `Accept`; a patch it shows as it was sent,
/// other bodies as the server completed them.
fn known(lines: &BTreeSet<Shape>, logged: &Shape) -> bool {
    let asks = |shape: &Shape| (shape.identity, shape.method.clone(), shape.path.clone(), shape.query.clone());
    lines.iter().any(|line| asks(line) == asks(logged) && (logged.method != "PATCH" || line.body == logged.body))
}
