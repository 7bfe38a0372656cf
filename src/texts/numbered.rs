//! How to go on with a finding that has no button: by its number.

use crate::finding::Finding;
use contract::{Block, Body, Span};

/// `By their numbers: /why 4, /fix 4, /ack 4.`
pub(crate) fn by_number(example: usize) -> Block {
    let commands = ["why", "fix", "ack"].map(|word| Span::Code(format!("/{word} {example}")));
    let [why, fix, ack] = commands;
    let plain = |text: &str| Span::Plain(text.to_owned());
    Block::Paragraph(vec![plain("By their numbers: "), why, plain(", "), fix, plain(", "), ack, plain(".")])
}

/// Nothing that can be proposed cures a finding.
pub fn no_action(number: &str, finding: &Finding) -> Body {
    let Finding { target, title, .. } = finding;
    Body::text(format!("There is nothing that I could do about {target}: {title}. /why {number} says what to look at."))
}
