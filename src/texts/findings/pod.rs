//! Titles about pods: why they wait, end, vanish, or come close to a limit.

use super::{brief, few, pods, verb};

pub(crate) fn scheduling_gated(count: usize, gates: &[&str]) -> String {
    let (waits, gate) = (verb(count, "is", "are"), verb(gates.len(), "gate", "gates"));
    format!("{} {waits} held back by scheduling {gate} {}", pods(count), few(gates))
}

pub(crate) fn no_scheduler(count: usize, scheduler: &str) -> String {
    let waits = format!("{} {} for a node", pods(count), verb(count, "waits", "wait"));
    match scheduler {
        "" | "default-scheduler" => {
            format!("{waits}, and the scheduler does not look at {}", verb(count, "it", "them"))
        }
        other => format!("{waits}, and scheduler {other} does not look at {}", verb(count, "it", "them")),
    }
}

pub(crate) fn not_begun(count: usize, event: Option<&str>) -> String {
    let waits = format!("{} {} a node, but no container starts", pods(count), verb(count, "has", "have"));
    event.map_or_else(|| format!("{waits}, and nothing says why"), |event| format!("{waits}: {}", brief(event)))
}

/// What the kubelet says, without what wraps it: `rpc error: code = Unknown desc = …`.
fn cause(message: &str) -> String {
    brief(message.rsplit_once("desc = ").map_or(message, |(_, cause)| cause))
}

pub(crate) fn sandbox_failed(count: usize, message: &str) -> String {
    let lower = message.to_lowercase();
    let network = ["cni", "network", "ipam"].iter().any(|word| lower.contains(word));
    let what = if network { "gets no network" } else { "gets no sandbox from the container runtime" };
    let what = if count == 1 { what.to_owned() } else { what.replacen("gets", "get", 1) };
    format!("{} {what}: {}", pods(count), cause(message))
}

pub(crate) fn volume_mount_failed(count: usize, volume: Option<&str>, message: &str) -> String {
    let waits = format!("{} {} not get", pods(count), verb(count, "does", "do"));
    match volume {
        Some(volume) => {
            let why = message.split_once(&format!("\"{volume}\"")).map_or(message, |(_, why)| why);
            format!("{waits} volume {volume}: {}", cause(why.trim_start_matches([' ', ':'])))
        }
        None => format!("{waits} {} volumes: {}", verb(count, "its", "their"), cause(message)),
    }
}

pub(crate) fn multi_attach(count: usize, volume: Option<&str>, node: Option<&str>) -> String {
    let volume = volume.map_or_else(|| "a volume".to_owned(), |volume| format!("volume {volume}"));
    let node = node.map_or_else(|| "another node".to_owned(), |node| format!("node {node}"));
    format!("{} {} for {volume}, which {node} still holds", pods(count), verb(count, "waits", "wait"))
}

pub(crate) fn restart_count_high(count: usize, restarts: i32, end: &str) -> String {
    format!("{} restarted {restarts} times in all, the last time within a week: {end}", pods(count))
}

pub(crate) fn exit_nonzero(count: usize, end: &str) -> String {
    format!("{} ended with {end} and {} not started again", pods(count), verb(count, "is", "are"))
}

pub(crate) fn readiness_gate_false(count: usize, gates: &[&str], message: Option<&str>) -> String {
    let gate = verb(gates.len(), "gate", "gates");
    let waits = format!("{} {} for readiness {gate} {}", pods(count), verb(count, "waits", "wait"), few(gates));
    message.map_or(waits.clone(), |message| format!("{waits}: {}", brief(message)))
}

pub(crate) fn no_condition() -> String {
    "never set".to_owned()
}

/// What holds up the init containers of a pod.
#[derive(Debug, Clone)]
pub(crate) enum InitTrouble {
    /// It ended so.
    Failed(String),
    /// It runs on and on.
    Slow,
    /// A sidecar runs, and is not up.
    Sidecar,
    /// It is not started.
    Waiting,
}

pub(crate) fn init_stuck(count: usize, container: &str, trouble: &InitTrouble) -> String {
    let stuck = format!("{} {} not get past", pods(count), verb(count, "does", "do"));
    match trouble {
        InitTrouble::Failed(end) => format!("{stuck} init container {container}: {end}"),
        InitTrouble::Slow => format!("{stuck} init container {container}, which does not end"),
        InitTrouble::Sidecar => format!("{stuck} sidecar {container}, which does not come up"),
        InitTrouble::Waiting => format!("{stuck} init container {container}, which is not started"),
    }
}

