//! Image references, taken apart as the container runtimes do it: a port in the registry is not a tag.

use std::fmt;

/// `registry/repository:tag@digest`; a part that is not written is absent, not guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// The host, with its port; absent means Docker Hub.
    pub registry: Option<&'a str>,
    /// The path of the image, e.g. `library/nginx` or `nginx`.
    pub repository: &'a str,
    pub tag: Option<&'a str>,
    /// E.g. `sha256:…`.
    pub digest: Option<&'a str>,
}

impl<'a> ImageRef<'a> {
    /// Takes a reference apart; nothing if it cannot be one.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if digest.contains(':') => (rest, Some(digest)),
            Some(_) => return None,
            None => (text, None),
        };
        let (registry, path) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
            _ => (None, rest),
        };
        let last_part = path.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match path.get(last_part..)?.find(':') {
            Some(colon) => (path.get(..last_part + colon)?, Some(path.get(last_part + colon + 1..)?)),
            None => (path, None),
        };
        let empty = repository.is_empty() || repository.ends_with('/') || tag == Some("") || registry == Some("");
        let odd = text.bytes().any(|b| b.is_ascii_whitespace()) || repository.bytes().any(|b| b.is_ascii_uppercase());
        (!empty && !odd).then_some(Self { registry, repository, tag, digest })
    }

    /// Whether what runs can change without the reference changing: neither a digest nor a tag other than `latest`.
    pub fn is_floating(&self) -> bool {
        self.digest.is_none() && matches!(self.tag, None | Some("latest"))
    }
}

impl fmt::Display for ImageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(self.repository)?;
        if let Some(tag) = self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart_and_together_again() {
        type Parts<'a> = (Option<&'a str>, &'a str, Option<&'a str>, Option<&'a str>);
        let cases: [(&str, Parts<'_>); 9] = [
            ("nginx", (None, "nginx", None, None)),
            ("nginx:1.27", (None, "nginx", Some("1.27"), None)),
            ("library/nginx:latest", (None, "library/nginx", Some("latest"), None)),
            ("registry:5000/img", (Some("registry:5000"), "img", None, None)),
            ("registry:5000/a/b:v1@sha256:abc", (Some("registry:5000"), "a/b", Some("v1"), Some("sha256:abc"))),
            ("ghcr.io/acme/api@sha256:abc", (Some("ghcr.io"), "acme/api", None, Some("sha256:abc"))),
            ("localhost/img:x", (Some("localhost"), "img", Some("x"), None)),
            ("acme/api", (None, "acme/api", None, None)),
            ("[::1]:5000/img:x", (Some("[::1]:5000"), "img", Some("x"), None)),
        ];
        for (text, parts) in cases {
            let image = ImageRef::parse(text).unwrap();
            assert_eq!((image.registry, image.repository, image.tag, image.digest), parts, "{text}");
            assert_eq!(image.to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_pulled_is_no_reference() {
        for text in ["", ":v1", "nginx:", "Nginx", "a b", "nginx@latest", "ghcr.io/", "acme/"] {
            assert_eq!(ImageRef::parse(text), None, "{text}");
        }
    }

    #[test]
    fn floating_is_what_can_change_underneath() {
        let floating = |text| ImageRef::parse(text).unwrap().is_floating();
        assert!(floating("registry:5000/img") && floating("nginx:latest"));
        assert!(!floating("nginx:1.27") && !floating("nginx:latest@sha256:abc"));
    }
}
