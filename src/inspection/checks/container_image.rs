//! Where images come from, and whether one can tell what runs.

use super::check::row::*;
use super::scene::{Draft, Scene};
use super::templates::{Place, READS, Template, flaws};
use crate::finding::Severity;
use crate::snapshot::ImageRef;
use crate::texts::findings::container as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("container/image-untagged"),
        kind: "Container",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "Nobody can tell which version runs; two nodes may run different ones, and there is no way back.",
        advice: "Name a version, or better a digest.",
        find: image_untagged,
    },
    Check {
        id: CheckId::new("container/image-latest"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "What runs changes with every pull; there is no way back to what ran before.",
        advice: "Name a version, or better a digest.",
        find: image_latest,
    },
    Check {
        id: CheckId::new("container/image-registry"),
        kind: "Container",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: READS,
        gate: None,
        means: "The image comes from a registry that the configuration does not allow.",
        advice: "Mirror the image into an allowed registry, or allow this one.",
        find: image_registry,
    },
];

/// What a registry is called that is not named.
const HUB: &str = "docker.io";

/// The images of a template; what is no reference is said by the pull that fails.
fn images<'a>(template: &Template<'a>) -> impl Iterator<Item = (Place<'a>, ImageRef<'a>)> + use<'a> {
    template.all().filter_map(|place| Some((place, ImageRef::parse(&place.container.image)?)))
}

pub(super) fn image_untagged(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let untagged = images(template).filter(|(_, image)| image.tag.is_none() && image.digest.is_none());
        untagged
            .map(|(place, _)| place.flaw(&*place.container.image, "image", &*place.container.image))
            .collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, texts::image_untagged)
}

pub(super) fn image_latest(scene: &Scene<'_>) -> Vec<Draft> {
    let look = |template: &Template<'_>| {
        let latest = images(template).filter(|(_, image)| image.tag == Some("latest") && image.digest.is_none());
        latest
            .map(|(place, _)| place.flaw(&*place.container.image, "image", &*place.container.image))
            .collect::<Vec<_>>()
    };
    flaws(scene, Severity::Low, look, texts::image_latest)
}

pub(super) fn image_registry(scene: &Scene<'_>) -> Vec<Draft> {
    let allowed = &scene.thresholds.allowed.registries;
    if allowed.is_empty() {
        return Vec::new();
    }
    let look = |template: &Template<'_>| {
        let foreign = images(template).filter(|(_, image)| !allowed.iter().any(|registry| is_from(image, registry)));
        let flaw = |(place, image): (Place<'_>, ImageRef<'_>)| {
            place.flaw(image.registry.unwrap_or(HUB), "image", &*place.container.image)
        };
        foreign.map(flaw).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Medium, look, texts::image_registry)
}

/// Whether an image comes from a registry, or from a part of it such as `ghcr.io/acme`.
fn is_from(image: &ImageRef<'_>, allowed: &str) -> bool {
    let registry = match image.registry {
        None | Some("index.docker.io" | "registry-1.docker.io") => HUB,
        Some(registry) => registry,
    };
    let Some(rest) = allowed.trim_end_matches('/').strip_prefix(registry) else { return false };
    match rest.strip_prefix('/') {
        Some(part) => image.repository.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageRef, is_from};

    #[test]
    fn an_allowed_registry_is_a_host_or_the_beginning_of_a_path() {
        for (image, allowed, expected) in [
            ("ghcr.io/acme/api:1", "ghcr.io", true),
            ("ghcr.io/acme/api:1", "ghcr.io/acme", true),
            ("ghcr.io/acme/api:1", "ghcr.io/acme/", true),
            ("ghcr.io/acme/api:1", "ghcr.io/acme/api", true),
            ("ghcr.io/acme-evil/api:1", "ghcr.io/acme", false),
            ("ghcr.io.evil.example/api:1", "ghcr.io", false),
            ("registry:5000/api", "registry:5000", true),
            ("registry:5000/api", "registry", false),
            ("nginx:1.27", "docker.io", true),
            ("index.docker.io/acme/api:1", "docker.io/acme", true),
            ("nginx:1.27", "ghcr.io", false),
        ] {
            let parsed = ImageRef::parse(image).unwrap();
            assert_eq!(is_from(&parsed, allowed), expected, "{image} {allowed}");
        }
    }
}
