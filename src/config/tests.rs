use super::{Config, Endpoint};
use crate::finding::Severity;
use crate::inspection::Thresholds;
use crate::report::CheckSet;
use chrono::TimeDelta;
use contract::{Actor, ChannelRef, Platform, UserId};
use secrecy::ExposeSecret;
use std::path::Path;

const GOOD: &str = r#"
data_dir = "data"
time_zone = "Europe/Berlin"

[[cluster]]
name = "prod"
context = "prod-reader"
writer = { context = "prod-writer" }
secrets = true

[telegram]
token_env = "BOT_TOKEN"

[console]
[[console.user]]
name = "alice"
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$G5BXM9XHuhLGPqBzTvTYSULl0wB1WgwLnpFKmf4Kc3Y"

[api]
[[api.token]]
name = "alertmanager"
token_env = "API_TOKEN"
[[api.route]]
cluster = "prod"
labels = ["team=shop"]
channel = "ops"

[[person]]
name = "alice"
telegram = "7"
console = "alice"

[[channel]]
name = "ops"
platform = "telegram"
id = "-100"
clusters = ["prod"]
people = ["alice"]
may_mute = ["alice"]

[[channel]]
name = "chat"
platform = "console"
id = "rounds"
people = ["alice"]

[[mute]]
clusters = ["pro*"]
checks = ["pod/restart-*"]
namespaces = ["lab"]
labels = ["tier=lab"]
why = "load tests"
until = "2027-01-31"

[[change]]
checks = ["pod/restart-spike"]
namespaces = ["batch"]
severity = "low"
thresholds = { restarts = 20, settle_minutes = 15 }

[history]
report_days = 30
flapping_times = 4

[repair]
enabled = true
[[repair.rule]]
namespaces = ["shop"]
actions = ["undo_rollout", "scale"]
approvers = ["alice"]
"#;

fn variables(name: &str) -> Option<String> {
    match name {
        "BOT_TOKEN" => Some("1:abc\n".into()),
        "API_TOKEN" => Some("s3cret".into()),
        _ => None,
    }
}

#[test]
fn a_whole_configuration() {
    let config = Config::parse(GOOD, Path::new("/etc/roundsman"), &variables).unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/roundsman/data"));
    assert_eq!(
        config.clusters[0].writer,
        Some(Endpoint::Kubeconfig { file: None, context: Some("prod-writer".into()) })
    );
    assert_eq!(config.telegram.as_ref().unwrap().token.expose_secret(), "1:abc");
    let actor = Actor::Person { id: UserId::from("7"), name: "whatever".into() };
    let grant = config.access.check(&ChannelRef::new(Platform::Telegram, "-100"), &actor).unwrap();
    assert_eq!(grant.channel.clusters, ["prod"]);
    assert!(grant.may_mute());
    assert_eq!((config.retention.report_days, config.retention.trend_days), (30, 400));
    assert!(config.repair.enabled && !config.repair.allow_self_approval);
    assert!(!format!("{config:?}").contains("1:abc"), "a token must not be printable");
}

#[test]
fn every_mistake_is_said_at_once_with_its_line() {
    let text = r#"data_dir = 7
time_zone = "Berlin"
colour = "red"
[[cluster]]
name = "prod"
[telegram]
token = "1:abc"
[[channel]]
name = "ops"
platform = "irc"
id = "-1"
clusters = ["nope"]
[api]
listen = "everywhere"
[repair]
enabled = "yes"
"#;
    let mistakes = Config::parse(text, Path::new("."), &variables).unwrap_err();
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for (line, word) in [
        (1, "data_dir must be a text"),
        (2, "IANA"),
        (3, "\"colour\" is not known"),
        (4, "say how to reach it"),
        (7, "token_file or token_env"),
        (8, "people is missing"),
        (10, "\"irc\" is not a platform"),
        (12, "no [[cluster]] called \"nope\""),
        (14, "ADDRESS:PORT"),
        (16, "true or false"),
    ] {
        let start = format!("line {line}: ");
        assert!(said.iter().any(|text| text.starts_with(&start) && text.contains(word)), "{line} {word}: {said:#?}");
    }
}

