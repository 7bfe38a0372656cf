//! What the scheduler says of a pod that no node can take.

/// What keeps a pod off the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Not enough of a resource.
    Resource(String),
    /// As many pods as the node takes.
    Pods,
    /// A taint that the pod does not tolerate.
    Taint(String),
    /// Node selector or affinity, pod affinity or anti-affinity.
    Affinity,
    /// A topology spread constraint.
    Topology,
    /// A volume that is not there, not bound, or in another zone.
    Volume,
    /// A host port that is taken.
    Port,
    /// A cordoned node.
    Cordoned,
    /// A quota.
    Quota,
}

/// What keeps a pod off how many nodes, the most first, from the scheduler's message. The taint of control-plane nodes
/// is named only when nothing else is: it is there on purpose.
/// Format: kube-scheduler, `framework/types.go`, `FitError.Error`.
pub fn obstacles(message: &str) -> Vec<(Obstacle, u32)> {
    let own = message.split("preemption:").next().unwrap_or_default();
    let reasons = own.split_once(" available:").map_or(own, |(_, reasons)| reasons);
    let mut found: Vec<(Obstacle, u32)> = Vec::new();
    for reason in reasons.split(',') {
        let reason = reason.trim().trim_end_matches('.');
        let digits = reason.find(|c: char| !c.is_ascii_digit()).unwrap_or(reason.len());
        let nodes = reason.get(..digits).and_then(|number| number.parse().ok()).unwrap_or(0);
        if let Some(obstacle) = obstacle(reason) {
            match found.iter_mut().find(|(known, _)| *known == obstacle) {
                Some((_, count)) => *count += nodes,
                None => found.push((obstacle, nodes)),
            }
        }
    }
    let on_purpose = |obstacle: &Obstacle| {
        matches!(obstacle, Obstacle::Taint(taint)
            if taint.starts_with("node-role.kubernetes.io/control-plane") || taint.starts_with("node-role.kubernetes.io/master"))
    };
    if found.iter().any(|(obstacle, _)| !on_purpose(obstacle)) {
        found.retain(|(obstacle, _)| !on_purpose(obstacle));
    }
    found.sort_by_key(|(_, nodes)| std::cmp::Reverse(*nodes));
    found
}

fn obstacle(reason: &str) -> Option<Obstacle> {
    let says = |part: &str| reason.contains(part);
    if let Some((_, resource)) = reason.split_once("Insufficient ") {
        let resource = resource.split_whitespace().next().unwrap_or(resource);
        return Some(Obstacle::Resource(resource.trim_end_matches('.').to_owned()));
    }
    if says("taint") {
        let inside = reason.split_once('{').map_or("", |(_, rest)| rest.split('}').next().unwrap_or_default());
        return Some(Obstacle::Taint(inside.trim().trim_end_matches(':').to_owned()));
    }
    let known = [
        ("Too many pods", Obstacle::Pods),
        ("topology spread", Obstacle::Topology),
        // Before the affinity: that of a volume keeps the pod where its volume is.
        ("olume", Obstacle::Volume),
        ("affinity", Obstacle::Affinity),
        ("node selector", Obstacle::Affinity),
        ("free ports", Obstacle::Port),
        ("unschedulable", Obstacle::Cordoned),
        ("quota", Obstacle::Quota),
    ];
    known.into_iter().find(|(part, _)| says(part)).map(|(_, obstacle)| obstacle)
}

#[cfg(test)]
mod tests {
    use super::{Obstacle, obstacles};

    #[test]
    fn the_message_of_the_scheduler_is_taken_apart() {
        let memory = || Obstacle::Resource("memory".into());
        for (message, expected) in [
            (
                "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, \
                 2 Insufficient memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
                vec![(memory(), 2)],
            ),
            (
                "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, \
                 2 Insufficient memory. no new claims to deallocate, preemption: 0/3 nodes are available.",
                vec![(memory(), 2), (Obstacle::Taint("node.kubernetes.io/unreachable".into()), 1)],
            ),
            (
                "0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.",
                vec![(Obstacle::Taint("node-role.kubernetes.io/control-plane".into()), 1)],
            ),
            (
                "0/4 nodes are available: 1 Insufficient cpu, 1 Too many pods, 2 node(s) didn't match Pod's node affinity/selector.",
                vec![(Obstacle::Affinity, 2), (Obstacle::Resource("cpu".into()), 1), (Obstacle::Pods, 1)],
            ),
            ("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.", vec![(Obstacle::Volume, 0)]),
            (
                "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
                vec![(Obstacle::Port, 2)],
            ),
            (
                "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.",
                vec![(Obstacle::Topology, 2)],
            ),
            ("0/2 nodes are available: 2 node(s) were unschedulable.", vec![(Obstacle::Cordoned, 2)]),
            (
                "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
                vec![(Obstacle::Volume, 2)],
            ),
            ("", vec![]),
        ] {
            assert_eq!(obstacles(message), expected, "{message}");
        }
    }
}
