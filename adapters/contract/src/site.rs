//! Where people's browsers find a web server of ours, and what has to be so for it to be safe there.

use std::net::SocketAddr;
use thiserror::Error;

/// Why a server cannot stand there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Misplaced {
    /// Requests under foreign names are refused, so whoever is open to the network has to know the name in use.
    #[error("{0} is open to the network: set public_url to the address that people use, or listen on 127.0.0.1")]
    Open(SocketAddr),
    /// More than an origin, or less.
    #[error("public_url {0:?} must be http:// or https:// with a host, and no path")]
    NoOrigin(String),
}

/// Whether a server may listen there, where people use this address.
///
/// # Errors
/// When it would be open to the network under no name, or the address is no origin.
pub fn placed(listen: SocketAddr, public_url: Option<&str>) -> Result<(), Misplaced> {
    match public_url {
        None if !listen.ip().is_loopback() => Err(Misplaced::Open(listen)),
        Some(url) if origin(url).is_none() => Err(Misplaced::NoOrigin(url.to_owned())),
        None | Some(_) => Ok(()),
    }
}

/// Scheme and host (with its port) of an origin; nothing where there is more than an origin.
pub fn origin(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    let good = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    good.then_some((scheme, host))
}

#[cfg(test)]
mod tests {
    use super::{Misplaced, origin, placed};

    #[test]
    fn an_origin_is_scheme_and_host_only() {
        assert_eq!(origin("https://chat.example:8443"), Some(("https", "chat.example:8443")));
        for bad in ["null", "ftp://a", "https://a/b", "https://user@a", "https://"] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn open_to_the_network_only_under_a_name() {
        let (here, open) = ("127.0.0.1:1".parse().unwrap(), "0.0.0.0:1".parse().unwrap());
        assert_eq!(placed(here, None), Ok(()));
        assert_eq!(placed(open, Some("https://chat.example")), Ok(()));
        assert_eq!(placed(open, None), Err(Misplaced::Open(open)));
        let path = "https://chat.example/chat";
        assert_eq!(placed(here, Some(path)), Err(Misplaced::NoOrigin(path.to_owned())));
    }
}
