//! Who may know whom, as a table: an arrow in the wrong direction fails here, also under another name.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A word that may stand only in some places.
struct Rule {
    /// As it would be written in a path, a `use` or an `extern crate`: a whole identifier, or a path of them.
    word: &'static str,
    /// Below these places it may stand.
    only_in: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule { word: "sled", only_in: &["src/store/"] },
    Rule { word: "kube", only_in: &["src/cluster/", "src/demo/"] },
    Rule { word: "async_openai", only_in: &["src/agent/model"] },
    Rule { word: "teloxide", only_in: &["adapters/telegram/"] },
    Rule { word: "serenity", only_in: &["adapters/discord/"] },
    Rule { word: "telegram", only_in: &["adapters/telegram/", "src/main.rs"] },
    Rule { word: "discord", only_in: &["adapters/discord/", "src/main.rs"] },
    Rule { word: "console", only_in: &["adapters/console/", "src/main.rs"] },
    Rule { word: "roundsman", only_in: &["src/main.rs"] },
    Rule { word: "tokio_cron_scheduler", only_in: &["src/schedule/"] },
    Rule { word: "croner", only_in: &["src/schedule/", "src/demo/", "src/inspection/checks/cronjob_plan.rs"] },
    Rule { word: "cluster.write", only_in: &["src/repair/carry.rs"] },
    Rule { word: "cluster.rehearse", only_in: &["src/repair/plan.rs"] },
    // Whom the requests of the demo and of a platform change is no cluster.
    Rule { word: "Run::Real", only_in: &["src/cluster/write.rs", "src/demo/"] },
    Rule { word: "Method::PATCH", only_in: &["src/cluster/exchange.rs", "src/demo/", "adapters/discord/"] },
    Rule { word: "Method::DELETE", only_in: &["src/cluster/exchange.rs", "src/demo/", "adapters/discord/"] },
    Rule { word: "Method::PUT", only_in: &["src/demo/", "adapters/discord/"] },
];

/// Pure places: values in, a value out.
const PURE: &[&str] = &[
    "src/snapshot/",
    "src/diagnosis/",
    "src/finding/",
    "src/forms/",
    "src/inspection/history/",
    "src/inspection/attention/",
    "src/inspection/passes.rs",
    "src/inspection/checks/",
    "src/report/",
    "src/repair/action.rs",
    "src/repair/proposal.rs",
    "src/repair/state.rs",
    "src/repair/policy.rs",
    "src/agent/conversation.rs",
    "src/schedule/due.rs",
    "src/rights/",
    "src/outbox/state.rs",
    "src/outbox/class.rs",
    "src/texts/",
    "src/channel/access.rs",
    "adapters/contract/",
];

const IMPURE: &[&str] = &["tokio", "kube", "sled", "reqwest", "axum", "hyper", "Utc::now", "SystemTime::now"];

/// Upward arrows inside the core: (from, to).
const UPWARD: &[(&str, &[&str])] = &[
    ("src/snapshot/", &["crate::finding", "crate::report", "crate::diagnosis", "crate::inspection", "crate::cluster"]),
    ("src/finding/", &["crate::report", "crate::diagnosis", "crate::inspection", "crate::forms", "crate::cluster"]),
    ("src/report/", &["crate::diagnosis", "crate::inspection", "crate::forms", "crate::cluster"]),
    ("src/forms/", &["crate::conductor", "crate::api", "crate::cli", "crate::agent", "crate::repair", "crate::store"]),
    ("src/store/", &["crate::conductor", "crate::api", "crate::app", "crate::cli", "crate::agent", "crate::repair"]),
    ("src/cluster/", &["crate::conductor", "crate::api", "crate::app", "crate::cli", "crate::agent", "crate::store"]),
    (
        "src/inspection/",
        &[
            "crate::conductor",
            "crate::api",
            "crate::app",
            "crate::cli",
            "crate::agent",
            "crate::repair",
            "crate::forms",
        ],
    ),
    (
        "src/diagnosis/",
        &[
            "crate::conductor",
            "crate::api",
            "crate::app",
            "crate::cli",
            "crate::agent",
            "crate::cluster",
            "crate::inspection",
            "crate::forms",
        ],
    ),
    (
        "src/signals/",
        &[
            "crate::conductor",
            "crate::api",
            "crate::app",
            "crate::cli",
            "crate::agent",
            "crate::store",
            "crate::inspection",
        ],
    ),
    ("src/repair/", &["crate::conductor", "crate::api", "crate::app", "crate::cli", "crate::agent"]),
    // The agent can propose by the means that it is given; it cannot name a repair, still less carry one out.
    ("src/agent/", &["crate::conductor", "crate::api", "crate::app", "crate::cli", "crate::repair", "crate::outbox"]),
    ("src/conductor/", &["crate::api", "crate::app", "crate::cli"]),
    ("src/outbox/", &["crate::conductor", "crate::api", "crate::app", "crate::cli", "crate::agent", "crate::cluster"]),
    ("src/api/", &["crate::conductor", "crate::app", "crate::cli", "crate::agent", "crate::cluster"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: comments and the contents of literals blanked, so that words in them do not count, and the
/// tests at its end left out.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let mut code = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('/', Some('/')) => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ('r', Some('"' | '#')) if !last.is_alphanumeric() && last != '_' => {
                let mut fence = 0;
                while chars.peek() == Some(&'#') {
                    chars.next();
                    fence += 1;
                }
                if chars.peek() == Some(&'"') {
                    chars.next();
                    let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', fence)).collect();
                    let mut tail = String::new();
                    while !tail.ends_with(&end) {
                        match chars.next() {
                            Some(c) => tail.push(c),
                            None => break,
                        }
                    }
                }
                code.push(' ');
            }
            // A quote as a character begins no text.
            ('\'', Some('"')) => {
                chars.next();
            }
            ('"', _) => {
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => {
                            chars.next();
                        }
                        '"' => break,
                        _ => {}
                    }
                }
                code.push_str("\"\"");
            }
            _ => code.push(c),
        }
        last = c;
    }
    code
}

