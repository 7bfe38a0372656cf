//! Telegram's HTML, read as strictly as the Bot API server reads it (tdlib `parse_html`), with its sentences.

const TAGS: &[&str] = &[
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "span",
    "pre",
    "code",
    "blockquote",
];

/// The text that people see.
///
/// # Errors
/// What the server says after `Bad Request: can't parse entities: `.
pub(super) fn parse(html: &str) -> Result<String, String> {
    let bytes = html.as_bytes();
    let mut text = String::with_capacity(html.len());
    let mut open: Vec<String> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'&' => {
                let (character, length) = entity(&html[at..]);
                text.push_str(&character);
                at += length;
            }
            b'<' if bytes.get(at + 1) == Some(&b'/') => at = end_tag(html, at, &mut open)?,
            b'<' => at = start_tag(html, at, &mut open)?,
            _ => {
                let length = html[at..].chars().next().map_or(1, char::len_utf8);
                text.push_str(&html[at..at + length]);
                at += length;
            }
        }
    }
    match open.pop() {
        Some(name) => Err(format!("Can't find end tag corresponding to start tag \"{name}\"")),
        None => Ok(text),
    }
}

fn start_tag(html: &str, begin: usize, open: &mut Vec<String>) -> Result<usize, String> {
    let bytes = html.as_bytes();
    let mut at = begin + 1;
    while at < bytes.len() && !bytes[at].is_ascii_whitespace() && bytes[at] != b'>' {
        at += 1;
    }
    if at >= bytes.len() {
        return Err(format!("Unclosed start tag at byte offset {begin}"));
    }
    let name = html[begin + 1..at].to_lowercase();
    if !TAGS.contains(&name.as_str()) {
        return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
    }
    let attributes = at;
    let mut quote = None;
    while at < bytes.len() && (quote.is_some() || bytes[at] != b'>') {
        match (quote, bytes[at]) {
            (None, mark @ (b'"' | b'\'')) => quote = Some(mark),
            (Some(mark), byte) if mark == byte => quote = None,
            _ => {}
        }
        at += 1;
    }
    if at >= bytes.len() {
        return Err(format!("Unclosed start tag at byte offset {begin}"));
    }
    if name == "span" && !html[attributes..at].contains("class=\"tg-spoiler\"") {
        return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
    }
    open.push(name);
    Ok(at + 1)
}

fn end_tag(html: &str, begin: usize, open: &mut Vec<String>) -> Result<usize, String> {
    let Some(expected) = open.pop() else {
        return Err(format!("Unexpected end tag at byte offset {begin}"));
    };
    let Some(length) = html[begin..].find('>') else {
        return Err(format!("Unclosed end tag at byte offset {begin}"));
    };
    let name = html[begin + 2..begin + length].trim().to_lowercase();
    if !name.is_empty() && name != expected {
        return Err(format!(
            "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{name}>\""
        ));
    }
    Ok(begin + length + 1)
}

/// The characters that stand for an entity, and how long it is; an unknown one is text.
fn entity(text: &str) -> (String, usize) {
    for (name, character) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\"")] {
        if text.starts_with(name) {
            return (character.to_owned(), name.len());
        }
    }
    let number = || {
        let (body, _) = text.strip_prefix("&#")?.split_once(';')?;
        let code = match body.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => body.parse().ok()?,
        };
        Some((char::from_u32(code)?.to_string(), body.len() + 3))
    };
    number().unwrap_or_else(|| ("&".to_owned(), 1))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_telegram_reads() {
        for (html, text) in [
            ("a &lt; b &amp;&amp; c &gt; d &quot;e&quot; &#128512;&#x41;", "a < b && c > d \"e\" 😀A"),
            ("<b>b<i>i</i></b> <pre><code class=\"language-rust\">let</code></pre>", "bi let"),
            ("<a href=\"https://e.org/?a>b\">x</a>", "x"),
            ("5 > 3 & more", "5 > 3 & more"),
        ] {
            assert_eq!(parse(html).as_deref(), Ok(text), "{html}");
        }
    }

    #[test]
    fn refuses_what_telegram_refuses() {
        for (html, problem) in [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b><i>x</b></i>", "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""),
            ("<h1>x</h1>", "Unsupported start tag \"h1\" at byte offset 0"),
            ("1 <b", "Unclosed start tag at byte offset 2"),
            ("a < b > c", "Unsupported start tag \"\" at byte offset 2"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ] {
            assert_eq!(parse(html), Err(problem.to_owned()), "{html}");
        }
    }
}
