//! The commands that tell what the bot looks for, and what it has to be allowed.

use super::roundsman;
use std::io::Write;

/// A configuration with one cluster and these lines more.
fn configured(more: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "data_dir = \"state\"\n[[cluster]]\nname = \"prod\"\ncontext = \"prod\"\n{more}").unwrap();
    file
}

#[track_caller]
fn roles(more: &str) -> String {
    let file = configured(more);
    roundsman(&["rbac", "--config", file.path().to_str().unwrap()]).run().printed(0).to_owned()
}

#[test]
fn what_a_configuration_does_not_switch_on_is_not_allowed() {
    let reader = roles("");
    assert!(reader.contains("name: roundsman-reader\n") && !reader.contains("secrets]"), "{reader}");
    assert!(!reader.contains("-writer") && !reader.contains("controllerrevisions"), "{reader}");
    assert!(roles("secrets = true\n").contains("resources: [secrets]"));

    let writer = "[cluster.writer]\ncontext = \"writer\"\n[repair]\nenabled = true\n[[repair.rule]]\nclusters = [\"prod\"]\n\
                  namespaces = [\"shop\"]\nactions = [\"scale\"]\napprovers = [\"alice\"]\n[[person]]\nname = \"alice\"\nconsole = \"alice\"\n";
    let both = roles(writer);
    assert!(both.contains("name: roundsman-writer\n"), "{both}");
    assert!(both.contains("resources: [deployments, statefulsets]\n    verbs: [patch]"), "{both}");
    assert!(!both.contains("delete") && !both.contains("controllerrevisions"), "{both}");
}

#[test]
fn an_inspection_alone_needs_lists_and_other_names_are_other_roles() {
    let ran = roundsman(&["rbac", "--inspect-only", "--name", "ci", "--namespace", "build", "--set", "daily"]).run();
    let printed = ran.printed(0);
    assert!(printed.contains("name: ci-reader\n") && printed.contains("namespace: build\n"), "{printed}");
    assert!(!printed.contains("roundsman-") && !printed.contains("pods/log"), "{printed}");
    let verbs = printed.lines().filter(|line| line.contains("verbs:"));
    let more: Vec<&str> = verbs.filter(|line| !line.ends_with("[list]") && !line.ends_with("[get]")).collect();
    assert!(more.is_empty(), "{more:?}");
    roundsman(&["rbac", "--only-in", "Shop"]).run().failed(2, "--only-in Shop: use lower-case letters");
}

#[test]
fn checks_are_listed_and_explained() {
    let list = roundsman(&["checks", "--set", "daily"]).run();
    assert!(list.printed(0).lines().any(|line| line.starts_with("pod/crash-loop ")), "{list:?}");
    let one = roundsman(&["checks", "pod/crash-loop"]).run();
    assert!(one.printed(0).starts_with("pod/crash-loop\n") && one.printed(0).contains("What to do: "), "{one:?}");
    let unknown = roundsman(&["checks", "crashloop"]).run();
    unknown.failed(2, "no check is called \"crashloop\"; did you mean pod/crash-loop?");
}
