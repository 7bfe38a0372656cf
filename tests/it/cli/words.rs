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
    std::fs::write(file.path(), "data_dir = \"data\"\n[[cluster]]\nname = \"prod\"\ncontext = \"prod\"\n").unwrap();
    let ran = check(path);
    let text = ran.printed(0);
    assert!(text.starts_with(&format!("{path} is fine.\n  clusters: prod\n")), "{text}");
    assert!(text.contains("repairs: off") && text.contains("model: none"), "{text}");
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
