//! A document as one Discord message.
//!
//! What has a heading (reports, cards) is shown as the heading, which is all that a phone's notification shows, with
//! the rest in an embed; short talk is plain content. Files are attached, buttons stand below.

use crate::{markdown, sender::Upload, texts};
use contract::{Block, Body, Button, ButtonStyle, plain_block};
use serenity::{
    all::ButtonStyle as Style,
    builder::{CreateActionRow, CreateButton},
};
use std::collections::HashSet;

/// Discord's limits, in characters.
pub(crate) const CONTENT: usize = 2_000;
const EMBED: usize = 4_096;
const LABEL: usize = 80;
const HEADLINE: usize = 256;
pub(crate) const ROWS: usize = 5;
pub(crate) const BUTTONS_IN_ROW: usize = 5;
const ALT: usize = 1_024;

/// What the core may put into one message: escaping at most doubles it, and the embed holds that with its marks.
pub(crate) const TEXT: usize = 2_000;

/// A message, before it is known where it goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rendered {
    pub(crate) content: String,
    pub(crate) embed: Option<String>,
    pub(crate) rows: Vec<CreateActionRow>,
    pub(crate) uploads: Vec<Upload>,
    /// What the pictures show, one for each upload; empty where nothing is said.
    pub(crate) alts: Vec<String>,
}

impl Rendered {
    /// Whether Discord would refuse it as empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.content.trim().is_empty() && self.embed.is_none() && self.rows.is_empty() && self.uploads.is_empty()
    }
}

/// Renders a body within [`crate::Discord`]'s limits.
pub(crate) fn render(body: &Body) -> Rendered {
    let (content, embed) = text(&body.blocks);
    let mut rendered = Rendered { content, embed, rows: rows(&body.blocks), ..Rendered::default() };
    for block in &body.blocks {
        let (name, media_type, bytes, alt) = match block {
            Block::Image { name, alt, bytes } => (name, picture_type(bytes), bytes, alt.as_str()),
            Block::File { name, media_type, bytes } => (name, media_type.as_str(), bytes, ""),
            Block::Heading(_)
            | Block::Paragraph(_)
            | Block::List(_)
            | Block::Code { .. }
            | Block::Table { .. }
            | Block::Evidence(_)
            | Block::Buttons(_) => continue,
        };
        let upload = Upload { name: name.clone(), media_type: media_type.to_owned(), bytes: bytes.clone() };
        rendered.uploads.push(upload);
        rendered.alts.push(alt.chars().take(ALT).collect());
    }
    rendered
}

fn text(blocks: &[Block]) -> (String, Option<String>) {
    if let Some((Block::Heading(heading), rest)) = blocks.split_first() {
        let headline = markdown::marked("**", &heading.replace('\n', " "));
        if headline.chars().count() <= HEADLINE {
            let rest = joined(rest);
            return match within(&rest, EMBED) {
                _ if rest.is_empty() => (headline, None),
                true => (headline, Some(rest)),
                false => (headline, Some(unformatted(&blocks[1..]))),
            };
        }
    }
    let whole = joined(blocks);
    match (within(&whole, CONTENT), within(&whole, EMBED)) {
        (true, _) => (whole, None),
        (false, true) => (String::new(), Some(whole)),
        (false, false) => (String::new(), Some(unformatted(blocks))),
    }
}

fn within(text: &str, limit: usize) -> bool {
    text.chars().count() <= limit
}

/// The last resort, for text that is nothing but markup characters: an embed mentions nobody, and the core has
/// measured that this fits.
fn unformatted(blocks: &[Block]) -> String {
    let parts: Vec<String> = blocks.iter().map(plain_block).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n").chars().take(EMBED).collect()
}

fn joined(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut after_heading = true;
    for block in blocks {
        let part = markdown_of(block);
        if part.trim().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if after_heading { "\n" } else { "\n\n" });
        }
        text.push_str(&part);
        // A fence has a margin of its own.
        after_heading = matches!(block, Block::Heading(_) | Block::Code { .. } | Block::Table { .. });
    }
    text
}

