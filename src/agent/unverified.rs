//! Names and numbers of an answer that occur in nothing that was read for it. Pure.

use std::collections::BTreeSet;

/// How many are named at most.
const MOST: usize = 8;

/// What looks like a name of the cluster or a number and occurs nowhere in `known`, in the order of the answer, which
/// is given without its citations.
pub(super) fn names_and_numbers(answer: &str, known: &str) -> Vec<String> {
    let known = known.to_lowercase();
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for (word, place) in words(answer) {
        let lower = word.to_lowercase();
        let absent = match sort(word, place) {
            Sort::Name => !known.contains(&lower),
            Sort::Number => !occurs_alone(&known, number_of(&lower)),
            Sort::Ordinary => false,
        };
        if absent && seen.insert(lower) {
            missing.push(word.to_owned());
        }
    }
    missing.truncate(MOST);
    missing
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Prose,
    Code,
}

enum Sort {
    Name,
    Number,
    Ordinary,
}

/// The words of a text; those between back quotes are code.
fn words(text: &str) -> impl Iterator<Item = (&str, Place)> {
    text.split('`').enumerate().flat_map(|(part, text)| {
        let place = if part % 2 == 1 { Place::Code } else { Place::Prose };
        let splits = |c: char| c.is_whitespace() || "\"'()[]{}<>,;|=*".contains(c);
        // A flag of a command line is no claim about the cluster.
        let words = text.split(splits).filter(|word| !word.starts_with('-'));
        words.map(move |word| (word.trim_matches(|c: char| !c.is_alphanumeric() && c != '%'), place))
    })
}

/// Names in code are taken at their word; in prose only what no ordinary word looks like: an image, an address, a name
/// with both a dash or dot and a digit, a number of two digits or more.
fn sort(word: &str, place: Place) -> Sort {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.chars().any(char::is_alphabetic);
    let joined = word.contains(['-', '.', '/', ':', '@', '_']);
    if word.len() < 2 || word.starts_with("http") || is_command(word) {
        Sort::Ordinary
    } else if digits > 0 && is_quantity(word) {
        if number_of(word).len() >= 2 { Sort::Number } else { Sort::Ordinary }
    } else if letters && joined && (digits > 0 || place == Place::Code) && !word.contains("...") {
        // `checkout/web` in prose can be an alternative; with a digit it is a name.
        Sort::Name
    } else {
        Sort::Ordinary
    }
}

/// What stands in advice and not in a cluster.
fn is_command(word: &str) -> bool {
    word.starts_with('-')
        || word.starts_with('/')
        || word.contains("--")
        || matches!(word, "e.g" | "i.e" | "v1" | "apps/v1")
}

/// Digits with at most a sign, a point and a unit: `137`, `512Mi`, `0.5`, `95%`, `35m`, `10s`.
fn is_quantity(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ':' | '/'));
    let begins = word.starts_with(|c: char| c.is_ascii_digit());
    begins && rest.len() <= 3 && rest.chars().all(|c| c.is_alphabetic() || c == '%')
}

/// The digits of a quantity, without its unit.
fn number_of(word: &str) -> &str {
    word.trim_end_matches(|c: char| !c.is_ascii_digit())
}

/// Whether the number stands there, not as a part of a longer one.
fn occurs_alone(known: &str, number: &str) -> bool {
    known.match_indices(number).any(|(at, _)| {
        let before = known.get(..at).and_then(|before| before.chars().next_back());
        let after = known.get(at + number.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| c.is_ascii_digit()) && !after.is_some_and(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::names_and_numbers;

    const KNOWN: &str = "Pod shop/checkout-7d9f4c-x2lqp: ImagePullBackOff registry.local/web:v9.9.9 exit code 137, memory 512Mi, \
        restarts 17, since 2026-11-23T08:25:00Z (35m), node worker-2, ready 0/3, read-only";

    #[test]
    fn what_was_read_is_not_marked() {
        for answer in [
            "Pod checkout-7d9f4c-x2lqp on worker-2 cannot pull `registry.local/web:v9.9.9` [1].",
            "It ended with 137 (exit code 137), limit 512Mi, 17 restarts, since 08:25, 35m, ready 0/3.",
            "The well-known out-of-memory case; a read-only file system, up-to-date and 3 pods. E.g. either/or.",
            "Next: `kubectl -n shop rollout undo --to-revision 4`. See https://kubernetes.io/docs/v1.33 for more.",
            "5 of 9",
        ] {
            assert_eq!(names_and_numbers(answer, KNOWN), [] as [&str; 0], "{answer}");
        }
    }

    #[test]
    fn what_nobody_read_is_marked_once() {
        for (answer, marked) in [
            ("Pod checkout-7d9f4c-zzzzz is down, checkout-7d9f4c-zzzzz.", vec!["checkout-7d9f4c-zzzzz"]),
            ("The image registry.local/web:v9.9.8 is missing.", vec!["registry.local/web:v9.9.8"]),
            ("It restarted 29 times and used 640Mi (99%).", vec!["29", "640Mi", "99%"]),
            ("It ended with 13.", vec!["13"]),
            ("Look at `payments-worker` and `config.yaml`.", vec!["payments-worker", "config.yaml"]),
        ] {
            assert_eq!(names_and_numbers(answer, KNOWN), marked, "{answer}");
        }
    }
}
