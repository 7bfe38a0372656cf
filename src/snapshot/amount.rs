//! What a pod takes of a resource.

use super::{Container, PodContents, Quantities, ResourceRequirements};

impl PodContents {
    /// What such a pod asks for or may use of a resource, in nano units, as the scheduler counts: what is said for the whole pod;
    /// else the sum of its containers and sidecars, or its largest init container where that is more (Kubernetes: resource
    /// sharing within containers). What a RuntimeClass adds is not counted.
    pub fn amount(&self, resource: &str, part: fn(&ResourceRequirements) -> &Quantities) -> i128 {
        if let Some(whole) = part(&self.resources).get(resource) {
            return whole.nano();
        }
        let amount = |container: &Container| part(&container.resources).get(resource).map_or(0, |amount| amount.nano());
        let (sidecars, init): (Vec<&Container>, Vec<&Container>) =
            self.init_containers.iter().partition(|container| container.restart_policy == "Always");
        let together: i128 = self.containers.iter().chain(sidecars).map(amount).sum();
        let largest = init.into_iter().map(amount).max().unwrap_or_default();
        together.max(largest)
    }
}
