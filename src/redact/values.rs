//! Values that stand after a sensitive name: `NAME=value`, `"name": "value"`, `name: value`, `--name value`, and `name`/`value` pairs.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::{MARK, names};

/// Ordinary words after `token:` or `password:` in a sentence; a secret that is one of them is none.
const PROSE: &[&str] = &[
    "is",
    "was",
    "has",
    "not",
    "no",
    "the",
    "a",
    "an",
    "invalid",
    "expired",
    "required",
    "missing",
    "empty",
    "unauthorized",
    "forbidden",
    "error",
    "failed",
    "denied",
    "rejected",
    "token",
    "signature",
    "incorrect",
    "wrong",
    "unknown",
    "none",
    "nil",
    "null",
    "true",
    "false",
    "yes",
    "context",
    "cannot",
    "could",
    "unable",
    "must",
    "should",
    "revoked",
    "verification",
    "authentication",
    "rpc",
    "Get",
    "Post",
];

/// What says how the credentials after it are meant.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "digest", "negotiate", "apikey"];

const LONGEST_HARMLESS: usize = 512;
/// What may stand before a name that is the first on its line: indentation, a dash, a quote.
const LONGEST_LEAD: usize = 256;

static STEM: LazyLock<Option<Regex>> =
    LazyLock::new(|| RegexBuilder::new(names::STEMS).case_insensitive(true).build().ok());

/// Whether a value cannot be a secret: nothing, a switch, a reference to elsewhere, a path, or taken out already.
pub(super) fn is_harmless(value: &str) -> bool {
    // Nothing of that kind is long; and what is called harmless is looked at again from within, so it must not be.
    if value.len() > LONGEST_HARMLESS {
        return false;
    }
    let value = value.trim();
    let path = value.len() > 1
        && value.starts_with('/')
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    let reference =
        (value.starts_with("$(") && value.ends_with(')')) || (value.starts_with("${") && value.ends_with('}'));
    let described = value.starts_with("<set to the key") || value.starts_with("<redacted") || value == "REDACTED";
    let nothing = matches!(value, "" | "~" | "null" | "true" | "false" | "none" | "nil" | "<nil>" | "{}" | "[]");
    nothing || path || reference || described || value.starts_with(MARK)
}

/// What a client of an ACME server says of an error, and no header: `failed to accept authorization: acme: …`.
pub(super) const ACME_ERROR: &str = "acme:";

