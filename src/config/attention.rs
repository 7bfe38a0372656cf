//! The parts of the configuration that are about inspections: what is muted, where severities and numbers are others,
//! what flapping is, how long reports are kept.

use super::reader::{Mistakes, Placed, Table};
use crate::{
    finding::Severity,
    ids,
    inspection::{
        archive::Retention,
        attention::{Allowed, Change, Flapping, Pattern, Rule, Silence, StandingOrders, Thresholds, What, day},
    },
    texts::attention as words,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Reads them. Clusters are compared with the configured ones where those are known.
pub(super) fn read(
    root: &mut Table<'_>,
    clusters: Option<&[&str]>,
    zone: Option<Tz>,
    mistakes: &mut Mistakes,
) -> (StandingOrders, Retention) {
    let mut mutes = Vec::new();
    for mut table in root.tables("mute", mistakes) {
        let scope = scope(&mut table, clusters, mistakes);
        mutes.extend(mute(&mut table, zone, mistakes).map(|mute| (scope, mute)));
        table.done(mistakes);
    }
    let mut changes = Vec::new();
    for mut table in root.tables("change", mistakes) {
        let scope = scope(&mut table, clusters, mistakes);
        changes.push((scope, change(&mut table, mistakes)));
        table.done(mistakes);
    }
    let (flapping, retention) = history(root, mistakes);
    (StandingOrders { mutes, changes, flapping }, retention)
}

/// The clusters that an entry is about; none means every one.
fn scope(table: &mut Table<'_>, clusters: Option<&[&str]>, mistakes: &mut Mistakes) -> Vec<Pattern> {
    let named = table.texts("clusters", mistakes).unwrap_or_default();
    for (name, span) in &named {
        let pattern = Pattern::from(name.as_str());
        if clusters.is_some_and(|known| !known.iter().any(|known| pattern.matches(known))) {
            mistakes.at(span, format!("there is no [[cluster]] called \"{name}\""));
        }
    }
    named.into_iter().map(|(name, _)| Pattern::from(name)).collect()
}

fn patterns(list: Option<Vec<Placed<String>>>) -> Vec<Pattern> {
    list.unwrap_or_default().into_iter().map(|(text, _)| Pattern::from(text)).collect()
}

fn texts(list: Option<Vec<Placed<String>>>) -> Vec<String> {
    list.unwrap_or_default().into_iter().map(|(text, _)| text).collect()
}

/// Patterns of ids of checks, each of which must mean at least one.
fn checks(table: &mut Table<'_>, mistakes: &mut Mistakes) -> Vec<Pattern> {
    let named = table.texts("checks", mistakes).unwrap_or_default();
    for (name, span) in &named {
        if !Pattern::from(name.as_str()).means_a_check() {
            mistakes.at(span, format!("no check is called \"{name}\"; they are called such as pod/crash-loop"));
        }
    }
    named.into_iter().map(|(name, _)| Pattern::from(name)).collect()
}

fn mute(table: &mut Table<'_>, zone: Option<Tz>, mistakes: &mut Mistakes) -> Option<Silence> {
    let place = table.span();
    let mut labels = BTreeMap::new();
    for (label, span) in table.texts("labels", mistakes).unwrap_or_default() {
        match label.split_once('=') {
            Some((key, value)) => {
                labels.insert(key.trim().to_owned(), Pattern::from(value.trim()));
            }
            None => mistakes.at(&span, format!("a label is written name=value, not \"{label}\"")),
        }
    }
    let rule = Rule {
        checks: checks(table, mistakes),
        namespaces: patterns(table.texts("namespaces", mistakes)),
        names: patterns(table.texts("names", mistakes)),
        labels,
    };
    let why = table.required("why", mistakes).map(|(why, _)| why);
    let until = table.text("until", mistakes).and_then(|(text, span)| {
        let day = day(&text, zone);
        if day.is_none() {
            mistakes.at(&span, words::no_day(&text));
        }
        day
    });
    if rule.is_everything() {
        mistakes.at(&place, "this mutes everything; name checks, namespaces, names or labels");
        return None;
    }
    let written = serde_json::to_string(&rule).unwrap_or_default();
    let id: String = ids::derived(&["mute", &written]).chars().filter(char::is_ascii_alphanumeric).take(5).collect();
    Some(Silence {
        // The same rule has the same id after a restart, so that what it covers stays measured by the same level.
        id: format!("c-{}", id.to_lowercase()),
        what: What::Rule(rule),
        by: words::by_configuration(),
        why,
        at: DateTime::<Utc>::UNIX_EPOCH,
        until,
    })
}

fn change(table: &mut Table<'_>, mistakes: &mut Mistakes) -> Change {
    let place = table.span();
    let severity = table.text("severity", mistakes).and_then(|(text, span)| match text.parse::<Severity>() {
        Ok(severity) => Some(severity),
        Err(unknown) => {
            mistakes.at(&span, unknown.to_string());
            None
        }
    });
    let mut thresholds = Vec::new();
    if let Some(mut numbers) = table.table("thresholds", mistakes) {
        for knob in Thresholds::KNOBS {
            thresholds
                .extend(numbers.given(knob.name, knob.bounds.clone(), mistakes).map(|number| (knob.name, number)));
        }
        numbers.done(mistakes);
    }
    let change = Change {
        checks: checks(table, mistakes),
        namespaces: patterns(table.texts("namespaces", mistakes)),
        severity,
        thresholds,
        allowed: Allowed {
            registries: texts(table.texts("allow_registries", mistakes)),
            privileged: texts(table.texts("allow_privileged", mistakes)),
        },
    };
    if change.severity.is_none() && !change.changes_numbers() {
        let known = "severity = \"…\", a table thresholds, allow_registries or allow_privileged";
        mistakes.at(&place, format!("this changes nothing; write {known}"));
    }
    if change.severity.is_some() && change.checks.is_empty() && change.namespaces.is_empty() {
        mistakes.at(&place, "this gives everything one severity; name checks or namespaces");
    }
    change
}

fn history(root: &mut Table<'_>, mistakes: &mut Mistakes) -> (Flapping, Retention) {
    let (mut flapping, mut retention) = (Flapping::default(), Retention::default());
    let Some(mut table) = root.table("history", mistakes) else { return (flapping, retention) };
    retention.report_days = table.number("report_days", retention.report_days, 8..=3650, mistakes);
    retention.trend_days = table.number("trend_days", retention.trend_days, 8..=3650, mistakes);
    let times = table.number("flapping_times", 3, 2..=50, mistakes);
    let hours = table.number("flapping_hours", 24, 1..=168, mistakes);
    flapping.times = usize::try_from(times).unwrap_or(flapping.times);
    flapping.within = i64::try_from(hours).map_or(flapping.within, TimeDelta::hours);
    table.done(mistakes);
    (flapping, retention)
}
