//! What stands before every request: the right host, our own page, and headers that let the page load nothing else.

use crate::texts;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::site::origin;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Set by our own scripts: a form or a foreign page cannot set it without asking first, and nobody answers.
pub(crate) const OWN_PAGE: &str = "x-roundsman";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The names under which this server answers.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    /// Open to the network: any of this machine's addresses, since an address cannot be rebound as a name can.
    any_address: Option<u16>,
}

impl Hosts {
    pub(crate) fn new(listen: SocketAddr, public_url: Option<&str>) -> Self {
        let port = listen.port();
        let mut names = vec![listen.to_string(), format!("localhost:{port}")];
        if port == 80 {
            names.extend([listen.ip().to_string(), "localhost".into()]);
        }
        names.extend(public_url.and_then(origin).map(|(_, host)| host.to_ascii_lowercase()));
        Self { names, any_address: (!listen.ip().is_loopback()).then_some(port) }
    }

    fn know(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.contains(&host)
            || self.any_address.is_some_and(|port| {
                host.parse::<SocketAddr>().is_ok_and(|address| address.port() == port)
                    || (port == 80 && host.parse::<IpAddr>().is_ok())
            })
    }
}

/// Refuses what does not come from our own page under our own name, and adds the headers.
pub(crate) async fn guard(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&hosts, &request) {
        Some((status, text)) => (status, text).into_response(),
        None => next.run(request).await,
    };
    secure(response.headers_mut());
    response
}

fn refusal(hosts: &Hosts, request: &Request) -> Option<(StatusCode, &'static str)> {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).or(request.uri().authority().map(|authority| authority.as_str()));
    if !host.is_some_and(|host| hosts.know(host)) {
        return Some((StatusCode::MISDIRECTED_REQUEST, texts::WRONG_HOST));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let own_origin = text(header::ORIGIN).and_then(origin).is_some_and(|(_, host)| hosts.know(host));
    let foreign_site = headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.as_bytes(), b"same-origin"));
    if !own_origin || foreign_site || !headers.contains_key(OWN_PAGE) {
        return Some((StatusCode::FORBIDDEN, texts::FOREIGN_PAGE));
    }
    None
}

fn secure(headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
}

/// For a file that somebody downloads: whatever it is, it does nothing.
pub(crate) fn file_policy() -> (HeaderName, HeaderValue) {
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FILE_POLICY))
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn a_name_that_is_not_ours_is_not_known() {
        let hosts = Hosts::new("127.0.0.1:8090".parse().unwrap(), None);
        assert!(hosts.know("127.0.0.1:8090") && hosts.know("LOCALHOST:8090"));
        for foreign in ["evil.example:8090", "127.0.0.1:80", "127.0.0.1", "localhost.evil.example:8090", ""] {
            assert!(!hosts.know(foreign), "{foreign}");
        }
    }

    #[test]
    fn on_the_network_an_address_is_known_and_a_foreign_name_is_not() {
        let hosts = Hosts::new("0.0.0.0:8090".parse().unwrap(), Some("https://chat.example"));
        assert!(hosts.know("192.0.2.7:8090") && hosts.know("chat.example") && hosts.know("[::1]:8090"));
        assert!(!hosts.know("evil.example:8090") && !hosts.know("192.0.2.7:80"));
    }
}