/// Takes the values of sensitive names out of a text.
pub(super) fn named(text: &str) -> Option<String> {
    let stem = STEM.as_ref()?;
    let mut out = String::new();
    let mut done = 0;
    let mut from = 0;
    let mut line_start = 0;
    while let Some(hit) = stem.find_at(text, from) {
        let begin = start_of_name(text, from, hit.start());
        let end = hit.end() + length(text.get(hit.end()..)?, is_name_byte);
        // Kept up as we go: looking back for it each time would make one long line cost its square.
        if let Some(newline) = text.get(from..begin)?.rfind('\n') {
            line_start = from + newline + 1;
        }
        from = end;
        let name = text.get(begin..end)?.trim_end_matches(['.', '-']);
        let end = begin + name.len();
        let quoted_auth = name == "auth" && text.get(end..)?.starts_with('"');
        if !names::is_sensitive(name) && !quoted_auth {
            continue;
        }
        if let Some((value_begin, value_end)) = value_after(text, line_start, begin, end)
            && !text.get(value_begin..value_end).is_none_or(is_harmless)
        {
            out.push_str(text.get(done..value_begin)?);
            out.push_str(MARK);
            (done, from) = (value_end, value_end);
        }
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn length(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len())
}

fn start_of_name(text: &str, earliest: usize, hit: usize) -> usize {
    let before = text.as_bytes().get(earliest..hit).unwrap_or_default();
    hit - before.iter().rev().position(|&byte| !is_name_byte(byte)).unwrap_or(before.len())
}

/// Where the value of the name at `begin..end` stands, if one follows.
fn value_after(text: &str, line_start: usize, begin: usize, end: usize) -> Option<(usize, usize)> {
    let after = text.get(end..)?;
    let before = text.get(..begin)?;
    let lead = before.get(line_start..)?;
    let first_on_line =
        lead.len() <= LONGEST_LEAD && matches!(lead.trim_start(), "" | "-" | "- " | "export " | "\"" | "'" | "- \"");
    let quotes = length(after, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let blank = length(after.get(quotes..)?, |byte| matches!(byte, b' ' | b'\t'));
    let rest = after.get(quotes + blank..)?;
    let sign = ["=>", ":=", "==", "=", ":"].into_iter().find(|sign| rest.starts_with(sign));
    let Some(sign) = sign else { return pair_or_flag(text, begin, end) };
    let at = end + quotes + blank + sign.len();
    let gap = length(text.get(at..)?, |byte| matches!(byte, b' ' | b'\t'));
    let begin_value = at + gap;
    let value = text.get(begin_value..)?;
    if text.get(begin..end) == Some("authorization") && value.split(' ').next() == Some(ACME_ERROR) {
        return None;
    }
    if value.starts_with(['{', '\n', '\r']) || (value.starts_with('[') && !value.starts_with(MARK)) {
        return None;
    }
    // `registry/secret:1.2` is an image, and `::` belongs to an address or a path of code.
    if sign == ":" && gap == 0 && quotes == 0 && (before.ends_with(['/', ':']) || value.starts_with([':', '/'])) {
        return None;
    }
    if let Some(quoted) = quoted(value, begin_value) {
        return Some(quoted);
    }
    if first_on_line && quotes == 0 && (sign == ":" || sign == "=") {
        let line = value.lines().next().unwrap_or_default();
        if matches!(line.trim_end(), "|" | ">" | "|-" | ">-" | "|+" | ">+") {
            return block(text, line_start, begin_value + line.len());
        }
        let content = line.split(" #").next().unwrap_or(line).trim_end();
        // A whole sentence after `token: ` is a message; a value has no blanks, or few.
        if sign == "=" || content.split_whitespace().count() <= 3 && !is_prose(content) {
            return Some((begin_value, begin_value + content.len()));
        }
    }
    let word = credentials(value);
    let prose = sign == ":" && gap > 0 && is_prose(word);
    (!word.is_empty() && !prose).then(|| (begin_value, begin_value + word.len()))
}

/// A bare value; of `Bearer …` and its like the word that follows as well, which is the secret.
fn credentials(value: &str) -> &str {
    let first = word(value);
    if !SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(first)) {
        return first;
    }
    let rest = value.get(first.len()..).unwrap_or_default();
    let gap = length(rest, |byte| byte == b' ');
    let second = word(rest.get(gap..).unwrap_or_default());
    value.get(..first.len() + gap + second.len()).unwrap_or(first)
}

fn is_prose(content: &str) -> bool {
    let first = content.split(|c: char| c.is_whitespace() || ",;:.".contains(c)).next().unwrap_or_default();
    PROSE.contains(&first)
}

/// `"name": "DB_PASSWORD", "value": "…"`, the same in YAML, and `--password …`.
fn pair_or_flag(text: &str, begin: usize, end: usize) -> Option<(usize, usize)> {
    static VALUE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^\\?["']?\s{0,80},?\s{0,80}\\?["']?value\\?["']?\s{0,8}:\s{0,8}"#).ok());
    let after = text.get(end..)?;
    if let Some(found) = VALUE.as_ref()?.find(after) {
        let at = end + found.end();
        let value = text.get(at..)?;
        return quoted(value, at).or_else(|| {
            let line = value.lines().next().unwrap_or_default().trim_end();
            Some((at, at + line.len()))
        });
    }
    let flag = text.get(begin..end)?.starts_with("--") && !text.get(..begin)?.ends_with('-');
    let gap = length(after, |byte| matches!(byte, b' ' | b'"' | b'\'' | b','));
    let value = word(after.get(gap..)?);
    let separated = after.get(..gap).is_some_and(|gap| gap.contains(' ') || gap.contains(','));
    (flag && separated && !value.is_empty() && !value.starts_with('-')).then(|| (end + gap, end + gap + value.len()))
}

/// The inside of a quoted value, also where the quotes themselves are escaped; an unclosed one ends with its line.
fn quoted(value: &str, at: usize) -> Option<(usize, usize)> {
    let escapes = length(value, |byte| byte == b'\\');
    let quote = value.as_bytes().get(escapes).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let inside = value.get(escapes + 1..)?;
    let mut backslashes = 0;
    for (index, byte) in inside.bytes().enumerate() {
        match byte {
            b'\\' => backslashes += 1,
            b'\n' if escapes == 0 && quote == b'\'' => return Some((at + escapes + 1, at + escapes + 1 + index)),
            byte if byte == quote && (backslashes == escapes || (escapes == 0 && backslashes % 2 == 0)) => {
                return Some((at + escapes + 1, at + escapes + 1 + index - backslashes.min(escapes)));
            }
            _ => backslashes = 0,
        }
    }
    Some((at + escapes + 1, at + value.len()))
}

/// A bare value: up to a blank, or to what ends it in query strings, connection strings and lists.
fn word(value: &str) -> &str {
    if value.starts_with(MARK) {
        return MARK;
    }
    let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'&' | b';' | b'"' | b'\'' | b'<' | b'\\');
    let word = value.get(..length(value, |byte| !ends(byte))).unwrap_or_default();
    word.trim_end_matches([',', ')', '}', ']', '.', ':'])
}

/// A YAML block scalar: the following lines that are indented deeper than the line of the name.
fn block(text: &str, line_start: usize, header_end: usize) -> Option<(usize, usize)> {
    let indent = length(text.get(line_start..)?, |byte| byte == b' ');
    let begin = header_end + text.get(header_end..)?.find('\n')? + 1;
    let mut end = begin;
    for line in text.get(begin..)?.split_inclusive('\n') {
        let deeper = length(line, |byte| byte == b' ') > indent;
        if !deeper && !line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    let content = text.get(begin..end)?;
    let lead = length(content, |byte| byte == b' ');
    (end > begin).then(|| (begin + lead, begin + content.trim_end().len()))
}