/// Whether the word is used as a path's beginning or imported: `word::`, `use word`, `extern crate word`. A path and a call of a
/// method count wherever they stand.
fn uses(code: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + word.len()..];
        if word.contains([':', '.']) {
            return boundary(before.chars().last()) && boundary(after.chars().next());
        }
        let whole = boundary(before.chars().last()) && boundary(after.chars().next());
        let root = !before.ends_with("::") && !before.ends_with('.');
        let path = after.starts_with("::");
        let imported = before.trim_end().ends_with("use") || before.trim_end().ends_with("extern crate");
        whole && root && (path || imported)
    })
}

fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    for adapter in ["contract", "telegram", "discord", "console"] {
        sources(&root.join("adapters").join(adapter).join("src"), &mut paths);
    }
    assert!(paths.len() > 50, "only {} files found", paths.len());
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            (name, code(&fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("/fake.rs") || name.contains("/fake/")
}

#[test]
fn words_stand_only_where_they_may() {
    let mut wrong = Vec::new();
    for (name, code) in files().iter().filter(|(name, _)| !is_test(name)) {
        for rule in RULES.iter().filter(|rule| uses(code, rule.word)) {
            if !rule.only_in.iter().any(|place| name.starts_with(place)) {
                wrong.push(format!("{name} uses {}, which only {:?} may", rule.word, rule.only_in));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_places_stay_pure() {
    let mut wrong = Vec::new();
    for (name, code) in files().iter().filter(|(name, _)| PURE.iter().any(|place| name.starts_with(place))) {
        for word in IMPURE.iter().filter(|word| uses(code, word)) {
            wrong.push(format!("{name} uses {word}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn arrows_only_go_down() {
    let mut wrong = Vec::new();
    for (name, code) in files().iter().filter(|(name, _)| !is_test(name)) {
        for (from, forbidden) in UPWARD.iter().filter(|(from, _)| name.starts_with(from)) {
            for to in *forbidden {
                let module = to.trim_start_matches("crate::");
                // `use crate::{api, …}` names the module without the prefix.
                let grouped = code.split("use crate::{").skip(1).any(|group| {
                    let group = group.split(';').next().unwrap_or_default();
                    let mut depth = 0;
                    group.split_inclusive(['{', '}', ',']).any(|part| {
                        let here = depth == 0 && part.trim().split(['{', '}', ',', ':', ' ']).next() == Some(module);
                        depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
                        here
                    })
                });
                if uses(code, &format!("{to}::")) || grouped {
                    wrong.push(format!("{name} (in {from}) uses {to}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_approval_is_made_in_one_place() {
    let mut makers: Vec<String> = Vec::new();
    for (name, code) in files() {
        let made = code.match_indices("Approved {").any(|(at, _)| {
            let before = code[..at].trim_end();
            // `State::Approved {` is the state, `struct Approved` the type, `impl … for Approved` its methods.
            !before.ends_with("::")
                && !before.ends_with("struct")
                && !before.ends_with("impl")
                && !before.ends_with("<'_>")
        });
        if made && !code.contains("enum State") && name != "src/repair/proposal.rs" {
            makers.push(name);
        }
    }
    assert!(makers.is_empty(), "{makers:?}");
}

#[test]
fn the_scanner_sees_what_it_shall() {
    assert!(uses(&code("use sled as s;"), "sled"));
    assert!(uses(&code("let x = sled::open(\"a\");"), "sled"));
    assert!(!uses(&code("// sled::open\nlet sled_like = \"sled::open\";"), "sled"));
    assert!(!uses(&code("let x = r#\"use kube::Api;\"#;"), "kube"));
    assert!(!uses(&code("crate::texts::console::hello()"), "console"));
}

#[test]
fn what_looks_for_words_finds_them() {
    let found = |text: &str, word| uses(&code(text), word);
    assert!(found("fn f() { cluster.write(&approved) }", "cluster.write"));
    assert!(!found("fn f() { supercluster.write(&approved) }", "cluster.write"));
    assert!(!found("fn f() { cluster.writer.is_some() }", "cluster.write"));
    assert!(found("let quote = '\"'; cluster.write(&approved); let other = '\"';", "cluster.write"));
    assert!(found("self.send(&request, Run::Real)", "Run::Real"));
    assert!(!found("// Run::Real\nlet text = \"Run::Real\";", "Run::Real"));
    assert!(found("use kube::Client;", "kube") && !found("let kube = 1;", "kube"));
}
