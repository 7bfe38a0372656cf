//! What is said about what stays out of the reports, and about what comes back.

use super::{chat::when, time};
use crate::finding::{Finding, Note};
use crate::finding::{KeptOut, kept_out::Kind};
use crate::inspection::attention::{Rule, Silence, What};
use crate::report::Report;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use contract::{Block, Body, Span};

/// `Kept out: 3 muted, 1 snoozed.`
pub(crate) fn kept_out(report: &Report) -> Option<String> {
    let counts = report.kept_out_counts();
    let each: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {}", kind_name(*kind))).collect();
    (!each.is_empty()).then(|| format!("Kept out: {}.", each.join(", ")))
}

/// Every root that is kept out, and by whom.
pub(crate) fn kept_out_list(report: &Report) -> Vec<Block> {
    let items: Vec<Vec<Span>> = report
        .kept_out
        .iter()
        .filter(|kept| kept.finding.is_root())
        .map(|kept| {
            let KeptOut { finding, because } = kept;
            let by = match &because.by {
                Some(by) => format!(" by {by}"),
                None => format!(" on {}", because.silence),
            };
            let until = because.until.map(|until| format!(" until {}", time::moment(until))).unwrap_or_default();
            vec![
                Span::Strong(format!("{} {}", finding.severity, finding.target)),
                Span::Plain(format!(": {}", finding.title)),
                Span::Muted(format!(" ({}{by}{until})", kind_name(because.kind))),
            ]
        })
        .collect();
    if items.is_empty() { Vec::new() } else { vec![Block::paragraph("Kept out:"), Block::List(items)] }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Acknowledged => "acknowledged",
        Kind::Snoozed => "snoozed",
        Kind::Muted => "muted",
        Kind::Ignored => "ignored by annotation",
    }
}

/// `flapping: 4 times in 24h`; `acknowledged by alice, worse since: high on 2 objects then`.
pub(crate) fn notes(finding: &Finding) -> Vec<String> {
    finding.notes.iter().map(note).collect()
}

/// `acknowledged by alice since`: what was silenced after the report was made.
pub(crate) fn silenced_since(root: &Finding, silences: &[Silence]) -> Option<String> {
    let silence = silences.iter().find(|silence| silence.keeps_out(root))?;
    let until = silence.until.map(|until| format!(" until {}", time::moment(until))).unwrap_or_default();
    Some(format!("{} since by {}{until}", kind_name(silence.kind()), silence.by))
}

/// `2 of them are silenced since: the next report keeps them out.`
pub(crate) fn silenced_since_count(count: usize) -> String {
    match count {
        1 => "1 of them is silenced since: the next report keeps it out.".to_owned(),
        count => format!("{count} of them are silenced since: the next report keeps them out."),
    }
}

fn note(note: &Note) -> String {
    let by = |by: &Option<String>| by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    match note {
        Note::Flapping { times, hours } => format!("flapping: {times} times in {hours}h"),
        Note::Worse { kind, by: who, was, .. } => {
            let objects = if was.objects == 1 { "object" } else { "objects" };
            let (kind, by) = (kind_name(*kind), by(who));
            format!("{kind}{by}, worse since: {} on {} {objects} then", was.severity, was.objects)
        }
        Note::SnoozeOver { by: who } => format!("snoozed{} until now", by(who)),
    }
}

/// A text that begins with no time.
pub(crate) fn no_time(given: &str) -> String {
    let given = if given.is_empty() { "nothing".to_owned() } else { format!("\"{given}\"") };
    format!("{given} is no time. Write 30m, 4h, 3d, 17:00, 2026-12-01 or 2026-12-01 09:00 Europe/Berlin.")
}

/// A time that is over.
pub(crate) fn past(given: &str) -> String {
    format!("{given} is past.")
}

/// A time beyond what anybody remembers.
pub(crate) fn too_far(given: &str) -> String {
    format!("{given} is more than a year away. Choose a time within a year; it can be renewed.")
}

/// What a silence is about, in one line.
pub fn subject(silence: &Silence) -> String {
    match &silence.what {
        What::Finding { target, title, .. } => format!("{target}: {title}"),
        What::Rule(rule) => rule_line(rule),
    }
}

/// `pod/restart-* in lab-*, named cart-*, labelled tier=lab`.
fn rule_line(rule: &Rule) -> String {
    let list = |patterns: &[crate::inspection::attention::Pattern]| {
        patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    };
    let mut line = if rule.checks.is_empty() { "every check".to_owned() } else { list(&rule.checks) };
    if !rule.namespaces.is_empty() {
        line.push_str(&format!(" in {}", list(&rule.namespaces)));
    }
    if !rule.names.is_empty() {
        line.push_str(&format!(", named {}", list(&rule.names)));
    }
    for (key, value) in &rule.labels {
        line.push_str(&format!(", labelled {key}={value}"));
    }
    line
}

/// Something stays out from now on.
pub fn silenced(silence: &Silence, zone: Option<Tz>) -> Body {
    let verb = match silence.kind() {
        Kind::Acknowledged => "acknowledged",
        Kind::Snoozed => "snoozed",
        Kind::Muted | Kind::Ignored => "muted",
    };
    let until = match (silence.until, silence.kind()) {
        (Some(until), _) => format!("It stays out of the reports until {}", when(Some(until), zone)),
        (None, Kind::Acknowledged) => "It stays out of the reports until it is solved".to_owned(),
        (None, Kind::Snoozed | Kind::Muted | Kind::Ignored) => "It stays out of the reports".to_owned(),
    };
    let why = silence.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    Body::new([Block::Paragraph(vec![
        Span::Plain(format!("{} {verb} ", silence.by)),
        Span::Strong(subject(silence)),
        Span::Plain(format!("{why}. {until}, unless it grows worse. To undo it: ")),
        Span::Code(format!("/unmute {}", silence.id)),
    ])])
}

