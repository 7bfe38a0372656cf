//! One suite for every adapter: bodies that each rendering must be able to bring out within the platform's limits.

use crate::{Block, Body, Button, ButtonStyle, Limits, Reading, Span, Token, split};

/// Bodies that have broken bots: markup characters, mentions, emoji at the limit, long logs, many buttons. Split by
/// the adapter's own limits, as the core does; every one must be delivered without an error.
pub fn bodies(limits: &Limits) -> Vec<(&'static str, Vec<Body>)> {
    let nasty = "<b>&amp; *_[]()~`>#+-=|{}.! @everyone <@1> \\ </pre>";
    let log: String = (0..400).map(|line| format!("{line:04} 😀 error: {nasty}\n")).collect();
    let button = |number: usize| Button {
        label: format!("Choice {number}"),
        token: Token(format!("{number:022}")),
        style: match number % 3 {
            0 => ButtonStyle::Neutral,
            1 => ButtonStyle::Primary,
            _ => ButtonStyle::Danger,
        },
    };
    let whole = [
        ("plain", Body::text("All is well.")),
        ("markup characters", Body::text(nasty)),
        (
            "every block",
            Body::new([
                Block::Heading(format!("Heading {nasty}")),
                Block::Paragraph(vec![
                    Span::Plain(nasty.into()),
                    Span::Strong(nasty.into()),
                    Span::Muted(nasty.into()),
                    Span::Code(nasty.into()),
                    Span::Link { text: "runbook".into(), url: "https://example.org/?a=1&b=2".into() },
                ]),
                Block::List(vec![vec![Span::Plain("one".into())], vec![Span::Code(nasty.into())]]),
                Block::Code { language: "diff".into(), text: format!("-image: a:1\n+image: a:2\n ```{nasty}") },
                Block::Table {
                    header: vec!["pod".into(), "restarts".into()],
                    rows: vec![vec!["cart-1".into(), "7".into()]],
                },
                Block::Evidence(vec![Reading { field: "reason".into(), value: nasty.into() }]),
                Block::Buttons(vec![button(0), button(1), button(2)]),
            ]),
        ),
        ("a long log", Body::new([Block::Heading("Log".into()), Block::code(log)])),
        ("one endless line", Body::text("😀".repeat(5_000))),
        ("many buttons", Body::text("Choose").with(Block::Buttons((0..120).map(button).collect()))),
        (
            "a file",
            Body::text("The whole report").with(Block::File {
                name: "report.txt".into(),
                media_type: "text/plain".into(),
                bytes: b"all of it".to_vec(),
            }),
        ),
    ];
    whole.into_iter().map(|(name, body)| (name, split(&body, limits))).collect()
}
