//! Text as Discord's markdown: what somebody's log says must not format, mention or link anything.

use contract::Span;

/// Discord counts characters; a zero-width space breaks what must not be read as markup and is not seen.
const BREAK: char = '\u{200b}';

/// The text so that it is shown as it is. At most twice as long.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 4);
    let mut line_start = true;
    let mut digits = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let always = matches!(character, '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '[' | ']');
        // Headings, quotes and lists are such only where a line begins; "1." is one too.
        let at_start = line_start && matches!(character, '#' | '>' | '-' | '+');
        let numbered = digits && matches!(character, '.' | ')');
        if always || at_start || numbered {
            escaped.push('\\');
        }
        escaped.push(character);
        // Mentions are switched off in every message; this keeps them from being shown as if they were not.
        if character == '@' && characters.peek().is_some_and(|next| matches!(next, 'e' | 'h' | '&' | '!' | '0'..='9')) {
            escaped.push(BREAK);
        }
        digits = (line_start || digits) && character.is_ascii_digit();
        line_start = character == '\n' || (line_start && character.is_whitespace());
    }
    escaped
}

/// A run of text in its style.
pub(crate) fn span(span: &Span) -> String {
    match span {
        Span::Plain(text) => escape(text),
        Span::Strong(text) => marked("**", text),
        Span::Muted(text) => marked("*", text),
        Span::Code(text) => code(text),
        Span::Link { text, url } => link(text, url),
    }
}

/// Several runs.
pub(crate) fn spans(spans: &[Span]) -> String {
    spans.iter().map(span).collect()
}

/// Bold or italic; marks must touch the text, so white space goes outside.
pub(crate) fn marked(mark: &str, text: &str) -> String {
    let inner = text.trim();
    if inner.is_empty() {
        return text.to_owned();
    }
    let start = text.len() - text.trim_start().len();
    let end = start + inner.len();
    format!("{}{mark}{}{mark}{}", &text[..start], escape(inner), &text[end..])
}

fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return text.to_owned();
    }
    if text.contains('`') { format!("`` {} ``", unfenced(text)) } else { format!("`{text}`") }
}

/// A fenced block.
pub(crate) fn fence(language: &str, text: &str) -> String {
    let language: String = language.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("```{language}\n{}\n```", unfenced(text))
}

/// No two backticks side by side, so that no fence ends early.
fn unfenced(text: &str) -> String {
    text.replace("``", &format!("`{BREAK}`")).replace("``", &format!("`{BREAK}`"))
}

fn link(text: &str, url: &str) -> String {
    let known = url.starts_with("https://") || url.starts_with("http://");
    let clean = !url.chars().any(|character| character.is_whitespace() || matches!(character, '<' | '>'));
    // The angle brackets keep Discord from showing a preview of the page.
    if known && clean { format!("[{}](<{url}>)", escape(text)) } else { escape(text) }
}

#[cfg(test)]
mod tests {
    use super::{escape, fence, link, marked, span};
    use contract::Span;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        assert_eq!(escape("a_b *c* ~d~ `e` |f| \\"), r"a\_b \*c\* \~d\~ \`e\` \|f\| \\");
        assert_eq!(escape("# a\n> b\n  - c\n1. d\nx # y - z 2. w"), "\\# a\n\\> b\n  \\- c\n1\\. d\nx # y - z 2. w");
        assert_eq!(escape("<@1> <#2> [x](y)"), "\\<@\u{200b}1> \\<#2> \\[x\\](y)");
        assert_eq!(escape("@everyone @here a@b.c"), "@\u{200b}everyone @\u{200b}here a@b.c");
    }

    #[test]
    fn escaping_at_most_doubles() {
        for text in ["*_~`|<[]\\", "@e@e@h@1", "1.1.1.\n1.\n2)", "#\n#\n>"] {
            assert!(escape(text).chars().count() <= 2 * text.chars().count(), "{text}");
        }
    }

    #[test]
    fn marks_touch_the_text() {
        assert_eq!(marked("**", " bold_x \n"), " **bold\\_x** \n");
        assert_eq!(marked("**", "  "), "  ");
        assert_eq!(span(&Span::Code("a`b".into())), "`` a`b ``");
        assert_eq!(span(&Span::Code("a_b".into())), "`a_b`");
    }

    #[test]
    fn a_fence_ends_where_it_should() {
        for backticks in 1..8 {
            let fenced = fence("diff", &format!("a{}b", "`".repeat(backticks)));
            assert_eq!(fenced.matches("```").count(), 2, "{fenced}");
        }
        assert!(fence("di`ff\n", "x").starts_with("```diff\n"));
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(link("runbook", "https://example.org/?a=(1)"), "[runbook](<https://example.org/?a=(1)>)");
        assert_eq!(link("bad", "javascript:alert(1)"), "bad");
        assert_eq!(link("bad", "https://a> <@1"), "bad");
    }
}
