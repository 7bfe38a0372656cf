//! What is said about alerts that came in.

use crate::requests::AlertBatch;
use contract::{Block, Body, Span};

/// Alerts shown one by one; the rest is counted.
const SHOWN: usize = 10;

/// The head of an alert post: which fire, which are resolved.
pub fn posted(batch: &AlertBatch, cluster: &str) -> Body {
    let firing = batch.alerts.iter().filter(|alert| alert.is_firing()).count();
    let resolved = batch.alerts.len() - firing;
    let heading = match (firing, resolved) {
        (0, resolved) => format!("{cluster}: {resolved} alert{} resolved", plural(resolved)),
        (firing, 0) => format!("{cluster}: {firing} alert{} firing", plural(firing)),
        (firing, resolved) => format!("{cluster}: {firing} alert{} firing, {resolved} resolved", plural(firing)),
    };
    let mut items: Vec<Vec<Span>> = batch
        .alerts
        .iter()
        .take(SHOWN)
        .map(|alert| {
            let mut item = vec![Span::Strong(alert.name().to_owned())];
            if !alert.is_firing() {
                item.push(Span::Plain(" (resolved)".into()));
            }
            if let Some(object) = alert.object() {
                let place = alert.labels.get("namespace").map_or(String::new(), |namespace| format!("{namespace} "));
                item.push(Span::Plain(format!(" {place}")));
                item.push(Span::Code(object));
            }
            if let Some(summary) = alert.summary() {
                item.push(Span::Plain(format!(": {summary}")));
            }
            item
        })
        .collect();
    if batch.alerts.len() > SHOWN {
        items.push(vec![Span::Muted(format!("and {} more", batch.alerts.len() - SHOWN))]);
    }
    Body::new([Block::Heading(heading), Block::List(items)])
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