pub(crate) fn probe_flapping(count: usize, failures: i64, message: &str) -> String {
    let ready = verb(count, "stays ready, but fails its probe", "stay ready, but fail their probes");
    format!("{} {ready} {failures} times an hour: {}", pods(count), brief(message))
}

/// Resources with how many pods were evicted for each; an empty name where the message names none.
pub(crate) fn evicted_by_node(count: usize, resources: &[(&str, usize)]) -> String {
    let evicted = format!("it evicted {} within a day", pods(count));
    let named: Vec<String> = match resources {
        [] | [("", _)] => return evicted,
        [(resource, _)] => vec![(*resource).to_owned()],
        several => several.iter().map(|(resource, pods)| format!("{} ({pods})", named_resource(resource))).collect(),
    };
    format!("{evicted}, being short of {}", named.join(", "))
}

fn named_resource(resource: &str) -> &str {
    if resource.is_empty() { "something else" } else { resource }
}

pub(crate) fn evicted_for(resource: &str) -> String {
    format!("evicted for {}", named_resource(resource))
}

pub(crate) fn evicted_by_own_limit(count: usize, message: &str) -> String {
    format!("{} {} evicted for using too much disk: {}", pods(count), verb(count, "was", "were"), brief(message))
}

pub(crate) fn preempted(count: usize) -> String {
    let removed = verb(count, "was removed to make room for a pod", "were removed to make room for pods");
    format!("{} {removed} of higher priority", pods(count))
}

pub(crate) fn admission_rejected(count: usize, reason: &str, message: &str) -> String {
    let was = format!("{} {}", pods(count), verb(count, "was", "were"));
    match reason {
        "Terminated" | "NodeShutdown" | "Shutdown" => format!("{was} stopped because the node shut down"),
        "NodeAffinity" => {
            format!("{was} refused by the node: its labels do not fit the pod's node selector or affinity (any more)")
        }
        "TopologyAffinityError" => format!("{was} refused by the node: its NUMA topology cannot hold what it asks for"),
        _ => match reason.strip_prefix("OutOf") {
            Some(resource) => format!("{was} refused by the node: not enough {resource}"),
            None if message.is_empty() => format!("{was} refused by the node: {reason}"),
            None => format!("{was} refused by the node: {}", brief(message)),
        },
    }
}

pub(crate) fn finished_pile_up(count: usize, most: &str) -> String {
    format!("{count} finished pods lie about, most of them {most}")
}

/// What keeps a pod that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Its node does not exist any more.
    NoNode(String),
    /// Its node does not answer.
    SilentNode(String),
    /// Finalizers are not removed.
    Finalizers(Vec<String>),
    /// Its kubelet does not get it stopped.
    Kubelet,
}

pub(crate) fn terminating_stuck(count: usize, keeps: &Keeps) -> String {
    let still = format!("{} should be gone, but", pods(count));
    match keeps {
        Keeps::NoNode(node) => {
            format!("{still} node {node}, which has to stop {}, does not exist", verb(count, "it", "them"))
        }
        Keeps::SilentNode(node) => {
            format!("{still} node {node}, which has to stop {}, is not ready", verb(count, "it", "them"))
        }
        Keeps::Finalizers(names) => {
            let (what, keep) = if names.len() == 1 { ("finalizer", "keeps") } else { ("finalizers", "keep") };
            format!("{still} {what} {} {keep} {}", few(names), verb(count, "it", "them"))
        }
        Keeps::Kubelet => format!("{still} the node does not get {} stopped", verb(count, "it", "them")),
    }
}

pub(crate) fn node_absent(node: &str) -> String {
    format!("node {node} does not exist")
}

pub(crate) fn unknown_phase(count: usize, node: Option<&str>) -> String {
    let unknown = format!("nobody knows how {} {}", pods(count), verb(count, "is", "are"));
    node.map_or(unknown.clone(), |node| format!("{unknown}: node {node} is not ready"))
}

/// Why a running pod does not get other resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resize {
    /// The node is too small.
    Infeasible,
    /// Not now.
    Deferred,
    /// It was begun and failed.
    Failed,
}

