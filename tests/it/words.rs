//! What people read: the report and the cause chain of stories, in chat and terminal, compared with `tests/data/words`.

use crate::checks::{data, read};
use crate::forms::leave;
use chrono::{DateTime, Utc};
use roundsman::diagnosis::why;
use roundsman::forms::{Form, Offer, View, offers, text::Style};
use roundsman::inspection::{History, Settings, inspect};
use roundsman::report::Report;
use roundsman::snapshot::{Resource, Snapshot, Unread, Why};
use roundsman::texts;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Cluster {
    now: DateTime<Utc>,
    objects: Vec<Value>,
}

/// A cluster called `prod` with everything that happens in these stories, and Secrets switched off.
pub(crate) fn cluster(stories: &[&str]) -> Snapshot {
    let mut snapshot = Snapshot { cluster: "prod".to_owned(), ..Snapshot::default() };
    for story in stories {
        let text = std::fs::read_to_string(data("causes").join(format!("{story}.yaml"))).unwrap();
        let cluster: Cluster = read(&text).unwrap();
        let mut part = Snapshot::from_objects(cluster.now, cluster.objects).unwrap();
        snapshot.taken_at = cluster.now;
        snapshot.reads.objects += part.reads.objects;
        for resource in Resource::ALL {
            snapshot.take(*resource, &mut part);
        }
    }
    snapshot.unread.push(Unread { resource: Resource::Secrets, why: Why::SwitchedOff });
    snapshot
}

fn report(snapshot: &Snapshot) -> Report {
    inspect(snapshot, &History::default(), &Settings::default())
}

#[track_caller]
fn says(name: &str, text: &str) {
    let path = data("words").join(name);
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let now = leave("words", name, text.as_bytes());
    assert!(text.trim_end() == expected.trim_end(), "{} is not what it says now: {}", path.display(), now.display());
}

const TROUBLE: &[&str] = &["bad-image", "node-down", "out-of-memory", "wrong-selector", "quota-half"];

#[test]
fn a_cluster_in_trouble_in_the_terminal() {
    let mut report = report(&cluster(TROUBLE));
    // How many checks there are, and which of them read Secrets, is another test's matter.
    report.ran.truncate(20);
    report.gaps.iter_mut().for_each(|gap| gap.checks.retain(|check| *check == "secret/tls-expiring"));
    let written = |style| Form::Text.write(&report, &View { style, ..View::default() }).unwrap();
    let plain = written(Style::Plain);
    says("trouble.txt", &plain);
    // Colours add nothing but colours.
    let mut bare = String::new();
    let mut rest = written(Style::Ansi);
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1.to_owned();
    }
    assert_eq!(bare + &rest, plain);
}

#[test]
fn a_cluster_in_trouble_in_the_chat() {
    let report = report(&cluster(TROUBLE));
    let body = texts::report::chat(&report, Some("This report is 12m late."));
    says("trouble-chat.txt", &contract::plain(&body));
    let first = report.trees()[0].root;
    says("trouble-details.txt", &contract::plain(&texts::details::details(&report, first)));
    says("trouble-score.txt", &contract::plain(&texts::score::chat(&report)));
}

#[test]
fn a_healthy_cluster_is_one_line() {
    let body = texts::report::chat(&report(&cluster(&["healthy"])), None);
    let line = "prod, 2026-11-23 09:00 UTC: all is well (score 100, A). Not read: secrets (switched off).";
    assert_eq!(contract::plain(&body), line);
}

#[test]
fn nothing_read_is_not_all_well() {
    let mut snapshot = Snapshot { cluster: "prod".to_owned(), ..Snapshot::default() };
    snapshot.unread.extend(Resource::ALL.iter().map(|resource| Unread { resource: *resource, why: Why::Forbidden }));
    let body = texts::report::chat(&report(&snapshot), None);
    assert!(contract::plain(&body).contains("nothing could be inspected. Not read: pods, events, "), "{body:?}");
}

#[test]
fn more_roots_than_a_message_holds_are_counted() {
    let mut snapshot = cluster(&["two-faults"]);
    let crashing = snapshot.pods.iter().find(|pod| pod.meta.name == "cart-1-x").unwrap().clone();
    for number in 0..10 {
        let mut pod = crashing.clone();
        pod.meta.name = format!("job-{number}").into();
        pod.meta.owner_references.clear();
        snapshot.pods.push(pod);
    }
    let body = texts::report::chat(&report(&snapshot), None);
    assert!(contract::plain(&body).contains("And 5 more: 5 high."), "{}", contract::plain(&body));
}

#[test]
fn a_chain_in_words() {
    let snapshot = cluster(TROUBLE);
    let report = report(&snapshot);
    let chain =
        |kind: &str, namespace: &str, name: &str| texts::why::plain(&why(&snapshot, &report, kind, namespace, name));
    says("why-ingress.txt", &chain("ingress", "shop", "shop"));
    says("why-healthy.txt", &chain("node", "", "worker-2"));
    says("why-unknown.txt", &chain("service", "shop", "serach"));
}

#[test]
fn a_root_offers_its_cure_and_a_symptom_only_looks() {
    let image = report(&cluster(&["bad-image"]));
    let kinds = |offers: Vec<Offer<'_>>| offers.iter().map(texts::report::label).collect::<Vec<_>>();
    assert_eq!(kinds(offers(&image.findings[0])), ["Details", "Explain", "Fix…"]);
    for symptom in &image.findings[1..] {
        assert_eq!(kinds(offers(symptom)), ["Details", "Explain"]);
    }
    // What only buys time is called what it is.
    let killed = report(&cluster(&["out-of-memory"]));
    assert_eq!(kinds(offers(&killed.findings[0])), ["Details", "Explain", "Restart anyway…"]);
}
