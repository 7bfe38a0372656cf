//! Which controller serves an Ingress.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{IngressClasses, Ingresses};
use crate::snapshot::{Ingress, IngressClass, Str};
use crate::texts::findings::{self, ingress as texts};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("ingress/no-class"),
        kind: "Ingress",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (IngressClasses, Complete)],
        gate: None,
        means: "No controller feels responsible, so what it publishes cannot be reached.",
        advice: "Name a class in spec.ingressClassName, or mark one class as the default.",
        find: no_class,
    },
    Check {
        id: CheckId::new("ingress/class-missing"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (IngressClasses, Complete)],
        gate: None,
        means: "No controller feels responsible, so what it publishes cannot be reached.",
        advice: "Correct the name of the class, or install the controller that brings it.",
        find: class_missing,
    },
    Check {
        id: CheckId::new("ingressclass/many-defaults"),
        kind: "IngressClass",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(IngressClasses, Walked)],
        gate: None,
        means: "An Ingress without a class is refused or served by a controller that nobody chose.",
        advice: "Take the annotation ingressclass.kubernetes.io/is-default-class away from all but one.",
        find: many_defaults,
    },
];

/// Classes that controllers serve by their name alone, without an IngressClass object.
const BY_NAME_ONLY: &[&str] = &["gce", "gce-internal", "gce-multi-cluster", "azure/application-gateway"];

/// The class that an Ingress names, in its field or in the older annotation, and where.
pub(super) fn class_of(ingress: &Ingress) -> Option<(&'static str, &Str)> {
    let annotation = ingress.meta.annotations.get("kubernetes.io/ingress.class");
    let field = Some(&ingress.spec.ingress_class_name).filter(|class| !class.is_empty());
    let field = field.map(|class| ("spec.ingressClassName", class));
    field.or(annotation.map(|class| ("kubernetes.io/ingress.class", class)))
}

fn is_default(class: &&IngressClass) -> bool {
    let annotation = class.meta.annotations.get("ingressclass.kubernetes.io/is-default-class");
    annotation.is_some_and(|value| *value == "true")
}

fn living<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Ingress> {
    scene.snapshot.ingresses.iter().filter(|ingress| ingress.meta.deletion_timestamp.is_none())
}

fn no_class(scene: &Scene<'_>) -> Vec<Draft> {
    if scene.snapshot.ingress_classes.iter().any(|class| is_default(&class)) {
        return Vec::new();
    }
    let classless = living(scene).filter(|ingress| class_of(ingress).is_none());
    // A controller that serves whatever has no class has taken it up: then it has an address.
    let classless = classless.filter(|ingress| ingress.status.load_balancer.ingress.is_empty());
    let draft = |ingress: &Ingress| {
        let since = ingress.meta.creation_timestamp;
        let evidence = vec![Evidence::since("spec.ingressClassName", findings::none(), since)];
        Draft::about(target("Ingress", &ingress.meta), Severity::Medium, texts::no_class(), evidence)
    };
    classless.map(draft).collect()
}

fn class_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|ingress| {
        let (field, class) = class_of(ingress)?;
        let known = scene.snapshot.ingress_classes.iter().any(|known| known.meta.name == *class);
        let served = !ingress.status.load_balancer.ingress.is_empty();
        // By the annotation a controller may be named that has no IngressClass at all.
        let by_name = BY_NAME_ONLY.contains(&class.as_str()) || (field != "spec.ingressClassName" && served);
        if known || by_name {
            return None;
        }
        let evidence = vec![Evidence::since(field, class.as_str(), ingress.meta.creation_timestamp)];
        Some(Draft::about(target("Ingress", &ingress.meta), Severity::High, texts::class_missing(class), evidence))
    });
    drafts.collect()
}

fn many_defaults(scene: &Scene<'_>) -> Vec<Draft> {
    let mut defaults: Vec<&str> =
        scene.snapshot.ingress_classes.iter().filter(is_default).map(|class| class.meta.name.as_str()).collect();
    defaults.sort_unstable();
    let [first, _, ..] = defaults.as_slice() else { return Vec::new() };
    let objects = defaults.iter().map(|name| ObjectRef::from(Target::cluster_wide("IngressClass", *name)));
    let evidence = defaults.iter().map(|name| Evidence::new("is-default-class", *name));
    let draft = Draft {
        objects: objects.collect(),
        ..Draft::about(
            Target::cluster_wide("IngressClass", *first),
            Severity::Low,
            texts::many_defaults(&defaults),
            evidence.collect(),
        )
    };
    vec![draft]
}
