//! Titles about how containers are set up.

use super::few;

/// `1 container uses`, `3 containers use`.
fn containers(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 container {one}") } else { format!("{count} containers {many}") }
}

pub(crate) fn absent() -> String {
    "not set".to_owned()
}

pub(crate) fn image_untagged(count: usize, images: &[&str]) -> String {
    format!("{}: {}", containers(count, "uses an image without a version", "use images without a version"), few(images))
}

pub(crate) fn image_latest(count: usize, images: &[&str]) -> String {
    format!("{}: {}", containers(count, "uses the image of the day", "use the images of the day"), few(images))
}

pub(crate) fn image_registry(count: usize, registries: &[&str]) -> String {
    let comes = containers(count, "has its image", "have their images");
    format!("{comes} from {}, which is not on the list of allowed registries", few(registries))
}

pub(crate) fn no_probes(count: usize, names: &[&str]) -> String {
    format!("{} no probe: {}", containers(count, "has", "have"), few(names))
}

pub(crate) fn no_liveness(count: usize, names: &[&str]) -> String {
    format!("{} no liveness probe: {}", containers(count, "has", "have"), few(names))
}

pub(crate) fn no_readiness(count: usize, names: &[&str]) -> String {
    format!("{} no readiness probe: {}", containers(count, "behind a Service has", "behind a Service have"), few(names))
}

pub(crate) fn behind() -> &'static str {
    "Service"
}

pub(crate) fn liveness_equals_readiness(count: usize, names: &[&str]) -> String {
    format!("liveness and readiness of {} ask the same: {}", containers(count, "", "").trim_end(), few(names))
}

pub(crate) fn http(path: &str, port: &str) -> String {
    format!("httpGet {path} on port {port}, as readinessProbe")
}

pub(crate) fn tcp(port: &str) -> String {
    format!("tcpSocket on port {port}, as readinessProbe")
}

pub(crate) fn grpc(port: i32) -> String {
    format!("grpc on port {port}, as readinessProbe")
}

pub(crate) fn exec() -> String {
    "exec of the same command as readinessProbe".to_owned()
}

pub(crate) fn unnamed(port: i32) -> String {
    format!("{port} has no name")
}

pub(crate) fn by_number(probe: &str, port: i32) -> String {
    format!("{probe} says {port}")
}

pub(crate) fn port_style(named: &[&str]) -> String {
    format!("ports go by number: {}", few(named))
}

pub(crate) fn no_requests(count: usize, names: &[&str]) -> String {
    format!("{} no requests and no limits: {}", containers(count, "has", "have"), few(names))
}

pub(crate) fn no_memory_limit(count: usize, names: &[&str]) -> String {
    format!("{} no memory limit: {}", containers(count, "has", "have"), few(names))
}

pub(crate) fn privileged(count: usize, names: &[&str]) -> String {
    format!("{} privileged: {}", containers(count, "is", "are"), few(names))
}

pub(crate) fn no_security_context(count: usize, names: &[&str]) -> String {
    format!("{} no security context: {}", containers(count, "has", "have"), few(names))
}

pub(crate) fn run_as_root(count: usize, names: &[&str]) -> String {
    format!("{} run as root: {}", containers(count, "may", "may"), few(names))
}

pub(crate) fn privilege_escalation(count: usize, names: &[&str]) -> String {
    format!("{} gain more rights: {}", containers(count, "may", "may"), few(names))
}

pub(crate) fn added_capabilities(count: usize, capabilities: &[&str]) -> String {
    format!("{} strong capabilities: {}", containers(count, "adds", "add"), few(capabilities))
}

pub(crate) fn host_namespaces(fields: &[&str]) -> String {
    format!("its pods share the node's namespaces: {}", few(fields))
}

pub(crate) fn read_only(path: &str) -> String {
    format!("hostPath {path}, read-only")
}

pub(crate) fn writable(path: &str) -> String {
    format!("hostPath {path}, writable")
}

pub(crate) fn host_path(paths: &[&str]) -> String {
    format!("its pods reach into the node's files: {}", few(paths))
}