#[test]
fn what_names_something_that_is_not_there_is_told_with_its_line() {
    let text = GOOD
        .replace("cluster = \"prod\"\nlabels", "cluster = \"moon\"\nlabels")
        .replace("channel = \"ops\"", "channel = \"nowhere\"")
        .replace("platform = \"telegram\"\nid = \"-100\"", "platform = \"discord\"\nid = \"100\"")
        .replace("name = \"alertmanager\"", "name = \"alertmanager\"\nclusters = [\"mars\"]");
    let text =
        format!("{text}[[channel]]\nname = \"ops\"\nplatform = \"console\"\nid = \"lobby\"\npeople = \"everyone\"\n");
    let mistakes = Config::parse(&text, Path::new("."), &variables).unwrap_err();
    let said: Vec<&str> = mistakes.iter().map(|mistake| mistake.text.as_str()).collect();
    assert_eq!(
        said,
        [
            "there is no [[cluster]] called \"mars\"",
            "there is no [[cluster]] called \"moon\"",
            "there is no [[channel]] called \"nowhere\"",
            "there is no [discord], so nobody could write in this channel",
            "there are two channels called \"ops\"",
        ]
    );
    assert!(mistakes.iter().all(|mistake| mistake.line > 0), "{mistakes:?}");
}

#[test]
fn what_is_muted_and_changed_is_so_in_the_clusters_that_are_named() {
    let standing = Config::parse(GOOD, Path::new("."), &variables).unwrap().standing;
    let settings = standing.settings("prod", CheckSet::Daily, []);
    let [mute] = settings.silences.as_slice() else { panic!("{settings:?}") };
    assert_eq!((mute.id.len(), mute.why.as_deref()), (7, Some("load tests")));
    // Midnight in Berlin, which the file names as its zone.
    assert_eq!(mute.until.unwrap().to_rfc3339(), "2027-01-30T23:00:00+00:00");
    let again = Config::parse(GOOD, Path::new("."), &variables).unwrap().standing;
    assert_eq!(again, standing, "the same rule has the same id");
    let [change] = settings.changes.as_slice() else { panic!("{settings:?}") };
    assert_eq!(change.thresholds, [("settle_minutes", 15), ("restarts", 20)]);
    assert_eq!((change.severity, settings.flapping.times), (Some(Severity::Low), 4));
    let mut thresholds = Thresholds::default();
    for (name, number) in &change.thresholds {
        thresholds.set(name, *number);
    }
    let expected = Thresholds { restarts: 20, settle: TimeDelta::minutes(15), ..Thresholds::default() };
    assert_eq!(thresholds, expected);
    assert!(standing.settings("stage", CheckSet::Daily, []).silences.is_empty());
}

#[test]
fn mistakes_about_what_is_muted_are_said() {
    let text = r#"
[[mute]]
why = "quiet"
[[mute]]
clusters = ["stage"]
checks = ["pod/restarts"]
namespaces = ["lab"]
labels = ["tier"]
until = "soon"
[[change]]
checks = ["pod/*"]
[[change]]
severity = "loud"
thresholds = { restart = 3, window_hours = 0 }
[[change]]
severity = "low"
[history]
report_days = 1
"#;
    let head = "data_dir = \"d\"\n[[cluster]]\nname = \"prod\"\ncontext = \"prod\"\n";
    let mistakes = Config::parse(&format!("{head}{text}"), Path::new("."), &variables).unwrap_err();
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for (line, word) in [
        (6, "this mutes everything"),
        (8, "mute.why is missing"),
        (9, "no [[cluster]] called \"stage\""),
        (10, "no check is called \"pod/restarts\""),
        (12, "name=value"),
        (13, "\"soon\" is no day"),
        (14, "this changes nothing"),
        (17, "unknown severity \"loud\""),
        (18, "\"restart\" is not known"),
        (18, "window_hours must be a whole number from 1"),
        (19, "gives everything one severity"),
        (22, "report_days must be a whole number from 8"),
    ] {
        let start = format!("line {line}: ");
        assert!(said.iter().any(|text| text.starts_with(&start) && text.contains(word)), "{line} {word}: {said:#?}");
    }
}

