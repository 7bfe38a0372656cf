//! Ties of what is attached to workloads from outside (autoscalers, disruption budgets), and of the Gateway API.

use super::graph::Builder;
use super::relations::Relation;
use crate::snapshot::{GatewayRef, PodDisruptionBudget, QuickMap, Route, ScaleTargetRef, Snapshot, Str};

pub(super) fn tie_attached(builder: &mut Builder<'_>) {
    let snapshot = builder.snapshot;
    for each in &snapshot.horizontal_pod_autoscalers {
        tie_scaled(
            builder,
            ("HorizontalPodAutoscaler", &each.meta.namespace, &each.meta.name),
            &each.spec.scale_target_ref,
        );
    }
    for each in &snapshot.scaled_objects {
        tie_scaled(builder, ("ScaledObject", &each.meta.namespace, &each.meta.name), &each.spec.scale_target_ref);
    }
    tie_budgets(builder, snapshot);
    for gateway in snapshot.gateways.iter().filter(|gateway| !gateway.spec.gateway_class_name.is_empty()) {
        let id = builder.named("Gateway", &gateway.meta.namespace, &gateway.meta.name);
        let class = builder.named("GatewayClass", "", &gateway.spec.gateway_class_name);
        builder.tie(id, Relation::MadeBy, class);
    }
    for route in &snapshot.http_routes {
        let namespace = &route.meta.namespace;
        let id = builder.named("HTTPRoute", namespace, &route.meta.name);
        for (kind, reference) in parents_and_backends(route) {
            let namespace = if reference.namespace.is_empty() { namespace } else { &reference.namespace };
            let to = builder.named(kind, namespace, &reference.name);
            let relation = if kind == "Gateway" { Relation::MadeBy } else { Relation::Routes };
            builder.tie(id, relation, to);
        }
    }
}

fn parents_and_backends(route: &Route) -> impl Iterator<Item = (&'static str, &GatewayRef)> {
    let of_kind =
        |usual: &'static str| move |reference: &&GatewayRef| reference.kind.is_empty() || reference.kind == usual;
    let parents = route.spec.parent_refs.iter().filter(of_kind("Gateway")).map(|parent| ("Gateway", parent));
    let backends = route.spec.rules.iter().flat_map(|rule| &rule.backend_refs);
    parents.chain(backends.filter(of_kind("Service")).map(|backend| ("Service", backend)))
}

fn tie_scaled<'a>(
    builder: &mut Builder<'a>,
    (kind, namespace, name): (&'a str, &'a Str, &'a Str),
    aim: &'a ScaleTargetRef,
) {
    // KEDA means a Deployment where no kind is named.
    let aim_kind = if aim.kind.is_empty() { "Deployment" } else { aim.kind.as_str() };
    if !aim.name.is_empty() {
        let id = builder.named(kind, namespace, name);
        let to = builder.named(aim_kind, namespace, &aim.name);
        builder.tie(id, Relation::Scales, to);
    }
}

/// Each budget looks only at the pods that carry one of its labels.
fn tie_budgets<'a>(builder: &mut Builder<'a>, snapshot: &'a Snapshot) {
    let first = |budget: &'a PodDisruptionBudget| {
        let selector = budget.spec.selector.as_ref()?;
        let (key, value) = selector.match_labels.iter().next()?;
        Some(((budget.meta.namespace.as_str(), key.as_str(), value.as_str()), selector))
    };
    let mut buckets: QuickMap<(&str, &str, &str), Vec<usize>> =
        snapshot.pod_disruption_budgets.iter().filter_map(first).map(|(label, _)| (label, Vec::new())).collect();
    if buckets.is_empty() {
        return;
    }
    for (index, pod) in snapshot.pods.iter().enumerate() {
        for (key, value) in pod.meta.labels.iter() {
            if let Some(bucket) = buckets.get_mut(&(pod.meta.namespace.as_str(), key.as_str(), value.as_str())) {
                bucket.push(index);
            }
        }
    }
    for budget in &snapshot.pod_disruption_budgets {
        let Some((label, selector)) = first(budget) else { continue };
        let id = builder.named("PodDisruptionBudget", &budget.meta.namespace, &budget.meta.name);
        for index in buckets.get(&label).into_iter().flatten() {
            if let (Some(pod), Some(to)) = (snapshot.pods.get(*index), builder.pod(*index))
                && selector.matches(&pod.meta.labels)
            {
                builder.tie(id, Relation::Guards, to);
            }
        }
    }
}