/// Something is told again.
pub fn unsilenced(silence: &Silence) -> Body {
    Body::text(format!("{} is told again.", subject(silence)))
}

/// There is no such silence.
pub fn nothing_to_unmute(id: &str) -> Body {
    Body::text(format!("Nothing here is silenced under \"{id}\". /muted lists what is, with ids."))
}

/// It stands in the configuration.
pub fn only_by_configuration(id: &str) -> Body {
    Body::text(format!("{id} is a [[mute]] of the configuration: whoever runs me can take it out there."))
}

/// Everything that stays out of the reports of a cluster.
pub fn list(cluster: &str, silences: &[Silence], zone: Option<Tz>) -> Body {
    if silences.is_empty() {
        return Body::text(format!("Nothing is silenced in {cluster}."));
    }
    let items = silences.iter().map(|silence| {
        let until = match silence.until {
            Some(until) => format!("until {}", when(Some(until), zone)),
            None if silence.kind() == Kind::Acknowledged => "until it is solved".to_owned(),
            None => "for good".to_owned(),
        };
        let why = silence.why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
        // The configuration does not say since when.
        let is_dated = silence.at > DateTime::<Utc>::UNIX_EPOCH;
        let on = if is_dated { format!(" on {}", time::moment(silence.at)) } else { String::new() };
        vec![
            Span::Code(silence.id.clone()),
            Span::Plain(format!(" {}: ", kind_name(silence.kind()))),
            Span::Strong(subject(silence)),
            Span::Plain(format!(" – by {}{on}{why}; {until}", silence.by)),
        ]
    });
    Body::new([Block::paragraph(format!("Silenced in {cluster}:")), Block::List(items.collect())])
}

/// Whoever asked may not.
pub fn may_not_mute(channel: &str, person: Option<&str>) -> Body {
    Body::text(match person {
        Some(person) => format!(
            "You may not silence findings here. Whoever runs me can allow it: add \"{person}\" to may_mute of the [[channel]] \"{channel}\"."
        ),
        None => "Only people that the configuration knows by name may silence findings.".to_owned(),
    })
}

/// No such finding.
pub fn no_finding(named: &str, cluster: &str, known: usize) -> Body {
    let known = match known {
        0 => "has no findings".to_owned(),
        1 => "has one finding, number 1".to_owned(),
        known => format!("has the findings 1 to {known}"),
    };
    Body::text(format!("The last report of {cluster} {known}; I do not know \"{named}\" in it."))
}

/// A rule without a limit.
pub fn everything() -> Body {
    Body::text(
        "That would silence everything. Name a check (such as pod/restart-*), a namespace, a name or a label, for example: /mute pod/restart-* -n lab",
    )
}

/// A label that is none.
pub fn no_label(given: &str) -> Body {
    Body::text(format!("\"{given}\" is no label; write --label KEY=VALUE."))
}

/// A check that does not exist.
pub fn no_check(given: &str) -> Body {
    Body::text(format!(
        "No check is called \"{given}\". A report names them, such as pod/crash-loop; * stands for any characters."
    ))
}

/// More than anybody can keep an eye on.
pub fn too_many(most: usize) -> Body {
    Body::text(format!("{most} things are silenced in this cluster already. /muted lists them; take some back first."))
}

/// For how long? The choices are buttons.
pub fn how_long(finding: &Finding) -> Body {
    Body::new([Block::Paragraph(vec![
        Span::Plain("For how long shall I say nothing about ".to_owned()),
        Span::Strong(format!("{}: {}", finding.target, finding.title)),
        Span::Plain("?".to_owned()),
    ])])
}

/// A snooze is over, and it is still so.
pub fn still_so(cluster: &str, silence: &Silence, severity: &str) -> Body {
    Body::new([Block::Paragraph(vec![
        Span::Strong(cluster.to_owned()),
        Span::Plain(format!(": {} snoozed this until now, and it is still so: {severity} in ", silence.by)),
        Span::Strong(subject(silence)),
        Span::Plain(".".to_owned()),
    ])])
}

/// A snooze is over, and it is solved.
pub fn solved_meanwhile(cluster: &str, silence: &Silence) -> Body {
    Body::new([Block::Paragraph(vec![
        Span::Strong(cluster.to_owned()),
        Span::Plain(format!(": {} snoozed this until now, and it is solved: ", silence.by)),
        Span::Strong(subject(silence)),
        Span::Plain(".".to_owned()),
    ])])
}

/// A snooze is over, and nobody knows.
pub fn not_looked_at(cluster: &str, silence: &Silence, why: &str) -> Body {
    Body::new([Block::Paragraph(vec![
        Span::Strong(cluster.to_owned()),
        Span::Plain(format!(": {} snoozed this until now; I could not look again ({why}): ", silence.by)),
        Span::Strong(subject(silence)),
        Span::Plain(".".to_owned()),
    ])])
}

/// Why nobody knows of a finding.
pub fn not_checked() -> String {
    "its check did not run".to_owned()
}

/// The same for what only a longer run would show.
pub fn too_early() -> String {
    "its containers have only just been started".to_owned()
}

/// A mute of the configuration, as its silence says who asked for it.
pub fn by_configuration() -> String {
    "the configuration".to_owned()
}

/// Until when a button snoozes.
pub fn snooze_label(hours: u32) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        24 => "1 day".to_owned(),
        168 => "1 week".to_owned(),
        hours => format!("{hours} hours"),
    }
}

/// A day as the configuration writes it: the moment at which it begins.
pub fn no_day(given: &str) -> String {
    format!("\"{given}\" is no day; write 2026-12-31")
}