#[test]
fn a_missing_secret_is_a_mistake_and_not_a_panic() {
    let text = GOOD.replace("BOT_TOKEN", "NOT_SET");
    let mistakes = Config::parse(&text, Path::new("."), &variables).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].text.contains("NOT_SET"), "{mistakes:?}");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let mistakes = Config::parse("data_dir = \"x\"\n[[cluster\n", Path::new("."), &variables).unwrap_err();
    assert!(mistakes.iter().any(|mistake| mistake.line == 2), "{mistakes:?}");
}

#[test]
fn the_documented_example_is_right() {
    let text = include_str!("../../docs/roundsman.example.toml");
    let folder = tempfile::tempdir().unwrap();
    let text = text.replace("/run/secrets", folder.path().to_str().unwrap());
    for name in ["telegram", "api-alertmanager", "prometheus"] {
        std::fs::write(folder.path().join(name), "1:secret\n").unwrap();
    }
    let environment = |name: &str| (name == "DISCORD_TOKEN").then(|| "token".to_owned());
    let config = Config::parse(&text, Path::new("/etc/roundsman"), &environment).unwrap();
    assert_eq!(config.access.channels.len(), 3);
    assert_eq!((config.standing.mutes.len(), config.standing.changes.len()), (1, 3));
    assert_eq!(config.api.unwrap().routes.len(), 2);
    let sources = &config.clusters[0].sources;
    assert_eq!(sources.custom_resources[0].to_string(), "certificaterequests.cert-manager.io");
    assert_eq!(sources.alertmanager.as_ref().unwrap().url, "http://alertmanager.monitoring:9093");
    assert_eq!(sources.eks.as_ref().unwrap().to_string(), "arn:aws:eks:eu-central-1:123456789012:cluster/prod");
    let prometheus = sources.prometheus.as_ref().unwrap();
    assert_eq!(prometheus.token_file, Some(folder.path().join("prometheus")));
    assert_eq!(prometheus.labels, [("cluster".to_owned(), "prod".to_owned())]);
}

#[test]
fn mistakes_about_sources_are_said() {
    let text = r#"data_dir = "d"
[[cluster]]
name = "prod"
context = "prod"
kubelet_summary = "yes"
custom_resources = ["certificates.cert-manager.io", "Widget", "a./b"]
prometheus = "prometheus:9090"
[cluster.alertmanager]
url = "https://me:secret@alerts"
token_file = "nowhere"
token = "abc"
labels = ["cluster", "1=2", "a=b"]
[[cluster]]
name = "lab"
context = "lab"
logs = 1
eks = "prod"
[cluster.prometheus]
address = "http://x"
"#;
    let mistakes = Config::parse(text, Path::new("."), &variables).unwrap_err();
    let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for (line, word) in [
        (5, "true or false"),
        (6, "\"Widget\" is no custom resource; write it as plural.group"),
        (6, "\"a./b\" is no custom resource"),
        (7, "prometheus must begin with http://"),
        (9, "must not hold a password"),
        (10, "nowhere cannot be read"),
        (11, "\"token\" is not known in [cluster.alertmanager]; known are ca_file, labels, token_file, url"),
        (12, "not \"cluster\""),
        (12, "not \"1=2\""),
        (16, "true or false"),
        (17, "\"prod\" is no cluster of EKS; write its ARN"),
        (18, "cluster.prometheus.url is missing"),
        (19, "\"address\" is not known"),
    ] {
        let start = format!("line {line}: ");
        assert!(said.iter().any(|text| text.starts_with(&start) && text.contains(word)), "{line} {word}: {said:#?}");
    }
    assert_eq!(said.len(), 13, "{said:#?}");
}
