//! `why`, `ask` and `check-config`.

use super::{Kubeconfig, LOST_SERVICES, in_an_hour, roundsman};
use control_plane::{ControlPlane, Identity};
use std::io::Write;

#[test]
fn why_explains_or_says_what_may_be_meant() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("why");
    plane.apply(&namespace, LOST_SERVICES);
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    let now = in_an_hour();
    let why = |object: &str| roundsman(&["why", object, "-n", &namespace, "--now", &now]).with(&kubeconfig).run();
    let ran = why("svc/search");
    let text = ran.printed(0);
    assert!(text.starts_with(&format!("Service {namespace}/search: ")), "{text}");
    assert!(text.contains("matches no pod") && text.contains("What to do:"), "{text}");

    // With the numbers of a configuration, which its reports go by.
    let mut orders = tempfile::NamedTempFile::new().unwrap();
    orders.write_all(b"[[change]]\nthresholds = { settle_minutes = 120 }\n").unwrap();
    let config = ["--config", orders.path().to_str().unwrap()];
    let patient = ["why", "svc/search", "-n", &namespace, "--now", &now, config[0], config[1]];
    let ran = roundsman(&patient).with(&kubeconfig).run();
    assert!(ran.printed(0).starts_with(&format!("Service {namespace}/search is healthy.")), "{ran:?}");
    let ask = ["ask", "why is svc/search broken?", "--now", &now, config[0], config[1]];
    let ran = roundsman(&ask).with(&kubeconfig).run();
    assert!(!ran.printed(0).contains(&format!("{namespace}/search: ")), "{ran:?}");

    let ran = roundsman(&["why", "node/node-1"]).with(&kubeconfig).run();
    assert!(ran.printed(0).starts_with("Node node-1 is healthy.\nprod, "), "{ran:?}");

    let ran = why("service/serach");
    let text = ran.printed(1);
    assert!(text.starts_with(&format!("Service {namespace}/serach does not exist.")), "{text}");
    assert!(text.contains("Did you mean:") && text.contains(&format!("• Service {namespace}/search")), "{text}");
    let ran = why("deployment/nope");
    assert!(!ran.printed(1).contains("Did you mean"), "a node is not meant: {ran:?}");

    let ran = why("widget/search");
    assert!(ran.printed(2).contains("I read no such kind. I read Node, Namespace, Pod"), "{ran:?}");
    for mistaken in ["search", "service/", "/search", "/"] {
        why(mistaken).failed(2, "name the object as KIND/NAME, such as deployment/checkout");
    }
}

#[test]
fn ask_computes_an_answer_without_a_model() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace("ask");
    plane.apply(&namespace, &LOST_SERVICES.replace("basket", "wishlist"));
    let kubeconfig = Kubeconfig::of(plane, Identity::Reader);
    let now = in_an_hour();
    let ask = |question: &str| roundsman(&["ask", question, "--now", &now]).with(&kubeconfig).run();
    let ran = ask("why does wishlist not answer?");
    let text = ran.printed(0);
    assert!(text.starts_with("No model is configured; this is computed"), "{text}");
    assert!(text.contains(&format!("Service {namespace}/wishlist: ")) && text.contains("matches no pod"), "{text}");
    // What else can be asked, as it can be asked here.
    let ran = ask("how tall is the tower?");
    assert!(ran.printed(0).contains("roundsman why KIND/NAME -n NAMESPACE"), "{ran:?}");
    let ran = ask("");
    assert!(ran.status == 2 && ran.err.contains("<QUESTION>"), "{ran:?}");

    let ran = roundsman(&["ask", "why?", "--model-url", "http://127.0.0.1:1/v1"]).with(&kubeconfig).run();
    ran.failed(2, "a model needs its name too: --model-name");
    let model = ["--model-url", &format!("http://127.0.0.1:{}/v1", super::closed_port()), "--model-name", "m"];
    let ran = roundsman(&[&["ask", "why does wishlist not answer?", "--now", &now], &model[..]].concat());
    let ran = ran.with(&kubeconfig).run();
    let text = ran.printed(1);
    assert!(text.starts_with("The model could not be reached (") && text.contains("/wishlist: "), "{text}");
}

#[test]
fn check_config_says_all_mistakes_at_once_with_their_lines() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = r#"data_dir = "data"
time_zone = "Berlin"

[[cluster]]
name = "prod"
contxt = "prod"

[telegram]
token_env = "NOT_SET"