pub(crate) fn resize_blocked(count: usize, resize: Resize, message: &str) -> String {
    let what = match resize {
        Resize::Infeasible => "can never get the resources that were asked for on this node",
        Resize::Deferred => "cannot get the resources that were asked for now",
        Resize::Failed => "cannot be resized",
    };
    let said = if message.is_empty() { String::new() } else { format!(": {}", brief(message)) };
    format!("{} {what}{said}", pods(count))
}

pub(crate) fn waiting_other(count: usize, reason: &str, message: &str) -> String {
    let waits = format!("the container of {} does not start: {reason}", pods(count));
    if message.is_empty() { waits } else { format!("{waits}: {}", brief(message)) }
}

pub(crate) fn unmanaged() -> String {
    "the pod belongs to no workload: if it is lost, nobody makes it again".to_owned()
}

pub(crate) fn missing_service_account(count: usize, account: &str) -> String {
    format!("{} {} as ServiceAccount {account}, which does not exist", pods(count), verb(count, "runs", "run"))
}

pub(crate) fn missing_config_key(count: usize, keys: &[String]) -> String {
    let there = verb(keys.len(), "does not exist", "do not exist");
    let of = verb(count, "that 1 pod reads", "that its pods read");
    format!("{} {of} {there}", few(keys))
}

pub(crate) fn key_of(key: &str, kind: &str, name: &str) -> String {
    format!("key {key} of {kind} {name}")
}

pub(crate) fn absent_key(key: &str) -> String {
    format!("{key} does not exist")
}

pub(crate) fn missing_pull_secret(secrets: &[&str]) -> String {
    let (secret, there) = if secrets.len() == 1 { ("Secret", "does not exist") } else { ("Secrets", "do not exist") };
    format!("it pulls its images with {secret} {}, which {there}", few(secrets))
}

pub(crate) fn from_account(account: &str) -> String {
    format!("ServiceAccount {account} imagePullSecrets")
}

pub(crate) fn memory_near_limit(count: usize, percent: f64) -> String {
    format!("{} {} {} of the memory limit", pods(count), verb(count, "uses", "use up to"), self::percent(percent))
}

pub(crate) fn cpu_near_limit(count: usize, percent: f64) -> String {
    format!("{} {} {} of the CPU limit", pods(count), verb(count, "uses", "use up to"), self::percent(percent))
}

pub(crate) fn cpu_near_request(count: usize, percent: f64) -> String {
    let own = verb(count, "it asks for", "they ask for");
    format!("{} {} {} of the CPU that {own}", pods(count), verb(count, "uses", "use up to"), self::percent(percent))
}

/// In whole percent, never more than it is.
pub(crate) fn percent(percent: f64) -> String {
    format!("{:.0} %", percent.floor())
}

pub(crate) fn cpu_throttled(count: usize, percent: f64) -> String {
    let slowed = verb(count, "is slowed down", "are slowed down");
    format!("{} {slowed}: throttled in {} of the last hour's CPU periods", pods(count), self::percent(percent))
}

pub(crate) fn ephemeral_near_limit(count: usize, percent: f64) -> String {
    let uses = verb(count, "uses", "use up to");
    format!("{} {uses} {} of the limit of ephemeral storage", pods(count), self::percent(percent))
}

pub(crate) fn ephemeral_on_full_node(count: usize, used: &str, node: &str) -> String {
    let uses = verb(count, "uses", "use up to");
    format!("{} {uses} {used} of node {node}, whose disk is nearly full", pods(count))
}

pub(crate) fn log_errors(errors: i64, lines: i64, sample: &str) -> String {
    let some = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
    let found = format!("{some} in the last {lines} lines of its log");
    if sample.is_empty() { found } else { format!("{found}: {}", brief(sample)) }
}

#[cfg(test)]
mod tests {
    use super::{sandbox_failed, volume_mount_failed};

    #[test]
    fn what_the_kubelet_wraps_its_causes_in_is_left_out() {
        let message =
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox container";
        assert_eq!(
            sandbox_failed(2, message),
            "2 pods get no sandbox from the container runtime: failed to start sandbox container"
        );
        let message =
            r#"MountVolume.SetUp failed for volume "data" : rpc error: code = Internal desc = disk is read-only"#;
        assert_eq!(volume_mount_failed(1, Some("data"), message), "1 pod does not get volume data: disk is read-only");
    }
}
