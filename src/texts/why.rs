//! Cause chains in words: what a person gets who asks why.

use super::{findings::brief, time};
use crate::diagnosis::{Chain, Relation, Step, Verdict};
use crate::finding::{Evidence, Target};
use contract::{Block, Body, Reading, Span};

/// How an object hangs on the next one of a chain.
pub(crate) fn depends(relation: Relation, next: &Target) -> String {
    match relation {
        Relation::Owns => format!("lives by {next}"),
        Relation::Selects => format!("sends to {next}"),
        Relation::Routes => format!("leads to {next}"),
        Relation::RunsOn => format!("runs on {next}"),
        Relation::Mounts => format!("needs {next}"),
        Relation::Refers => format!("reads {next}"),
        Relation::LimitedBy => format!("is limited by {next}"),
        Relation::AdmittedBy => format!("is refused by {next}"),
        Relation::Calls => format!("is answered by {next}"),
        Relation::Asks => format!("asks {next}"),
        Relation::Scales => format!("scales {next}"),
        Relation::Guards => format!("guards {next}"),
        Relation::MadeBy => format!("is served by {next}"),
    }
}

pub(crate) fn owned_by(next: &Target) -> String {
    format!("belongs to {next}")
}

/// The chain as a chat message.
pub fn chain(chain: &Chain) -> Body {
    let mut body = Body::new([Block::Paragraph(head(chain))]);
    match &chain.verdict {
        Verdict::Explained => {}
        Verdict::Healthy { checked, .. } => {
            if !checked.is_empty() {
                body = body.with(Block::paragraph("Checked:"));
                body = body.with(Block::Evidence(checked.iter().map(|fact| reading(fact, chain)).collect()));
            }
            return body;
        }
        Verdict::NoSuchObject { did_you_mean, named_by } => {
            body.blocks.extend(named("It is named by:", named_by));
            body.blocks.extend(named("Did you mean:", did_you_mean));
        }
        Verdict::NoSuchKind { .. } | Verdict::NotRead { .. } => return body,
    }
    if !chain.steps.is_empty() {
        body = body
            .with(Block::List(chain.steps.iter().enumerate().map(|(place, step)| item(chain, place, step)).collect()));
    }
    if let Some(root) = chain.steps.last().filter(|step| !step.evidence.is_empty()) {
        body = body.with(Block::Evidence(root.evidence.iter().map(|fact| reading(fact, chain)).collect()));
    }
    body.blocks.extend(cures(chain));
    body
}

/// The chain for a terminal, with a line feed at its end.
pub fn plain(chain: &Chain) -> String {
    contract::plain(&self::chain(chain)) + "\n"
}

fn head(chain: &Chain) -> Vec<Span> {
    let subject = Span::Strong(chain.subject.to_string());
    let rest = match &chain.verdict {
        Verdict::Explained => match chain.steps.last() {
            Some(root) if root.object != chain.subject => {
                format!(": the cause is {}, {}.", root.object, root.statement)
            }
            Some(root) => format!(": {}.", root.statement),
            None => ".".to_owned(),
        },
        Verdict::Healthy { unread: None, .. } => " is healthy.".to_owned(),
        Verdict::Healthy { unread: Some(unread), .. } => format!(" is healthy, as far as could be read. {unread}"),
        Verdict::NoSuchObject { .. } => " does not exist.".to_owned(),
        Verdict::NoSuchKind { known } => format!(": I read no such kind. I read {}.", known.join(", ")),
        Verdict::NotRead { why } => format!(" cannot be judged: its kind could not be read ({why})."),
    };
    let stamp = format!("\n{}, {}", chain.cluster, time::moment(chain.taken_at));
    vec![subject, Span::Plain(rest), Span::Muted(stamp)]
}

fn item(chain: &Chain, place: usize, step: &Step) -> Vec<Span> {
    let mut spans = Vec::new();
    if place > 0 {
        let before = chain.steps.get(place - 1);
        let because = before.is_some_and(|before| before.finding.is_some());
        spans.push(Span::Plain(if because { "because ".to_owned() } else { String::new() }));
    }
    spans.push(Span::Strong(step.object.to_string()));
    spans.push(Span::Plain(format!(": {}", step.statement)));
    // That of the root stands below, all of it.
    let is_root = place + 1 == chain.steps.len();
    if let Some(fact) = step.evidence.first().filter(|_| !is_root) {
        spans.push(Span::Muted(format!(" [{}: {}]", fact.field, brief(&fact.value))));
    }
    if let Some(since) = step.evidence.iter().filter_map(|fact| fact.since).min() {
        spans.push(Span::Muted(format!(" ({})", time::since(since, chain.taken_at))));
    }
    spans.retain(|span| !span.text().is_empty());
    spans
}

fn named(title: &str, targets: &[Target]) -> Vec<Block> {
    if targets.is_empty() {
        return Vec::new();
    }
    let items = targets.iter().map(|target| vec![Span::Plain(target.to_string())]).collect();
    vec![Block::paragraph(title), Block::List(items)]
}

fn cures(chain: &Chain) -> Vec<Block> {
    let items: Vec<Vec<Span>> = chain.cures.iter().map(super::cures::remedy).collect();
    if items.is_empty() { Vec::new() } else { vec![Block::paragraph("What to do:"), Block::List(items)] }
}

fn reading(fact: &Evidence, chain: &Chain) -> Reading {
    let value = match fact.since {
        Some(since) => format!("{}, {}", fact.value, time::of_field(&fact.field, since, chain.taken_at)),
        None => fact.value.clone(),
    };
    Reading { field: fact.field.clone(), value }
}
