//! A document as Telegram's HTML: only `<`, `>` and `&` need escaping there, and nothing is ever cut after rendering.

use crate::texts;
use contract::{Block, Body, Button, Span, plain_block};
use teloxide::types::{InlineKeyboardButton, InlineKeyboardButtonKind, InlineKeyboardMarkup, ParseMode};

/// A row of buttons is as wide as the message; a phone shows about so many characters over all of them.
const ROW_CHARS: usize = 36;
const ROW_BUTTONS: usize = 3;
/// What fits under a picture or a file, in UTF-16 units after parsing.
const CAPTION: usize = 1024;
/// A picture sent as one may have this many bytes; a bigger one goes as a file.
const PHOTO_BYTES: usize = 10_000_000;

#[derive(Debug)]
pub(crate) struct Rendered<'a> {
    pub(crate) text: String,
    /// `None` where nothing was marked up: then the text is sent as it is, which no parser can refuse.
    pub(crate) parse_mode: Option<ParseMode>,
    pub(crate) keyboard: InlineKeyboardMarkup,
    pub(crate) files: Vec<Attachment<'a>>,
    /// UTF-16 units that people will see.
    visible: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Attachment<'a> {
    pub(crate) name: &'a str,
    pub(crate) media_type: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    AsPicture,
    AsFile,
}

impl Rendered<'_> {
    pub(crate) fn fits_caption(&self) -> bool {
        self.visible <= CAPTION
    }
}

pub(crate) fn render(body: &Body) -> Rendered<'_> {
    let marked_up = body.blocks.iter().any(has_markup);
    let mut parts = Vec::new();
    let mut visible = 0;
    let mut files = Vec::new();
    let mut rows = Vec::new();
    let mut described = None;
    for block in &body.blocks {
        match block {
            Block::Image { name, alt, bytes } => {
                let shown = if bytes.len() <= PHOTO_BYTES { Shown::AsPicture } else { Shown::AsFile };
                let media_type = if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
                files.push(Attachment { name, media_type, bytes, shown });
                described = Some(alt.as_str());
            }
            Block::File { name, media_type, bytes } => {
                files.push(Attachment { name, media_type, bytes, shown: Shown::AsFile });
            }
            Block::Buttons(buttons) => rows.extend(rows_of(buttons)),
            Block::Heading(_)
            | Block::Paragraph(_)
            | Block::List(_)
            | Block::Code { .. }
            | Block::Table { .. }
            | Block::Evidence(_) => {
                let text = if marked_up { html(block) } else { plain_block(block) };
                if !text.is_empty() {
                    visible += seen(block);
                    parts.push(text);
                }
            }
        }
    }
    // A picture without words gets those for people who cannot see it.
    if let (true, Some(alt)) = (parts.is_empty(), described) {
        visible += units(alt);
        parts.push(if marked_up { escape(alt) } else { alt.to_owned() });
    }
    if parts.is_empty() && files.is_empty() && !rows.is_empty() {
        visible += units(texts::MORE_BUTTONS);
        parts.push(texts::MORE_BUTTONS.to_owned());
    }
    visible += 2 * parts.len().saturating_sub(1);
    Rendered {
        text: parts.join("\n\n"),
        parse_mode: marked_up.then_some(ParseMode::Html),
        keyboard: InlineKeyboardMarkup { inline_keyboard: rows },
        files,
        visible,
    }
}

fn has_markup(block: &Block) -> bool {
    match block {
        Block::Paragraph(spans) => spans.iter().any(|span| !matches!(span, Span::Plain(_))),
        Block::Heading(_) | Block::List(_) | Block::Code { .. } | Block::Table { .. } | Block::Evidence(_) => true,
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => false,
    }
}

fn html(block: &Block) -> String {
    match block {
        Block::Heading(text) => tag("b", text),
        Block::Paragraph(spans) => spans_html(spans),
        Block::List(items) => {
            let lines: Vec<String> = items.iter().map(|spans| format!("• {}", spans_html(spans))).collect();
            lines.join("\n")
        }
        Block::Code { language, text } if text.is_empty() || language.is_empty() => tag("pre", text),
        Block::Code { language, text } => {
            format!("<pre><code class=\"language-{}\">{}</code></pre>", attribute(language), escape(text))
        }
        Block::Table { .. } => tag("pre", &plain_block(block)),
        Block::Evidence(readings) => {
            let lines: Vec<String> = readings
                .iter()
                .map(|reading| format!("{}: {}", escape(&reading.field), tag("code", &reading.value)))
                .collect();
            lines.join("\n")
        }
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => String::new(),
    }
}

/// The block's length for people: its plain text, and the URLs that stand in it because they cannot be links.
fn seen(block: &Block) -> usize {
    let spelled_out =
        |spans: &[Span]| -> usize { spans.iter().filter_map(spelled_out_url).map(|url| units(url) + 3).sum() };
    let more = match block {
        Block::Paragraph(spans) => spelled_out(spans),
        Block::List(items) => items.iter().map(|spans| spelled_out(spans)).sum(),
        Block::Heading(_)
        | Block::Code { .. }
        | Block::Table { .. }
        | Block::Evidence(_)
        | Block::Image { .. }
        | Block::File { .. }
        | Block::Buttons(_) => 0,
    };
    units(&plain_block(block)) + more
}

fn spans_html(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape(text),
            Span::Strong(text) => tag("b", text),
            Span::Muted(text) => tag("i", text),
            Span::Code(text) => tag("code", text),
            Span::Link { text, url } => match spelled_out_url(span) {
                Some(url) => format!("{} ({})", escape(text), escape(url)),
                None => format!("<a href=\"{}\">{}</a>", attribute(url), escape(text)),
            },
        })
        .collect()
}

