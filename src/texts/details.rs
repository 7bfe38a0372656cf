//! All about one finding, for a chat.

use super::{cures, forms, report::consequences, report::state, visible};
use crate::finding::{Evidence, Finding};
use crate::inspection::checks;
use crate::report::{Report, Tree};
use contract::{Block, Body, Reading, Span};

/// As many objects as are named, and as many findings that it explains.
const NAMED: usize = 20;

/// Evidence, objects, what follows from it, and what to do.
pub fn details(report: &Report, finding: &Finding) -> Body {
    let trees = report.trees();
    let alone = Tree { root: finding, severity: finding.severity, explains: Vec::new() };
    let tree = trees.iter().find(|tree| tree.root.fingerprint == finding.fingerprint).unwrap_or(&alone);
    let mut head = vec![
        Span::Strong(format!("{} {}", tree.severity, finding.target)),
        Span::Plain(format!(": {}", finding.title)),
        Span::Muted(format!("\n{}, {}, {}", report.cluster, finding.id, state(report, tree))),
    ];
    if let Some(cause) = finding.caused_by.as_ref().and_then(|cause| report.find(cause)) {
        head.push(Span::Plain(format!("\nCaused by {}: {}", cause.target, cause.title)));
    }
    if let Some(consequences) = consequences(tree) {
        head.push(Span::Plain(format!("\n{consequences}")));
    }
    let mut body = Body::new([Block::Paragraph(head)]);
    if let Some(check) = checks::find(&finding.id) {
        body = body.with(Block::paragraph(check.means));
    }
    if !finding.evidence.is_empty() {
        body = body.with(Block::Evidence(finding.evidence.iter().map(|fact| reading(report, fact)).collect()));
    }
    let objects = forms::objects(finding);
    let objects = objects.into_iter().map(|object| vec![Span::Plain(object)]);
    body.blocks.extend(named("Where it shows:", objects));
    let explains = tree.explains.iter().map(|symptom| {
        vec![
            Span::Strong(format!("{} {}", symptom.severity, symptom.target)),
            Span::Plain(format!(": {}", symptom.title)),
        ]
    });
    body.blocks.extend(named("What follows from it:", explains));
    body.blocks.extend(named("What to do:", finding.remedies.iter().map(cures::remedy)));
    visible::body(body)
}

fn reading(report: &Report, fact: &Evidence) -> Reading {
    Reading { field: fact.field.clone(), value: format!("{}{}", fact.value, forms::since(report, fact)) }
}

/// A list under its title, as far as it is short.
fn named(title: &str, items: impl ExactSizeIterator<Item = Vec<Span>>) -> Vec<Block> {
    let more = items.len().saturating_sub(NAMED);
    let mut items: Vec<Vec<Span>> = items.take(NAMED).collect();
    if more > 0 {
        items.push(vec![Span::Muted(format!("and {more} more"))]);
    }
    if items.is_empty() { Vec::new() } else { vec![Block::paragraph(title), Block::List(items)] }
}
