//! The console as a browser sees it: who gets in, what is accepted when, and what a reader is sent.

#[path = "../support/mod.rs"]
mod support;

mod door;
mod reading;
mod writing;

use contract::{Block, Body, Button, ButtonStyle, Token};
use support::Event;

fn summaries(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::summary).collect()
}

fn card() -> Body {
    Body::text("Undo the rollout of checkout?").with(Block::Buttons(vec![
        Button { label: "Approve".into(), token: Token::from("approve-1"), style: ButtonStyle::Danger },
        Button { label: "Reject".into(), token: Token::from("reject-1"), style: ButtonStyle::Neutral },
    ]))
}
