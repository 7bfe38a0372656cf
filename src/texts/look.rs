//! What people see of single objects, their events and their logs.

use contract::{Block, Body, Span};

use crate::cluster::{Described, EventLine, Events, Listing, LogError, LogTail, LookError};
use crate::texts::time;

/// YAML lines shown in a chat; the whole is a file.
const SHOWN_LINES: usize = 60;

/// Why a question has no answer, and what to do.
pub fn problem(error: &LookError) -> String {
    match error {
        LookError::Unreachable(unreachable) => unreachable.to_string(),
        LookError::Forbidden(message) => format!("Not allowed: {message}. The reader role does not cover this."),
        LookError::UnknownKind { kind, similar } => format!("This cluster has no kind {kind:?}.{}", meant(similar)),
        LookError::NotFound { kind, namespace, name, similar } => {
            let place = namespace.as_ref().map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
            format!("There is no {kind} {name}{place}.{}", meant(similar))
        }
        LookError::Ambiguous { kind, name, namespaces } => {
            format!("{kind} {name} exists in several namespaces: {}. Say which one with -n.", listed(namespaces, 10))
        }
        LookError::TimedOut => "The cluster did not answer in time. Try again, or check the API server.".to_owned(),
        LookError::Failed(message) => format!("The API server refused: {message}"),
    }
}

/// Why there is no log, and what to do.
pub fn no_log(error: &LogError) -> String {
    match error {
        LogError::Look(error) => problem(error),
        LogError::NoPods { kind, name } => {
            format!("{kind} {name} has no pods now, so there is no log. Look at its events.")
        }
        LogError::NotScheduled { pod, message } => {
            format!("Pod {pod} is on no node yet, so there is no log. {}", said(message))
        }
        LogError::NotStarted { pod, container, reason, message } => {
            format!("Container {container} of {pod} has not started ({reason}), so there is no log. {}", said(message))
        }
        LogError::NoPrevious { pod, container } => {
            format!(
                "Container {container} of {pod} has not restarted: there is no earlier run. Ask without --previous."
            )
        }
        LogError::UnknownContainer { pod, container, has } => {
            format!("Pod {pod} has no container {container}; it has {}.", listed(has, 10))
        }
        LogError::NodeSilent { pod, node, message } => {
            format!("The node {node} of pod {pod} does not hand out logs: {message}. Check the node.")
        }
    }
}

/// A question that failed, in a chat.
pub fn failed(cluster: &str, problem: &str) -> Body {
    let blame = Span::Muted(format!("Cluster {cluster}"));
    Body::new([Block::Paragraph(vec![Span::Plain(format!("{problem}\n")), blame])])
}

/// An object with its owners and events.
pub fn described(described: &Described) -> Body {
    let Described { cluster, kind, namespace, name, object, owners, events, now } = described;
    let place = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let mut body = Body::new([Block::Heading(format!("{kind} {place}{name} in {cluster}"))]);
    if !owners.is_empty() {
        body = body.with(Block::paragraph(format!("Belongs to {}", owners.join(", which belongs to "))));
    }
    let yaml = serde_yaml_ng::to_string(object).unwrap_or_else(|_| object.to_string());
    let shown: Vec<&str> = yaml.lines().take(SHOWN_LINES).collect();
    let whole = shown.len() == yaml.lines().count();
    body = body.with(Block::Code { language: "yaml".to_owned(), text: shown.join("\n") });
    if !whole {
        let file = format!("{}-{name}.yaml", kind.to_lowercase());
        let bytes = yaml.into_bytes();
        body = body.with(Block::File { name: file, media_type: "application/yaml".to_owned(), bytes });
    }
    if events.is_empty() {
        return body.with(Block::paragraph("No events in the last day."));
    }
    body.with(Block::paragraph("Events, the newest first:")).with(event_list(events, *now))
}

