//! Titles about Ingresses and their classes.

use super::verb;

pub(crate) fn no_class() -> String {
    "it names no ingress class and the cluster has no default one, so no controller serves it".to_owned()
}

pub(crate) fn class_missing(class: &str) -> String {
    format!("its ingress class {class} does not exist, so no controller serves it")
}

pub(crate) fn many_defaults(classes: &[&str]) -> String {
    format!("{} ingress classes are the default at once: {}", classes.len(), classes.join(", "))
}

pub(crate) fn backend_port(ports: &[String]) -> String {
    format!(
        "it sends to {} {}, which {} not on the Service",
        verb(ports.len(), "port", "ports"),
        ports.join(", "),
        verb(ports.len(), "is", "are")
    )
}

pub(crate) fn not_on_service(offered: &str) -> String {
    if offered.is_empty() {
        "not on the Service, which has no ports".to_owned()
    } else {
        format!("the Service has {offered}")
    }
}

pub(crate) fn backend_down(services: &[&str]) -> String {
    let answer = verb(services.len(), "which has nobody to answer", "which have nobody to answer");
    format!("it sends to {} {}, {answer}", verb(services.len(), "Service", "Services"), services.join(", "))
}

pub(crate) fn tls_secret_missing(secrets: &[&str]) -> String {
    let there = verb(secrets.len(), "does not exist", "do not exist");
    format!(
        "its TLS {} {} {there}: visitors get the controller's own certificate",
        verb(secrets.len(), "Secret", "Secrets"),
        secrets.join(", ")
    )
}

pub(crate) fn tls_host_mismatch(hosts: &[&str]) -> String {
    format!("its certificate is not for {}: browsers refuse it", hosts.join(", "))
}

pub(crate) fn certificate_for(secret: &str, names: &[String]) -> String {
    let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
    format!("Secret {secret} is for {names}")
}

pub(crate) fn no_address() -> String {
    "no controller has given it an address yet".to_owned()
}

/// Of a class of which none has one.
pub(crate) fn no_addresses(ingresses: usize) -> String {
    format!("none of its {ingresses} Ingresses has an address: its controller does not run, or writes none")
}

pub(crate) fn lb_port_error(errors: &[String]) -> String {
    format!("the load balancer cannot open {}", errors.join(", "))
}

pub(crate) fn duplicate_host_path(route: &str, others: &[String]) -> String {
    format!("{route} is also claimed by {}: which one answers is up to the controller", others.join(", "))
}

pub(crate) fn any_host() -> String {
    "any host".to_owned()
}

pub(crate) fn port_style(count: usize) -> String {
    format!("{count} {} a Service's port by number instead of by name", verb(count, "path names", "paths name"))
}
