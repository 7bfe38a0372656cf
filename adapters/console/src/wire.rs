//! What the page is sent: messages as JSON that holds text only, never markup.

use crate::{
    chat::Names,
    config::is_web_link,
    message::{Content, Message, Post},
};
use chrono::{DateTime, Utc};
use contract::{Block, Body, ButtonStyle, Span, plain, plain_block};
use serde::Serialize;

/// A message for one reader.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    id: String,
    place: u64,
    at: DateTime<Utc>,
    edited: Option<DateTime<Utc>>,
    /// The login name; none for the bot.
    who: Option<String>,
    reply_to: Option<String>,
    /// Only this reader sees it.
    private: bool,
    removed: bool,
    /// What a person wrote.
    text: Option<String>,
    /// What the bot wrote.
    blocks: Vec<BlockView>,
    /// One line for a quotation.
    summary: String,
}

impl View {
    pub(crate) fn new(message: &Message, room: &str, names: &Names) -> Self {
        let id = names.id(message.place);
        let mut view = Self {
            place: message.place,
            at: message.at,
            edited: message.edited,
            who: None,
            reply_to: None,
            private: false,
            removed: false,
            text: None,
            blocks: Vec::new(),
            summary: String::new(),
            id,
        };
        match &message.content {
            Content::Said(said) => {
                view.who = Some(said.who.clone());
                view.reply_to = said.reply_to.map(|place| names.id(place));
                view.summary = summary(&said.text);
                view.text = Some(said.text.clone());
            }
            Content::Posted(Post { reply_to, only, body }) => {
                view.reply_to = reply_to.map(|place| names.id(place));
                view.private = only.is_some();
                view.summary = summary(&headline(body));
                view.blocks = blocks(body, room, &view.id);
            }
            Content::Removed { reply_to, only } => {
                view.reply_to = reply_to.map(|place| names.id(place));
                view.private = only.is_some();
                view.removed = true;
            }
        }
        view
    }

    /// The event's name: what happened to the message since `seen`.
    pub(crate) fn event(&self, seen: u64) -> &'static str {
        match (self.removed, self.edited) {
            (true, _) => "retract",
            (false, Some(_)) if self.place <= seen => "edit",
            (false, _) => "message",
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum BlockView {
    Heading { text: String },
    Paragraph { spans: Vec<SpanView> },
    List { items: Vec<Vec<SpanView>> },
    Code { language: String, text: String },
    Table { header: Vec<String>, rows: Vec<Vec<String>> },
    Evidence { readings: Vec<(String, String)> },
    Image { name: String, alt: String, href: String },
    File { name: String, size: usize, href: String },
    Buttons { buttons: Vec<ButtonView> },
}

#[derive(Debug, Serialize)]
struct SpanView {
    style: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct ButtonView {
    label: String,
    token: String,
    style: &'static str,
}

/// The file blocks of a body, in the order in which downloads count them.
pub(crate) fn files(body: &Body) -> impl Iterator<Item = &Block> {
    body.blocks.iter().filter(|block| matches!(block, Block::Image { .. } | Block::File { .. }))
}

fn blocks(body: &Body, room: &str, id: &str) -> Vec<BlockView> {
    let mut file = 0;
    let mut href = || {
        file += 1;
        format!("/rooms/{room}/files/{id}/{}", file - 1)
    };
    let view = |block: &Block| match block {
        Block::Heading(text) => BlockView::Heading { text: text.clone() },
        Block::Paragraph(content) => BlockView::Paragraph { spans: spans(content) },
        Block::List(items) => BlockView::List { items: items.iter().map(|item| spans(item)).collect() },
        Block::Code { language, text } => BlockView::Code { language: language.clone(), text: text.clone() },
        Block::Table { header, rows } => BlockView::Table { header: header.clone(), rows: rows.clone() },
        Block::Evidence(readings) => BlockView::Evidence {
            readings: readings.iter().map(|reading| (reading.field.clone(), reading.value.clone())).collect(),
        },
        Block::Image { name, alt, .. } => BlockView::Image { name: name.clone(), alt: alt.clone(), href: href() },
        Block::File { name, bytes, .. } => BlockView::File { name: name.clone(), size: bytes.len(), href: href() },
        Block::Buttons(buttons) => BlockView::Buttons {
            buttons: buttons
                .iter()
                .map(|button| ButtonView {
                    label: button.label.clone(),
                    token: button.token.as_str().to_owned(),
                    style: match button.style {
                        ButtonStyle::Neutral => "neutral",
                        ButtonStyle::Primary => "primary",
                        ButtonStyle::Danger => "danger",
                    },
                })
                .collect(),
        },
    };
    body.blocks.iter().map(view).collect()
}

fn spans(spans: &[Span]) -> Vec<SpanView> {
    let view = |span: &Span| {
        let (style, url) = match span {
            Span::Plain(_) => ("plain", None),
            Span::Strong(_) => ("strong", None),
            Span::Muted(_) => ("muted", None),
            Span::Code(_) => ("code", None),
            // What is neither http nor https is shown, but leads nowhere.
            Span::Link { url, .. } if is_web_link(url) => ("link", Some(url.clone())),
            Span::Link { .. } => ("plain", None),
        };
        SpanView { style, text: span.text().to_owned(), url }
    };
    spans.iter().map(view).collect()
}

/// What a message is about: a note that stands before it, such as how an answer was made, is passed over.
fn headline(body: &Body) -> String {
    let note = |block: &Block| match block {
        Block::Paragraph(spans) => spans.iter().all(|span| matches!(span, Span::Muted(_))),
        Block::Heading(_)
        | Block::List(_)
        | Block::Code { .. }
        | Block::Table { .. }
        | Block::Evidence(_)
        | Block::Image { .. }
        | Block::File { .. }
        | Block::Buttons(_) => false,
    };
    let about = body.blocks.iter().filter(|block| !note(block)).map(plain_block).find(|text| !text.is_empty());
    about.unwrap_or_else(|| plain(body))
}

fn summary(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut short: String = line.chars().take(120).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
