//! How a line is read as a command.

use crate::command::{ArgumentKind, ArgumentSpec, CommandName, CommandSpec};
use crate::grammar::{GRAMMAR, spec};
use crate::invocation::{Invocation, ParseError};

/// Reads a line of text such as `/why deployment/checkout -n shop` or `/inspect@the_bot prod`.
///
/// # Errors
/// With what to write instead; [`ParseError::NotACommand`] when the line does not begin with a slash.
pub fn parse(line: &str) -> Result<Invocation, ParseError> {
    let line = line.trim();
    let rest = line.strip_prefix('/').ok_or(ParseError::NotACommand)?;
    let (head, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word = head.split('@').next().unwrap_or(head).to_lowercase();
    if word.is_empty() || word.contains('/') {
        return Err(ParseError::NotACommand);
    }
    let spec = match GRAMMAR.iter().find(|spec| spec.word == word) {
        Some(spec) => spec,
        None if word == "start" => spec(CommandName::Help),
        None => return Err(ParseError::Unknown { suggestion: nearest(&word), word }),
    };
    if spec.word == "help" {
        return Invocation::new(spec.name, []);
    }
    if let [ArgumentSpec { kind: ArgumentKind::Verbatim, name, .. }] = spec.arguments {
        return Invocation::new(spec.name, [((*name).to_owned(), rest.trim().to_owned())]);
    }
    Invocation::new(spec.name, arguments(spec, rest)?)
}

fn arguments(spec: &CommandSpec, rest: &str) -> Result<Vec<(String, String)>, ParseError> {
    let mut given = Vec::new();
    let mut places = spec
        .arguments
        .iter()
        .filter(|argument| !matches!(argument.kind, ArgumentKind::Option { .. } | ArgumentKind::Switch { .. }));
    let mut words: Option<(&'static str, Vec<&str>)> = None;
    let mut tokens = rest.split_whitespace();
    while let Some(token) = tokens.next() {
        // Phones turn two hyphens into a dash.
        let token_text = token.replacen('—', "--", 1);
        if token_text.len() > 1 && token_text.starts_with('-') {
            let (flag, inline) = match token_text.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (token_text.clone(), None),
            };
            let Some(argument) = spec.arguments.iter().find(|argument| flag_matches(argument, &flag)) else {
                return Err(ParseError::UnknownOption { option: flag, usage: spec.synopsis() });
            };
            let value = if matches!(argument.kind, ArgumentKind::Switch { .. }) {
                "true".to_owned()
            } else {
                match inline.or_else(|| tokens.next().map(str::to_owned)) {
                    Some(value) => value,
                    None => return Err(ParseError::NoValue { option: flag, usage: spec.synopsis() }),
                }
            };
            given.push((argument.name.to_owned(), value));
            continue;
        }
        if let Some((_, list)) = words.as_mut() {
            list.push(token);
            continue;
        }
        match places.next() {
            Some(argument) if argument.kind == ArgumentKind::Words => words = Some((argument.name, vec![token])),
            Some(argument) => given.push((argument.name.to_owned(), token.to_owned())),
            None => return Err(ParseError::Extra { extra: token.to_owned(), usage: spec.synopsis() }),
        }
    }
    if let Some((name, list)) = words {
        given.push((name.to_owned(), list.join(" ")));
    }
    Ok(given)
}

fn flag_matches(argument: &ArgumentSpec, flag: &str) -> bool {
    let short = match argument.kind {
        ArgumentKind::Option { short } | ArgumentKind::Switch { short } => short,
        ArgumentKind::Word | ArgumentKind::Words | ArgumentKind::Verbatim => return false,
    };
    flag.strip_prefix("--").is_some_and(|name| name == argument.name)
        || short.is_some_and(|short| flag == format!("-{short}"))
}

/// The known word with the smallest edit distance, if it is near.
fn nearest(word: &str) -> Option<&'static str> {
    GRAMMAR
        .iter()
        .map(|spec| (strsim::levenshtein(word, spec.word), spec.word))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 4))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::{ArgumentKind, CommandName, GRAMMAR, Invocation, ParseError, parse};

    fn read(line: &str) -> Invocation {
        parse(line).unwrap()
    }

    #[test]
    fn the_table_keeps_the_platforms_limits() {
        for spec in GRAMMAR {
            assert!((1..=32).contains(&spec.word.len()), "{}", spec.word);
            assert!(spec.word.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", spec.word);
            assert!(spec.summary.chars().count() <= 100, "{}", spec.word);
            let mut optional_seen = false;
            for argument in spec.arguments {
                assert!((1..=32).contains(&argument.name.len()));
                assert!(argument.about.chars().count() <= 100, "{}", argument.name);
                assert!(!(argument.required && optional_seen), "{}: required after optional", spec.word);
                optional_seen |= !argument.required;
            }
            assert_eq!(read(spec.example).command, spec.name, "the example must parse");
        }
    }

    #[test]
    fn words_options_and_switches() {
        let logs = read("/logs deployment/cart -n shop --previous --container=app");
        assert_eq!(logs.get("object"), Some("deployment/cart"));
        assert_eq!(logs.get("namespace"), Some("shop"));
        assert_eq!(logs.get("container"), Some("app"));
        assert!(logs.is_on("previous"));
        let subscribe = read("/subscribe@the_bot prod daily 09:00 --only-changes Europe/Berlin");
        assert_eq!(subscribe.get("schedule"), Some("daily 09:00 Europe/Berlin"));
        assert!(subscribe.is_on("only-changes"));
    }

    #[test]
    fn a_question_is_taken_as_it_is() {
        assert_eq!(read("/ask why -n  is --this?").get("question"), Some("why -n  is --this?"));
        assert_eq!(read("/start").command, CommandName::Help);
    }

    #[test]
    fn display_reads_back() {
        for line in ["/logs cart -n shop -p", "/subscribe prod cron 0 9 * * 1-5 Europe/Berlin --only-changes"] {
            let first = read(line);
            assert_eq!(read(&first.to_string()), first);
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let say = |line: &str| parse(line).unwrap_err().to_string();
        assert_eq!(parse("hello"), Err(ParseError::NotACommand));
        assert_eq!(say("/inspct prod"), "I do not know /inspct. Did you mean /inspect? /help lists what I know.");
        assert!(say("/ask").contains("question is missing"), "{}", say("/ask"));
        assert!(say("/why deployment/x --nope y").contains("--nope"));
        assert!(say("/why deployment/x -n").contains("needs a value"));
        assert!(say("/unsubscribe a b").contains("\"b\""));
    }

    #[test]
    fn every_kind_of_argument_is_used() {
        let kinds = GRAMMAR.iter().flat_map(|spec| spec.arguments).map(|argument| argument.kind);
        assert!(kinds.clone().any(|kind| kind == ArgumentKind::Verbatim));
        assert!(kinds.clone().any(|kind| kind == ArgumentKind::Words));
    }
}
