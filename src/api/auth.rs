//! Who calls: a bearer token, compared in constant time.

use super::{Api, Problem};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The caller, for handlers.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The token's configured name.
    pub(super) name: String,
    /// The clusters that it may name; empty means all.
    clusters: Vec<String>,
}

impl Caller {
    /// Whether this caller may name the cluster.
    pub(super) fn may_see(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|known| known == cluster)
    }
}

pub(super) async fn bearer(State(api): State<Arc<Api>>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(given) = given.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(Problem(StatusCode::UNAUTHORIZED, "send Authorization: Bearer TOKEN".into()));
    };
    // Hashed first, so that the length tells nothing; every token is compared, so that the place tells nothing.
    let given = Sha256::digest(given.trim());
    let mut caller = None;
    for known in &api.settings.tokens {
        let known_hash = Sha256::digest(known.token.expose_secret());
        if bool::from(given.as_slice().ct_eq(known_hash.as_slice())) {
            caller = Some(Caller { name: known.name.clone(), clusters: known.clusters.clone() });
        }
    }
    match caller {
        Some(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.run(request).await)
        }
        None => Err(Problem(StatusCode::UNAUTHORIZED, "this token is not known".into())),
    }
}
