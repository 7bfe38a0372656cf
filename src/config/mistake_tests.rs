//! What would keep the bot from starting, or from answering anybody, is said with its line.

use super::Config;
use std::path::Path;

/// The mistakes of a file, each as `LINE: TEXT`, with no variables set.
fn mistakes(text: &str) -> Vec<String> {
    let found = Config::parse(text, Path::new("/etc/roundsman"), &|_| None).unwrap_err();
    found.into_iter().map(|mistake| format!("{}: {}", mistake.line, mistake.text)).collect()
}

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$G5BXM9XHuhLGPqBzTvTYSULl0wB1WgwLnpFKmf4Kc3Y";

/// Line 1 to 9, then the case.
fn file(case: &str) -> String {
    let head = "data_dir = \"d\"\n[[cluster]]\nname = \"prod\"\ncontext = \"prod\"\n";
    format!("{head}[[person]]\nname = \"alice\"\nconsole = \"alice\"\ntelegram = \"7\"\ndiscord = \"8\"\n{case}")
}

fn console(settings: &str, people: &str) -> String {
    let room = format!("[[channel]]\nname = \"chat\"\nplatform = \"console\"\nid = \"rounds\"\npeople = {people}\n");
    file(&format!("{room}[console]\n{settings}[[console.user]]\nname = \"alice\"\npassword_hash = \"{HASH}\"\n"))
}

#[test]
fn what_keeps_the_console_from_opening() {
    let alice = "[\"alice\"]";
    Config::parse(&console("", alice), Path::new("."), &|_| None).unwrap();
    let twice = format!("[[console.user]]\nname = \"alice\"\npassword_hash = \"{HASH}\"\n");
    let eve = twice.replace("alice", "eve");
    for (text, said) in [
        (
            console("listen = \"0.0.0.0:8090\"\n", alice),
            "16: 0.0.0.0:8090 is open to the network: set public_url to the address that people use, or listen on 127.0.0.1",
        ),
        (
            console("public_url = \"https://chat.example/rounds\"\n", alice),
            "16: public_url \"https://chat.example/rounds\" must be http:// or https:// with a host, and no path",
        ),
        (console(&twice, alice), "20: there are two users called \"alice\""),
        (console(&eve, alice), "17: no [[person]] has console = \"eve\", so this user would see no room"),
        (
            console("", alice).replace("\"rounds\"", "\"Rounds!\""),
            "13: \"Rounds!\" is no id of a console channel; it is 1 to 32 of a-z, 0-9, - and _",
        ),
        (
            console("", alice) + "[api]\nlisten = \"127.0.0.1:8090\"\n",
            "20: the console listens on 127.0.0.1:8090 already",
        ),
        (
            file(&format!("[console]\n{twice}")),
            "10: the console has no room; write a [[channel]] with platform = \"console\"",
        ),
    ] {
        assert_eq!(mistakes(&text), [said], "{text}");
    }
    // In a room that is open to everybody a user without a name reads.
    Config::parse(&console(&eve, "\"everyone\""), Path::new("."), &|_| None).unwrap();
}

#[test]
fn ids_that_nobody_can_have() {
    let channel = |platform: &str, id: &str, people: &str| {
        file(&format!("[[channel]]\nname = \"ops\"\nplatform = \"{platform}\"\nid = \"{id}\"\npeople = {people}\n"))
    };
    // The platform itself is missing too, and has a line of its own.
    let only =
        |text: &str| mistakes(text).into_iter().filter(|said| !said.contains("there is no [")).collect::<Vec<_>>();
    for (text, said) in [
        (
            file("").replace("\"7\"", "\"@alice\""),
            Some("8: \"@alice\" is no telegram id; it is a number, which /whoami tells"),
        ),
        (
            file("").replace("\"8\"", "\"alice#1\""),
            Some("9: \"alice#1\" is no discord id; it is a number, which /whoami tells"),
        ),
        (
            channel("telegram", "@ops", "[\"alice\"]"),
            Some("13: \"@ops\" is no id of a telegram channel; it is a number, which /whoami tells"),
        ),
        (
            channel("discord", "ops", "[\"alice\"]"),
            Some("13: \"ops\" is no id of a discord channel; it is a number, which /whoami tells"),
        ),
        (channel("telegram", "-100", "[\"alice\"]"), None),
        (
            channel("telegram", "-100", "[]"),
            Some("14: people is empty, so nobody would be answered here; list names, or write people = \"everyone\""),
        ),
    ] {
        assert_eq!(only(&text), said.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn the_prompts_are_read_with_the_rest() {
    let said = mistakes(&format!("prompts_dir = \"nowhere\"\n{}", file("")));
    assert_eq!(said, ["1: the folder of prompts /etc/roundsman/nowhere does not exist"]);
}

#[test]
fn what_is_said_is_what_is_wrong() {
    let telegram = "[telegram]\ntoken_env = \"BOT_TOKEN\"\ntoken_file = \"token\"\n";
    assert_eq!(mistakes(&file(telegram)), ["12: token_file and token_env exclude each other; write one of them"]);
    let telegram = "[telegram]\ntoken = \"1:a\"\ntoken_file = \"token\"\n";
    let said = "11: token does not belong into this file; write token_file or token_env instead";
    assert_eq!(mistakes(&file(telegram)), [said]);

    // Bob is there; what is missing is his id.
    let bob = "[[person]]\nname = \"bob\"\n[repair]\nenabled = true\n[[repair.rule]]\nnamespaces = [\"shop\"]\nactions = [\"scale\"]\n";
    let said = mistakes(&file(&format!("{bob}approvers = [\"bob\"]\n")));
    assert_eq!(said, ["10: a person needs an id on a platform: telegram, discord or console (/whoami tells it)"]);
    let said = mistakes(&file(&format!("{bob}approvers = [\"carol\"]\n")));
    assert!(said.contains(&"17: there is no [[person]] called \"carol\"".to_owned()), "{said:?}");

    // Of a file that is no TOML nothing else is known.
    let said = mistakes("data_dir = \"d\"\n[[cluster\nname = \"prod\"\n");
    assert!(said[0].starts_with("2: ") && !said.iter().any(|said| said.contains("[[cluster]]")), "{said:?}");
}