/// Telegram drops links that are not for the web without a word.
fn spelled_out_url(span: &Span) -> Option<&str> {
    match span {
        Span::Link { url, .. } if !(url.starts_with("https://") || url.starts_with("http://")) => Some(url),
        Span::Link { .. } | Span::Plain(_) | Span::Strong(_) | Span::Muted(_) | Span::Code(_) => None,
    }
}

fn tag(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<{name}>{}</{name}>", escape(text)) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The row that the core wants, in as many rows as its labels need to be readable.
fn rows_of(buttons: &[Button]) -> Vec<Vec<InlineKeyboardButton>> {
    let mut rows: Vec<Vec<InlineKeyboardButton>> = Vec::new();
    let mut widest = 0;
    for button in buttons {
        let label = button.label.chars().count();
        let key = InlineKeyboardButton {
            text: button.label.clone(),
            kind: InlineKeyboardButtonKind::CallbackData(button.token.0.clone()),
        };
        // Telegram gives every button of a row the same width.
        match rows.last_mut() {
            Some(row) if row.len() < ROW_BUTTONS && widest.max(label) * (row.len() + 1) <= ROW_CHARS => {
                widest = widest.max(label);
                row.push(key);
            }
            Some(_) | None => {
                widest = label;
                rows.push(vec![key]);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{Shown, render};
    use contract::{Block, Body, Button, ButtonStyle, Reading, Span, Token};
    use teloxide::types::ParseMode;

    fn button(label: &str) -> Button {
        Button { label: label.into(), token: Token::from("t"), style: ButtonStyle::Neutral }
    }

    #[test]
    fn every_block_has_its_markup_and_nothing_else_is_markup() {
        let body = Body::new([
            Block::Heading("a < b".into()),
            Block::Paragraph(vec![
                Span::Plain("x & y ".into()),
                Span::Strong("s".into()),
                Span::Muted("m".into()),
                Span::Code("<c>".into()),
                Span::Link { text: "l".into(), url: "https://e.org/?a=\"1\"&b".into() },
                Span::Link { text: "no".into(), url: "javascript:1".into() },
            ]),
            Block::List(vec![vec![Span::Plain("one".into())], vec![Span::Code("two".into())]]),
            Block::Code { language: "diff".into(), text: "-a\n+b".into() },
            Block::code("log"),
            Block::Table { header: vec!["pod".into(), "n".into()], rows: vec![vec!["cart-1".into(), "7".into()]] },
            Block::Evidence(vec![Reading { field: "reason".into(), value: "OOM<".into() }]),
        ]);
        let rendered = render(&body);
        assert_eq!(rendered.parse_mode, Some(ParseMode::Html));
        assert_eq!(
            rendered.text,
            "<b>a &lt; b</b>\n\n\
             x &amp; y <b>s</b><i>m</i><code>&lt;c&gt;</code><a href=\"https://e.org/?a=&quot;1&quot;&amp;b\">l</a>\
             no (javascript:1)\n\n\
             • one\n• <code>two</code>\n\n\
             <pre><code class=\"language-diff\">-a\n+b</code></pre>\n\n\
             <pre>log</pre>\n\n\
             <pre>pod     n\ncart-1  7</pre>\n\n\
             reason: <code>OOM&lt;</code>"
        );
    }

    #[test]
    fn plain_paragraphs_go_out_without_any_parser() {
        let body = Body::new([Block::paragraph("<b> & </pre>"), Block::paragraph("second")]);
        let rendered = render(&body);
        assert_eq!(rendered.parse_mode, None);
        assert_eq!(rendered.text, "<b> & </pre>\n\nsecond");
    }

    #[test]
    fn rows_are_as_wide_as_their_labels_allow() {
        let rows = |labels: &[&str]| -> Vec<Vec<String>> {
            let body = Body::new([Block::Buttons(labels.iter().map(|label| button(label)).collect())]);
            let keyboard = render(&body).keyboard.inline_keyboard;
            keyboard.into_iter().map(|row| row.into_iter().map(|key| key.text).collect()).collect()
        };
        assert_eq!(
            rows(&["Approve", "Reject", "Details", "Explain"]),
            [vec!["Approve", "Reject", "Details"], vec!["Explain"]]
        );
        assert_eq!(
            rows(&["Undo rollout", "Scale down to 3", "Reject"]),
            [vec!["Undo rollout", "Scale down to 3"], vec!["Reject"]]
        );
        assert_eq!(
            rows(&["Restart deployment/checkout", "Reject"]),
            [vec!["Restart deployment/checkout"], vec!["Reject"]]
        );
    }

    #[test]
    fn buttons_alone_get_a_line_to_stand_under() {
        let body = Body::new([Block::Buttons(vec![button("a")])]);
        assert_eq!(render(&body).text, "More choices:");
    }

    #[test]
    fn the_caption_limit_counts_utf16_units_that_people_see() {
        let fits = |text: String| render(&Body::new([Block::Heading(text)])).fits_caption();
        assert!(fits("😀".repeat(512)));
        assert!(!fits("😀".repeat(513)));
        assert!(fits("<".repeat(1024)), "escapes are not seen");
    }

    #[test]
    fn a_picture_without_words_is_described_by_its_alt_text() {
        let body =
            Body::new([Block::Image { name: "a.png".into(), alt: "memory over a day".into(), bytes: vec![1, 2] }]);
        let rendered = render(&body);
        assert_eq!(rendered.text, "memory over a day");
        assert_eq!(rendered.files[0].shown, Shown::AsPicture);
    }
}