fn markdown_of(block: &Block) -> String {
    match block {
        Block::Heading(text) => markdown::marked("**", text),
        Block::Paragraph(spans) => markdown::spans(spans),
        Block::List(items) => lines(items.iter().map(|spans| format!("- {}", markdown::spans(spans)))),
        Block::Code { language, text } => markdown::fence(language, text),
        Block::Table { .. } => markdown::fence("", &plain_block(block)),
        Block::Evidence(readings) => lines(readings.iter().map(|reading| {
            format!("{}: {}", markdown::marked("**", &reading.field), markdown::escape(&reading.value))
        })),
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => String::new(),
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Each group of buttons begins a row while there are enough rows; else they stand as close as they can.
fn rows(blocks: &[Block]) -> Vec<CreateActionRow> {
    let mut seen = HashSet::new();
    let groups: Vec<Vec<CreateButton>> = blocks
        .iter()
        .filter_map(|block| if let Block::Buttons(buttons) = block { Some(buttons) } else { None })
        // Discord refuses a message in which two buttons carry the same.
        .map(|buttons| buttons.iter().filter(|button| seen.insert(&button.token)).map(create).collect())
        .collect();
    let apart: Vec<Vec<CreateButton>> =
        groups.iter().flat_map(|group| group.chunks(BUTTONS_IN_ROW)).map(<[_]>::to_vec).collect();
    let rows = if apart.len() <= ROWS {
        apart
    } else {
        let all: Vec<CreateButton> = groups.into_iter().flatten().collect();
        all.chunks(BUTTONS_IN_ROW).take(ROWS).map(<[_]>::to_vec).collect()
    };
    rows.into_iter().map(CreateActionRow::Buttons).collect()
}

fn create(button: &Button) -> CreateButton {
    let style = match button.style {
        ButtonStyle::Neutral => Style::Secondary,
        ButtonStyle::Primary => Style::Primary,
        ButtonStyle::Danger => Style::Danger,
    };
    let mut label: String = button.label.chars().take(LABEL).collect();
    if label.trim().is_empty() {
        texts::NO_LABEL.clone_into(&mut label);
    }
    CreateButton::new(button.token.as_str()).label(label).style(style)
}

fn picture_type(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"\xff\xd8") { "image/jpeg" } else { "image/png" }
}

#[cfg(test)]
mod tests {
    use super::{CONTENT, EMBED, TEXT, render};
    use contract::{Block, Body, Button, ButtonStyle, Limits, Reading, Span, Token, Unit, split};

    const LIMITS: Limits =
        Limits { text: TEXT, unit: Unit::Chars, buttons: 25, token_bytes: 100, files: 2, file_bytes: 1, edits: true };

    #[test]
    fn a_card_is_its_headline_and_an_embed_and_talk_is_content() {
        let card = render(&Body::new([
            Block::Heading("prod: 2 broken".into()),
            Block::Evidence(vec![Reading { field: "reason".into(), value: "OOM_Killed".into() }]),
            Block::List(vec![vec![Span::Plain("one".into())], vec![Span::Strong("two".into())]]),
            Block::Code { language: "diff".into(), text: "-a\n+b".into() },
            Block::paragraph("end"),
        ]));
        assert_eq!(card.content, "**prod: 2 broken**");
        let text = "**reason**: OOM\\_Killed\n\n- one\n- **two**\n\n```diff\n-a\n+b\n```\nend";
        assert_eq!(card.embed.as_deref(), Some(text));
        let talk = render(&Body::text("All is well."));
        assert_eq!((talk.content.as_str(), talk.embed), ("All is well.", None));
        let lone = render(&Body::new([Block::Heading("Done".into())]));
        assert_eq!((lone.content.as_str(), lone.embed), ("**Done**", None));
    }

    #[test]
    fn whatever_the_core_may_send_fits() {
        let worst = ["*", "`", "``` ", "@everyone ", "<@1>", "_x", "1.\n", "-\n", "😀", "é*"];
        for text in worst.map(|part| part.repeat(6_000)) {
            let blocks = [
                Block::Heading(text.clone()),
                Block::paragraph(text.clone()),
                Block::code(text.clone()),
                Block::List(
                    text.chars().take(3_000).map(|c| vec![Span::Code(c.into()), Span::Muted(c.into())]).collect(),
                ),
                Block::Evidence(
                    text.chars().take(3_000).map(|c| Reading { field: c.into(), value: c.into() }).collect(),
                ),
                Block::Paragraph(vec![Span::Link {
                    text: text.clone(),
                    url: format!("https://x/{}", ")".repeat(500)),
                }]),
            ];
            for block in blocks {
                for body in split(&Body::new([Block::Heading("Log".into()), block]), &LIMITS) {
                    let message = render(&body);
                    assert!(message.content.chars().count() <= CONTENT);
                    assert!(message.embed.as_deref().unwrap_or_default().chars().count() <= EMBED);
                }
            }
        }
    }

    #[test]
    fn groups_of_buttons_stand_in_rows_of_their_own_while_there_is_room() {
        let button = |number: usize| Button {
            label: format!("{number}"),
            token: Token(number.to_string()),
            style: ButtonStyle::Neutral,
        };
        let group = |numbers: std::ops::Range<usize>| Block::Buttons(numbers.map(button).collect());
        let rows = |body: &Body| {
            let rows = render(body).rows;
            let sizes =
                rows.iter().map(|row| serde_json::to_value(row).unwrap()["components"].as_array().unwrap().len());
            sizes.collect::<Vec<_>>()
        };
        assert_eq!(rows(&Body::new([group(0..2), group(2..9)])), [2, 5, 2]);
        assert_eq!(rows(&Body::new((0..7).map(|number| group(number..number + 1)))), [5, 2]);
        assert_eq!(rows(&Body::new([group(0..1), group(0..1)])), [1], "the same token twice");
        assert_eq!(rows(&Body::new([group(0..25)])), [5; 5]);
    }
}
