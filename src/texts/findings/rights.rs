//! Titles about roles, bindings, service accounts and requests for certificates.

use super::{few, pods, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

pub(crate) fn dangling_role(role: &str) -> String {
    format!("it gives nothing: {role} does not exist")
}

pub(crate) fn dangling_subject(subjects: &[String]) -> String {
    let there = verb(subjects.len(), "does not exist", "do not exist");
    format!("it gives rights to {}, which {there}", few(subjects))
}

pub(crate) fn unused_role(days: i64) -> String {
    format!("no binding gives it to anybody, and it is {days} days old")
}

pub(crate) fn wildcard(verbs: bool, resources: bool, holders: &[String]) -> String {
    let what = match (verbs, resources) {
        (true, true) => "everything with every resource",
        (true, false) => "everything with its resources",
        (false, true) => "the same with every resource",
        (false, false) => "more than it names",
    };
    format!("it allows {what}, and is given to {}", few(holders))
}

pub(crate) fn cluster_admin(subjects: &[String], new: &[&str]) -> String {
    let admins = format!("{} may do everything in the cluster", few(subjects));
    if new.is_empty() { admins } else { format!("{admins}; new since the last inspection: {}", few(new)) }
}

pub(crate) fn anonymous(who: &str, role: &str) -> String {
    let who = match who {
        "system:authenticated" => "everybody who can sign in, every pod too,",
        _ => "everybody who reaches the API server, without signing in,",
    };
    format!("{who} has the rights of {role}")
}

pub(crate) fn missing_secrets(secrets: &[&str]) -> String {
    let noun = verb(secrets.len(), "Secret", "Secrets");
    format!("its {noun} {} {}", few(secrets), verb(secrets.len(), "does not exist", "do not exist"))
}

pub(crate) fn missing_pull_secrets(secrets: &[&str]) -> String {
    let noun = verb(secrets.len(), "pull secret", "pull secrets");
    format!("its {noun} {} {}", few(secrets), verb(secrets.len(), "does not exist", "do not exist"))
}

pub(crate) fn unused_account(days: i64) -> String {
    format!("nothing runs as it, no binding gives it rights, and it is {days} days old")
}

pub(crate) fn automount(count: usize) -> String {
    format!("{} {} a token of it that may do nothing", pods(count), verb(count, "carries", "carry"))
}

pub(crate) fn default_in_use(count: usize, bound: bool) -> String {
    let rights = if bound { ", which has been given rights" } else { "" };
    format!("{} {} as the namespace's default account{rights}", pods(count), verb(count, "runs", "run"))
}

fn requests(count: usize, user: &str) -> String {
    match count {
        1 => format!("a request of {user} for a certificate"),
        count => format!("{count} requests of {user} for certificates"),
    }
}

pub(crate) fn unapproved(count: usize, user: &str, age: TimeDelta) -> String {
    format!("{} {} not approved for {}", requests(count, user), verb(count, "is", "are"), time::span(age))
}

pub(crate) fn unsigned(count: usize, user: &str, age: TimeDelta) -> String {
    let waits = verb(count, "is", "are");
    format!("{} {waits} approved, but nothing has signed it for {}", requests(count, user), time::span(age))
}

pub(crate) fn signing_failed(user: &str, message: Option<&str>) -> String {
    let failed = format!("the certificate that {user} asked for could not be made");
    message.map_or(failed.clone(), |message| format!("{failed}: {}", super::brief(message)))
}
