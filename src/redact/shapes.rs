//! Secrets that are known by their own shape: private keys, tokens, credentials in URLs and headers, Secret manifests.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::MARK;
use super::values::ACME_ERROR;

type Pattern = LazyLock<Option<Regex>>;

/// Replaces what matches; `keep` says what stays of a match, or that it is no secret after all.
fn replace(pattern: &Pattern, text: &str, keep: impl Fn(&Captures<'_>) -> Option<String>) -> Option<String> {
    let pattern = LazyLock::force(pattern).as_ref()?;
    let mut out = String::new();
    let mut done = 0;
    for captures in pattern.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        if let Some(kept) = keep(&captures) {
            out.push_str(text.get(done..whole.start())?);
            out.push_str(&kept);
            done = whole.end();
        }
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// Everything between the BEGIN and END lines of a private key; a key that is cut off goes to the end of the text.
pub(super) fn private_keys(text: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN ";
    let mut out = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(begin) = text.get(from..)?.find(BEGIN).map(|at| from + at) {
        from = begin + BEGIN.len();
        let label = text.get(from..)?.split("-----").next().unwrap_or_default();
        if label.len() > 64 || !label.contains("PRIVATE KEY") {
            continue;
        }
        let body = from + label.len();
        let end = text.get(body..)?.find("-----END ").map(|at| body + at);
        let end = end.map_or(text.len(), |end| {
            let tail = end + "-----END ".len();
            let close = text.get(tail..).and_then(|tail| tail.find("-----")).filter(|close| *close <= 64);
            close.map_or(tail, |close| tail + close + "-----".len())
        });
        out.push_str(text.get(done..begin)?);
        out.push_str("[redacted private key]");
        (done, from) = (end, end);
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// `scheme://user:password@host`, `scheme://token@host`, and Go's `user:password@tcp(host)`.
pub(super) fn urls(text: &str) -> Option<String> {
    static URL: Pattern =
        LazyLock::new(|| Regex::new(r#"([A-Za-z][A-Za-z0-9+.\-]*://)([^\s/"'<>]*)@([A-Za-z0-9\[_$(.%-]{0,7})"#).ok());
    static DSN: Pattern = LazyLock::new(|| Regex::new(r#"([A-Za-z0-9_.\-]+):([^\s"']+)@((?:tcp|unix|udp)\()"#).ok());
    if !text.contains('@') {
        return None;
    }
    let changed = replace(&URL, text, |found| {
        let (scheme, credentials, host) = (found.get(1)?.as_str(), found.get(2)?.as_str(), found.get(3)?.as_str());
        if host.starts_with("sha256") || host.starts_with("sha512") {
            return None;
        }
        match credentials.split_once(':') {
            Some((_, "")) => None,
            Some((user, _)) => Some(format!("{scheme}{user}:{MARK}@{host}")),
            None if credentials.len() >= 20 => Some(format!("{scheme}{MARK}@{host}")),
            None => None,
        }
    });
    let text = changed.as_deref().unwrap_or(text);
    let again = replace(&DSN, text, |found| {
        let (user, password, protocol) = (found.get(1)?.as_str(), found.get(2)?.as_str(), found.get(3)?.as_str());
        (password != MARK).then(|| format!("{user}:{MARK}@{protocol}"))
    });
    again.or(changed)
}

/// `Authorization: Bearer …`, and a bare `Bearer …` or `Basic …` whose word looks like a token and not like prose.
pub(super) fn headers(text: &str) -> Option<String> {
    static HEADER: Pattern = LazyLock::new(|| {
        Regex::new(r#"(?i)(authorization\\?["']?\s{0,8}[:=]\s{0,8}\[?\\?["']?(?:(?:bearer|basic|token|digest|negotiate|apikey)\s{1,8})?)([^\s"',;\[\]\\]{3,})"#).ok()
    });
    static BARE: Pattern =
        LazyLock::new(|| Regex::new(r"(?i)(?-u:\b)((?:bearer|basic)(?:\s{1,8}|%20))([A-Za-z0-9._~+/=\-]{8,})").ok());
    let changed = replace(&HEADER, text, |found| {
        let (name, value) = (found.get(1)?.as_str(), found.get(2)?.as_str());
        let scheme = ["bearer", "basic", "token", "digest"].iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
        let done = value.starts_with("redacted");
        (!scheme && !done && value != ACME_ERROR).then(|| format!("{name}{MARK}"))
    });
    let text = changed.as_deref().unwrap_or(text);
    let again = replace(&BARE, text, |found| {
        let (scheme, value) = (found.get(1)?.as_str(), found.get(2)?.as_str());
        let digit = value.bytes().any(|byte| byte.is_ascii_digit());
        let mixed =
            value.bytes().skip(1).any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
        (digit || mixed || value.ends_with('=')).then(|| format!("{scheme}{MARK}"))
    });
    again.or(changed)
}

/// Tokens that say by their form what they are.
pub(super) fn tokens(text: &str) -> Option<String> {
    static TOKEN: Pattern = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?:eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*", // JSON Web Tokens
            r"|(?-u:\b)(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})", // GitHub
            r"|(?-u:\b)glpat-[A-Za-z0-9_\-]{20,}",                            // GitLab
            r"|(?-u:\b)xox[abprs]-[A-Za-z0-9\-]{10,}",                        // Slack
            r"|(?-u:\b)AKIA[0-9A-Z]{16}(?-u:\b)",                             // AWS
            r"|(?-u:\b)AIza[0-9A-Za-z_\-]{35}",                               // Google
            r"|(?-u:\b)sk-[A-Za-z0-9_\-]{20,}",                               // model providers
            r"|(?-u:\b)(?:hvs|s)\.[A-Za-z0-9]{24,}",                          // Vault
            r"|(?-u:\b)[0-9]{6,12}:[A-Za-z0-9_\-]{35}",                       // Telegram; `bot` may stand before
            r"|(?-u:\b)bot[0-9]{6,12}:[A-Za-z0-9_\-]{35}",
            r"|(?-u:\b)[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,}", // Discord
            r"|https://hooks\.slack\.com/services/[A-Za-z0-9/]+",
            r"|https://(?:[a-z]+[.])?discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_\-]+)",
        ))
        .ok()
    });
    replace(&TOKEN, text, |_| Some(MARK.to_owned()))
}

/// The values under `data:` and `stringData:` of a Secret written as YAML, wherever its `kind` stands in the document.
pub(super) fn secret_documents(text: &str) -> Option<String> {
    if !text.contains("kind: Secret") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut document: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            conceal_data(&document, &mut out);
            document.clear();
            out.push_str(line);
        } else {
            document.push(line);
        }
    }
    conceal_data(&document, &mut out);
    Some(out)
}

fn conceal_data(document: &[&str], out: &mut String) {
    let is_kind = |line: &&&str| matches!(line.trim().trim_start_matches("- "), "kind: Secret" | "kind: SecretList");
    if document.iter().find(is_kind).is_none() {
        document.iter().for_each(|line| out.push_str(line));
        return;
    }
    // Where the keys of the block that we are in are indented; what is deeper still belongs to a value, whatever it looks like.
    let mut block: Option<(usize, Option<usize>)> = None;
    for line in document {
        let content = line.trim();
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|(data, _)| !content.is_empty() && indent <= data) {
            block = None;
        }
        match &mut block {
            Some((_, keys)) => {
                let keys = *keys.get_or_insert(indent);
                if indent == keys
                    && let Some((key, _)) = content.split_once(':')
                {
                    out.push_str(line.get(..indent).unwrap_or_default());
                    out.push_str(&format!("{key}: {MARK}\n"));
                }
            }
            None => out.push_str(line),
        }
        if matches!(content.trim_start_matches("- "), "data:" | "stringData:") && block.is_none() {
            block = Some((indent + usize::from(content.starts_with("- ")) * 2, None));
        }
    }
}
