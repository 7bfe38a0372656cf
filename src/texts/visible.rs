//! What the cluster says, as it may be shown: nothing in it moves a cursor, hides, or turns the reading direction.
//! Names and messages are written by whoever may write to the cluster.

use contract::{Block, Body, Reading, Span};
use std::borrow::Cow;

/// The text with what cannot be seen spelled out, `\u{202e}`; line feeds and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            character if hidden(character) => shown.extend(character.escape_unicode()),
            character => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// The same on one line: line feeds and tabs become blanks.
pub fn line(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if shown.contains(['\n', '\t']) { Cow::Owned(shown.replace(['\n', '\t'], " ")) } else { shown }
}

/// A whole document, for a chat.
pub fn body(mut body: Body) -> Body {
    fn clean(text: &mut String) {
        if let Cow::Owned(shown) = visible(text) {
            *text = shown;
        }
    }
    fn span(span: &mut Span) {
        match span {
            Span::Plain(text) | Span::Strong(text) | Span::Muted(text) | Span::Code(text) => clean(text),
            Span::Link { text, url } => [text, url].into_iter().for_each(clean),
        }
    }
    for block in &mut body.blocks {
        match block {
            Block::Heading(text) | Block::Code { text, .. } => clean(text),
            Block::Paragraph(spans) => spans.iter_mut().for_each(span),
            Block::List(items) => items.iter_mut().flatten().for_each(span),
            Block::Table { header, rows } => header.iter_mut().chain(rows.iter_mut().flatten()).for_each(clean),
            Block::Evidence(readings) => {
                readings.iter_mut().flat_map(|Reading { field, value }| [field, value]).for_each(clean);
            }
            Block::Image { name, alt, .. } => [name, alt].into_iter().for_each(clean),
            Block::File { name, .. } => clean(name),
            Block::Buttons(buttons) => buttons.iter_mut().for_each(|button| clean(&mut button.label)),
        }
    }
    body
}

fn hidden(character: char) -> bool {
    !matches!(character, '\n' | '\t') && (character.is_control() || is_invisible(character))
}

/// Zero-width characters, direction marks, separators, tags and what no text may hold: what changes how others are
/// seen, or is read by machines only.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::{line, visible};

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        for (text, shown) in [
            ("plain", "plain"),
            ("zwei\nZeilen\tñ 日本 שלום", "zwei\nZeilen\tñ 日本 שלום"),
            ("dos\r\nline", "dos\nline"),
            ("over\rwritten", "over\\u{d}written"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("gpj.\u{202e}exe\u{2066}", "gpj.\\u{202e}exe\\u{2066}"),
            ("a\u{200b}b\u{feff}\0", "a\\u{200b}b\\u{feff}\\u{0}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(line("one\r\ntwo\tthree"), "one two three");
    }
}
