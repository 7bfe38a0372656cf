//! The roles that the bot documents are what it prints, and allow what it asks for.

use crate::page::kept;
use crate::shapes::Way;
use roundsman::cluster::Sources;
use roundsman::demo::{Identity, Shape};
use roundsman::inspection::{self};
use roundsman::report::CheckSet;
use roundsman::rights::{Allowed, Names, Needs, Part, Rule, manifest, rules};
use roundsman::snapshot::Resource;
use std::path::{Path, PathBuf};

/// Each part, and the file that people apply.
const FILES: [(Part, &str); 4] = [
    (Part::Reader, "reader.yaml"),
    (Part::Secrets, "reader-secrets.yaml"),
    (Part::Kubelet, "reader-kubelet.yaml"),
    (Part::Writer, "writer.yaml"),
];

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_files_are_what_the_command_prints() {
    let printed = FILES.map(|(part, name)| (name, manifest(&[part], &Needs::default(), &Names::default())));
    for (name, printed) in printed {
        kept(&format!("deploy/rbac/{name}"), &printed);
    }
    let files = std::fs::read_dir(file("deploy/rbac")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).count(), FILES.len());
}

fn allows(rule: &Rule, verb: &str, group: &str, plural: &str) -> bool {
    let Allowed::Resources { group: own, plurals, .. } = &rule.what else { return false };
    rule.verbs.contains(&verb) && *own == group && plurals.iter().any(|own| own == plural)
}

/// What any test's bot asked a cluster for.
#[test]
fn every_request_of_the_bot_is_allowed_to_the_identity_that_makes_it() {
    let text = std::fs::read_to_string(file("tests/data/shapes.jsonl")).unwrap();
    let shapes = text.lines().map(|line| serde_json::from_str::<Shape>(line).unwrap());
    // Kinds that configurations of tests name.
    let custom_resources = ["gizmos.acme.example", "widgets.acme.example"].map(|kind| kind.parse().unwrap()).into();
    let needs = Needs { sources: Sources { custom_resources, ..Sources::default() }, ..Needs::default() };
    let all = |parts: &[Part]| -> Vec<Rule> { parts.iter().flat_map(|part| rules(*part, &needs)).collect() };
    // A test reads all that can be read; what no check reads needs no right.
    let idle: Vec<(&str, &str)> = Resource::ALL
        .iter()
        .filter(|list| !inspection::reads(CheckSet::All).contains(list))
        .map(|list| (list.api().group, list.plural()))
        .collect();
    let (reader, writer) = (all(&[Part::Reader, Part::Secrets, Part::Kubelet]), all(&[Part::Writer]));
    let mut seen = 0;
    let mut refused = Vec::new();
    for shape in shapes {
        let Some(way) = Way::of(&shape) else { continue };
        // Everybody may ask about oneself.
        if way.plural == "selfsubjectaccessreviews" {
            continue;
        }
        let verb = match (shape.method.as_str(), way.named) {
            ("GET", true) => "get",
            ("GET", false) => "list",
            ("PATCH", true) => "patch",
            ("DELETE", true) => "delete",
            (method, _) => panic!("{method} {}", shape.path),
        };
        let resource =
            if way.subresource.is_empty() { way.plural } else { format!("{}/{}", way.plural, way.subresource) };
        let rules = match shape.identity {
            Identity::Reader => &reader,
            Identity::Writer => &writer,
            Identity::Admin => panic!("the bot is no admin: {}", shape.path),
        };
        seen += 1;
        if verb == "list" && idle.contains(&(&*way.group, &*resource)) {
            continue;
        }
        if !rules.iter().any(|rule| allows(rule, verb, &way.group, &resource)) {
            refused.push(format!("{:?} {verb} {resource}", shape.identity));
        }
    }
    assert!(seen > 80 && refused.is_empty(), "{seen} requests, refused: {refused:#?}");
}

#[test]
fn readers_only_read_and_only_their_own_part_reads_secrets() {
    for part in [Part::Reader, Part::Secrets, Part::Kubelet] {
        for rule in rules(part, &Needs::default()) {
            assert!(rule.verbs.iter().all(|verb| ["get", "list"].contains(verb)), "{rule:?}");
            let secrets = ["get", "list"].iter().any(|verb| allows(&rule, verb, "", "secrets"));
            assert_eq!(secrets, part == Part::Secrets, "{rule:?}");
        }
    }
}

#[test]
fn fewer_actions_need_fewer_rights() {
    use roundsman::repair::ActionKind::{DeletePod, Scale};
    let writer = |actions: &[_]| {
        let needs = Needs { actions: actions.iter().copied().collect(), ..Needs::default() };
        let told = rules(Part::Writer, &needs).into_iter().map(|rule| match rule.what {
            Allowed::Resources { group, plurals, .. } => {
                format!("{} {group} {}", rule.verbs.join(" "), plurals.join(" "))
            }
            Allowed::Paths(paths) => paths.join(" "),
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(writer(&[DeletePod]), ["delete  pods"]);
    assert_eq!(writer(&[Scale]), ["patch apps deployments statefulsets"]);
    assert_eq!(writer(&[]), Vec::<String>::new());
    let all: Vec<_> = roundsman::repair::ActionKind::ALL.into();
    assert_eq!(writer(&all), ["delete  pods", "patch apps daemonsets deployments statefulsets"]);
}