[[channel]]
name = "ops"
platform = "telegram"
id = -100
clusters = ["prd"]
people = ["alice"]
"#;
    file.write_all(text.as_bytes()).unwrap();
    let check = |path: &str| roundsman(&["check-config", "--config", path]).run();
    let path = file.path().to_str().unwrap();
    let ran = check(path);
    let text = ran.printed(2);
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), format!("{path}: {} mistakes", text.lines().count() - 1));
    for (line, words) in [
        (2, "IANA time zone"),
        (4, "say how to reach it"),
        (6, "\"contxt\" is not known in [cluster]"),
        (9, "the variable NOT_SET is not set"),
        (14, "put it into quotes"),
        (15, "no [[cluster]] called \"prd\""),
        (16, "no [[person]] called \"alice\""),
    ] {
        let start = format!("  line {line}: ");
        assert!(text.lines().any(|said| said.starts_with(&start) && said.contains(words)), "{line} {words}:\n{text}");
    }
    // The bot does not start with it, and says the same.
    let ran = roundsman(&["run", "--config", path]).run();
    assert_eq!((ran.status, ran.err.trim_end()), (2, format!("roundsman: {}", text.trim_end()).as_str()));

    let ran = check("/nowhere/roundsman.toml");
    assert!(ran.printed(2).contains("there is no such file; name it with --config"), "{ran:?}");
    let kubeconfig = Kubeconfig::at("http://127.0.0.1:1", "token", None);
    let named = format!("kubeconfig = \"{}\"", kubeconfig.path().display());
    let right = format!("data_dir = \"data\"\n[[cluster]]\nname = \"prod\"\ncontext = \"prod\"\n{named}\n");
    std::fs::write(file.path(), right).unwrap();
    let ran = check(path);
    let text = ran.printed(0);
    assert!(text.starts_with(&format!("{path} is fine.\n  clusters: prod\n")), "{text}");
    assert!(text.contains("repairs: off") && text.contains("model: none"), "{text}");
}

#[test]
fn check_config_looks_where_the_bot_would_look_later() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = Kubeconfig::at("http://127.0.0.1:1", "token", None);
    let text = r#"data_dir = "data"
prompts_dir = "nowhere"
[[cluster]]
name = "prod"
kubeconfig = "nowhere.kubeconfig"
[cluster.writer]
kubeconfig = "KUBECONFIG"
context = "prod-writer"
[[cluster]]
name = "home"
context = "home"
[console]
listen = "0.0.0.0:8090"
[[console.user]]
name = "alice"
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$G5BXM9XHuhLGPqBzTvTYSULl0wB1WgwLnpFKmf4Kc3Y"
[[channel]]
name = "ops"
platform = "console"
id = "Rounds!"
people = []
[api]
listen = "127.0.0.1:8090"
"#
    .replace("KUBECONFIG", kubeconfig.path().to_str().unwrap());
    let path = folder.path().join("roundsman.toml");
    std::fs::write(&path, text).unwrap();
    let ran = roundsman(&["check-config", "--config", path.to_str().unwrap()]).run();
    let text = ran.printed(2);
    let expected = [
        (2, "the folder of prompts"),
        (5, "there is no file"),
        (8, "the kubeconfig has no context \"prod-writer\"; it has prod"),
        (11, "there is no file"),
        (13, "0.0.0.0:8090 is open to the network"),
        (15, "no [[person]] has console = \"alice\""),
        (20, "\"Rounds!\" is no id of a console channel"),
        (21, "people is empty"),
        (23, "the console listens on 0.0.0.0:8090 already"),
    ];
    assert_eq!(text.lines().count(), 1 + expected.len(), "{text}");
    for (said, (line, words)) in text.lines().skip(1).zip(expected) {
        assert!(said.starts_with(&format!("  line {line}: ")) && said.contains(words), "{line} {words}:\n{text}");
    }
}

#[test]
fn check_config_asks_the_platforms_too() {
    let kubeconfig = Kubeconfig::at("http://127.0.0.1:1", "token", None);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "no token").unwrap();
    let text = format!(
        "data_dir = \"data\"\n[[cluster]]\nname = \"prod\"\nkubeconfig = \"{}\"\n[telegram]\ntoken_file = \"token\"\n\
        [discord]\ntoken_file = \"token\"\nguilds = [\"ours\"]\n",
        kubeconfig.path().display()
    );
    let path = folder.path().join("roundsman.toml");
    std::fs::write(&path, text).unwrap();
    let ran = roundsman(&["check-config", "--config", path.to_str().unwrap()]).run();
    let text = ran.printed(2);
    assert!(text.contains("[telegram]: the Telegram token does not look like"), "{text}");
    assert!(text.contains("[discord]: \"ours\" is not a guild id"), "{text}");
}

#[test]
fn an_address_that_is_none_is_said_before_anything_is_asked() {
    for (option, address, said) in [
        ("--prometheus", "prometheus:9090", "write it as http://HOST:PORT"),
        ("--alertmanager", "https://me:secret@alerts/x", "a password does not belong into a command line"),
    ] {
        let ran = roundsman(&["inspect", option, address]).run();
        assert!(ran.status == 2 && ran.err.contains(said), "{ran:?}");
    }
}
