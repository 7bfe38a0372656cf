//! The parts of the configuration that are about what a cluster offers beside its lists.

use super::{
    reader::{Mistakes, Placed, Table},
    sections::{Source, url},
};
use crate::{
    cluster::{GroupResource, Sources},
    signals::{Endpoint, eks::EksCluster},
};
use std::path::PathBuf;

/// Reads them from a `[[cluster]]`.
pub(super) fn read(table: &mut Table<'_>, source: &Source<'_>, mistakes: &mut Mistakes) -> Sources {
    let mut custom_resources = Vec::new();
    for (name, span) in table.texts("custom_resources", mistakes).unwrap_or_default() {
        match name.parse::<GroupResource>() {
            Ok(kind) => custom_resources.push(kind),
            Err(hint) => mistakes.at(&span, format!("\"{name}\" is no custom resource; {hint}")),
        }
    }
    Sources {
        kubelet_summary: table.flag("kubelet_summary", false, mistakes),
        logs: table.flag("logs", false, mistakes),
        custom_resources,
        prometheus: endpoint(table, "prometheus", source, mistakes),
        alertmanager: endpoint(table, "alertmanager", source, mistakes),
        eks: eks(table, mistakes),
    }
}

fn eks(table: &mut Table<'_>, mistakes: &mut Mistakes) -> Option<EksCluster> {
    let (arn, span) = table.text("eks", mistakes)?;
    let parsed = arn.parse().map_err(|hint| mistakes.at(&span, format!("\"{arn}\" is no cluster of EKS; {hint}")));
    parsed.ok()
}

/// An address alone, or a table with more.
fn endpoint(
    table: &mut Table<'_>,
    key: &'static str,
    source: &Source<'_>,
    mistakes: &mut Mistakes,
) -> Option<Endpoint> {
    if !table.has_table(key) {
        return address(table, key, mistakes).map(|url| Endpoint::at(&url));
    }
    let mut table = table.table(key, mistakes)?;
    let url = table.required("url", mistakes).and_then(|_| address(&mut table, "url", mistakes));
    let token_file = readable(table.text("token_file", mistakes), source, mistakes);
    let ca_file = readable(table.text("ca_file", mistakes), source, mistakes);
    let mut labels = Vec::new();
    for (label, span) in table.texts("labels", mistakes).unwrap_or_default() {
        match label.split_once('=') {
            Some((name, value)) if is_label(name.trim()) => {
                labels.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ => mistakes.at(&span, format!("a label is written name=value, not \"{label}\"")),
        }
    }
    table.done(mistakes);
    Some(Endpoint { token_file, ca_file, labels, ..Endpoint::at(&url?) })
}

fn address(table: &mut Table<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<String> {
    let span = table.place(key);
    let url = url(table, key, mistakes)?;
    if url.split('/').nth(2).is_some_and(|host| host.contains('@')) {
        let hint = "write token_file for a token";
        mistakes.at(&span, format!("{key} must not hold a password, which people would commit; {hint}"));
        return None;
    }
    Some(url)
}

/// A file that is read later and again, because others renew it: now it is only looked whether that can work.
fn readable(named: Option<Placed<String>>, source: &Source<'_>, mistakes: &mut Mistakes) -> Option<PathBuf> {
    let (text, span) = named?;
    let path = source.path(Some((text, span.clone())));
    match std::fs::read_to_string(&path) {
        Ok(content) if content.trim().is_empty() => mistakes.at(&span, format!("the file {} is empty", path.display())),
        Ok(_) => {}
        Err(error) => mistakes.at(&span, format!("the file {} cannot be read: {error}", path.display())),
    }
    Some(path)
}

fn is_label(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(rest)
}
