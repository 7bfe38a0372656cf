//! Titles about ConfigMaps, Secrets, certificates and Helm's releases.

use super::{brief, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn unused_config_map(days: i64) -> String {
    format!("no pod and no workload uses it, and it is {days} days old")
}

pub(crate) fn unused_secret(days: i64) -> String {
    format!("nothing that was read refers to it, and it is {days} days old")
}

pub(crate) fn empty_config_map() -> String {
    "there is nothing in it".to_owned()
}

pub(crate) fn kibibytes(size: u64) -> String {
    format!("{size} KiB")
}

pub(crate) fn near_size_limit(size: u64) -> String {
    format!("it holds {size} of at most 1024 KiB")
}

pub(crate) fn unreadable() -> String {
    "(unreadable)".to_owned()
}

pub(crate) fn of_another_certificate() -> String {
    "(of another certificate)".to_owned()
}

pub(crate) fn no_certificate() -> String {
    "there is no certificate in it".to_owned()
}

pub(crate) fn unreadable_certificate() -> String {
    "its certificate cannot be read".to_owned()
}

pub(crate) fn no_private_key() -> String {
    "its private key cannot be read".to_owned()
}

pub(crate) fn foreign_key() -> String {
    "its private key belongs to another certificate".to_owned()
}

pub(crate) fn broken_chain() -> String {
    "its chain is broken: a certificate is not followed by the one that signed it".to_owned()
}

pub(crate) fn not_yet_valid(left: TimeDelta) -> String {
    format!("its certificate is valid only in {}", time::span(left))
}

pub(crate) fn rsa(bits: usize) -> String {
    format!("RSA, {bits} bits")
}

pub(crate) fn short_key(bits: usize) -> String {
    format!("its key has only {bits} bits")
}

pub(crate) fn forgeable() -> String {
    "its signature can be forged (SHA-1)".to_owned()
}

pub(crate) fn valid_too_long(days: i64) -> String {
    format!("it is valid for {days} days, longer than browsers accept")
}

pub(crate) fn weak(weaknesses: &[String]) -> String {
    format!("its certificate is weak: {}", weaknesses.join(", "))
}

pub(crate) fn no_credentials() -> String {
    "(no credentials)".to_owned()
}

pub(crate) fn no_registries() -> String {
    "this pull secret has credentials for no registry".to_owned()
}

pub(crate) fn unreadable_registries() -> String {
    "this pull secret is not in the form that nodes read".to_owned()
}

pub(crate) fn legacy_token(account: &str, idle: Option<TimeDelta>) -> String {
    let token = format!("it holds a token of account {account} that never expires");
    match idle {
        Some(idle) if idle.num_days() > 0 => format!("{token}, last used {} ago", time::span(idle)),
        Some(_) => format!("{token}, used today"),
        None => format!("{token}; no use of it is known"),
    }
}

pub(crate) fn release_failed(revision: u32) -> String {
    format!("its newest revision, {revision}, failed")
}

pub(crate) fn release_stuck(status: &str, age: TimeDelta) -> String {
    let what = match status.trim_start_matches("pending-") {
        "install" => "an install",
        "rollback" => "a rollback",
        _ => "an upgrade",
    };
    format!("{what} began {} ago and never ended", time::span(age))
}

pub(crate) fn certificate_not_ready(message: &str) -> String {
    format!("the certificate is not issued: {}", brief(message))
}

pub(crate) fn renewal_overdue(overdue: TimeDelta, left: Option<TimeDelta>) -> String {
    let due = format!("its renewal has been due for {}", time::span(overdue));
    left.map_or(due.clone(), |left| format!("{due}; it expires in {}", time::span(left)))
}

pub(crate) fn issuer_not_ready(message: &str, certificates: usize) -> String {
    let issues = format!("it issues nothing: {}", brief(message));
    match certificates {
        0 => issues,
        count => format!("{issues}; {count} {} on it", verb(count, "certificate depends", "certificates depend")),
    }
}

pub(crate) fn challenge_stuck(host: &str, waited: Option<TimeDelta>, reason: &str) -> String {
    let proof = match waited {
        Some(waited) => format!("that {host} is yours has not been proved for {}", time::span(waited)),
        None => format!("that {host} is yours could not be proved"),
    };
    if reason.is_empty() { proof } else { format!("{proof}: {}", brief(reason)) }
}
