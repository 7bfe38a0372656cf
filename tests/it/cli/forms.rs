//! `-o` and `--output-file`: each form as a script gets it.

use super::{Kubeconfig, LOST_SERVICES, in_an_hour, roundsman};
use control_plane::{ControlPlane, Identity};
use roundsman::forms::Form;

#[test]
fn every_form_is_printed_or_goes_to_a_file_that_is_replaced_at_once() {
    let plane = ControlPlane::shared();
    let (namespace, folder) = (plane.namespace("forms"), tempfile::tempdir().unwrap());
    plane.apply(&namespace, LOST_SERVICES);
    let (kubeconfig, now) = (Kubeconfig::of(plane, Identity::Reader), in_an_hour());
    let inspect = |arguments: &[&str]| {
        let place = ["inspect", "-n", &namespace, "--now", &now];
        roundsman(&[&place, arguments].concat()).with(&kubeconfig).run()
    };
    for form in Form::ALL {
        let file = folder.path().join(form.ending());
        std::fs::write(&file, "the report of yesterday").unwrap();
        let ran = inspect(&["-o", form.name(), "--output-file", file.to_str().unwrap()]);
        assert_eq!(ran.printed(1), "", "{form}");
        let text = std::fs::read_to_string(&file).unwrap();
        let ran = inspect(&["-o", form.name()]);
        for text in [text.as_str(), ran.printed(1)] {
            assert!(text.contains("service/selector-no-pods") && text.ends_with('\n'), "{form}: {text}");
            assert!(!text.contains("yesterday") && !text.contains('\u{1b}'), "{form}: {text}");
        }
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, Form::ALL.len(), "nothing stands beside the reports");

    // To a pipe it is written; it is not put in its place.
    let ran = inspect(&["--output-file", "/dev/stdout", "--explain-score"]);
    let text = ran.printed(1);
    assert!(text.contains(" of 100 (") && text.contains("points went:"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_and_a_form_that_is_none() {
    let plane = ControlPlane::shared();
    let (namespace, kubeconfig) = (plane.namespace("forms"), Kubeconfig::of(plane, Identity::Reader));
    let ran = roundsman(&["inspect", "-n", &namespace, "--output-file", "no/such/folder.txt"]).with(&kubeconfig).run();
    ran.failed(2, "writing no/such/folder.txt: ");
    let ran = roundsman(&["inspect", "-o", "yaml"]).with(&kubeconfig).run();
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("one of text, json, markdown, html, junit, prometheus"), "{}", ran.err);
}