/// Events of an object, a namespace or a cluster.
pub fn events(events: &Events) -> Body {
    let Events { cluster, about, namespace, lines, total, warnings_only, now } = events;
    let what = if *warnings_only { "Warnings" } else { "Events" };
    let of = match (about, namespace) {
        (Some(about), Some(namespace)) => format!(" of {about} in {namespace}"),
        (Some(about), None) => format!(" of {about}"),
        (None, Some(namespace)) => format!(" in namespace {namespace}"),
        (None, None) => String::new(),
    };
    let heading = Block::Heading(format!("{what}{of} ({cluster})"));
    if lines.is_empty() {
        let nothing = if *warnings_only { "No warnings in the last day." } else { "No events in the last day." };
        return Body::new([heading, Block::paragraph(nothing)]);
    }
    let mut body = Body::new([heading, event_list(lines, *now)]);
    if lines.len() < *total {
        body = body.with(Block::Paragraph(vec![Span::Muted(format!("The newest {} of {total}.", lines.len()))]));
    }
    body
}

fn event_list(lines: &[EventLine], now: chrono::DateTime<chrono::Utc>) -> Block {
    let item = |line: &EventLine| {
        let when = line.last_seen.map(|at| format!("{} ago", time::span(now - at))).unwrap_or_default();
        let often = if line.count > 1 { format!(", {} times", line.count) } else { String::new() };
        let reason = if line.warning { Span::Strong(line.reason.clone()) } else { Span::Plain(line.reason.clone()) };
        vec![
            reason,
            Span::Plain(format!(" {}: {} ", line.object, line.message.trim())),
            Span::Muted(format!("({when}{often})")),
        ]
    };
    Block::List(lines.iter().map(item).collect())
}

/// The end of a log.
pub fn log(log: &LogTail) -> Body {
    let LogTail { cluster, namespace, pod, container, previous, lines, cut, others } = log;
    let run = if *previous { ", the run before the last restart" } else { "" };
    let mut body =
        Body::new([Block::Heading(format!("Log of {namespace}/{pod}, container {container}{run} ({cluster})"))]);
    if lines.is_empty() {
        return body.with(Block::paragraph("It has written nothing."));
    }
    body = body.with(Block::code(lines.join("\n")));
    let mut notes = Vec::new();
    if *cut {
        notes.push(format!("The last {} lines.", lines.len()));
    }
    if *others > 0 {
        notes.push(format!("Chosen as the one with the most to tell; {others} more to choose from."));
    }
    if notes.is_empty() { body } else { body.with(Block::Paragraph(vec![Span::Muted(notes.join(" "))])) }
}

/// A list with its totals.
pub fn listing(listing: &Listing, now: chrono::DateTime<chrono::Utc>) -> Body {
    let Listing { cluster, kind, namespace, total, by_status, rows } = listing;
    let place = namespace.as_ref().map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
    let mut body = Body::new([Block::Heading(format!("{total} of kind {kind}{place} ({cluster})"))]);
    if *total == 0 {
        return body;
    }
    let totals: Vec<String> = by_status.iter().map(|(status, count)| format!("{count} {status}")).collect();
    body = body.with(Block::paragraph(totals.join(", ")));
    let cells = |row: &crate::cluster::Row| {
        let place = row.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let age = row.created.map(|created| time::span(now - created)).unwrap_or_default();
        vec![format!("{place}{}", row.name), row.status.clone(), row.detail.clone(), age]
    };
    let header = ["Name", "Status", "Detail", "Age"].map(str::to_owned).to_vec();
    body = body.with(Block::Table { header, rows: rows.iter().map(cells).collect() });
    if rows.len() < *total {
        let note = format!("{} of {total}, those in trouble first.", rows.len());
        body = body.with(Block::Paragraph(vec![Span::Muted(note)]));
    }
    body
}

fn meant(similar: &[String]) -> String {
    if similar.is_empty() { String::new() } else { format!(" Did you mean {}?", listed(similar, 5)) }
}

fn listed(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > most { format!("{shown} and {} more", names.len() - most) } else { shown }
}

fn said(message: &str) -> String {
    if message.is_empty() { "Look at its events.".to_owned() } else { message.to_owned() }
}
