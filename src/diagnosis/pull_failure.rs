//! What a kubelet and a registry say of an image that does not come.

/// Why an image does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFailure {
    /// The registry has no such image or tag.
    NotFound,
    /// The registry wants another identity.
    Denied,
    /// Too many pulls.
    RateLimited,
    /// The registry does not answer.
    Network,
    /// The name is no image reference.
    BadName,
    /// The image has to be on the node, and is not.
    NeverPull,
    /// The signature is not accepted.
    Signature,
    /// Nothing says why.
    Unknown,
}

impl PullFailure {
    /// From the reason that the container waits for, and what was said of it.
    pub fn of(reason: &str, messages: &[&str]) -> Self {
        match reason {
            "InvalidImageName" => return Self::BadName,
            "ErrImageNeverPull" => return Self::NeverPull,
            "SignatureValidationFailed" => return Self::Signature,
            "RegistryUnavailable" => return Self::Network,
            _ => {}
        }
        let text = messages.join(" ").to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if says(&["toomanyrequests", "too many requests", "rate limit"]) {
            Self::RateLimited
        } else if says(&["unauthorized", "authentication required", "denied", "forbidden", "no basic auth"]) {
            Self::Denied
        } else if says(&[
            "no such host",
            "i/o timeout",
            "connection refused",
            "tls handshake",
            "x509",
            "dial tcp",
            "deadline",
        ]) || reason == "RegistryUnavailable"
        {
            Self::Network
        } else if says(&["not found", "manifest unknown", "notfound", "does not exist"]) {
            Self::NotFound
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PullFailure;

    #[test]
    fn pull_failures_are_told_apart() {
        for (reason, message, expected) in [
            (
                "ErrImagePull",
                r#"failed to resolve reference "acme/api:v9": acme/api:v9: not found"#,
                PullFailure::NotFound,
            ),
            ("ErrImagePull", "manifest unknown: manifest unknown", PullFailure::NotFound),
            (
                "ErrImagePull",
                "pull access denied, repository does not exist or may require authorization",
                PullFailure::Denied,
            ),
            ("ErrImagePull", "unexpected status: 401 Unauthorized", PullFailure::Denied),
            ("ErrImagePull", "429 Too Many Requests - toomanyrequests: rate limit", PullFailure::RateLimited),
            ("ErrImagePull", "dial tcp: lookup registry.acme.io: no such host", PullFailure::Network),
            ("RegistryUnavailable", "", PullFailure::Network),
            ("InvalidImageName", "couldn't parse image name", PullFailure::BadName),
            ("ImagePullBackOff", "Back-off pulling image \"acme/api:v9\"", PullFailure::Unknown),
        ] {
            assert_eq!(PullFailure::of(reason, &[message]), expected, "{message}");
        }
    }
}
