//! `roundsman inspect` as a program: the forms, the file, the exit status.

use crate::world::plane;
use control_plane::{ControlPlane, Identity};
use roundsman::{inspection::finding::Severity, report::Form};
use std::path::Path;
use std::process::{Command, Output};

fn inspect(plane: &ControlPlane, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundsman"));
    command.arg("inspect").arg("--kubeconfig").arg(plane.kubeconfig(Identity::Reader)).args(arguments);
    command.output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_form_goes_to_a_file_that_is_replaced_at_once() {
    let plane = plane().await;
    tokio::task::spawn_blocking(|| {
        let (namespace, folder) = (plane.namespace("inspect"), tempfile::tempdir().unwrap());
        for form in Form::ALL {
            let file = folder.path().join(format!("report.{}", form.ending()));
            std::fs::write(&file, "the report of yesterday").unwrap();
            let file = file.to_str().unwrap();
            let ran = inspect(plane, &["-n", &namespace, "-o", form.name(), "--output-file", file]);
            assert!(ran.stdout.is_empty(), "{ran:?}");
            assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.contains("pod/crash-loop") || form != Form::Junit, "{text}");
            assert!(!text.contains("yesterday") && text.ends_with('\n') && !text.contains('\u{1b}'), "{text}");
        }
        let files = Form::ALL.map(|form| format!("report.{}", form.ending()));
        assert_eq!(names(folder.path()).len(), files.len(), "{:?}", names(folder.path()));

        // The exit status is that of the worst root.
        let json = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
        let worst = roundsman::report::json::parse(&json).unwrap().worst();
        let ran = inspect(plane, &["-n", &namespace, "-o", "text", "--fail-on", "info", "--explain-score"]);
        assert_eq!(ran.status.code(), Some(i32::from(worst >= Some(Severity::Info))), "{ran:?}");
        assert!(String::from_utf8(ran.stdout).unwrap().contains(" of 100 ("));

        let nowhere = folder.path().join("there/is/no/such/folder.txt");
        let ran = inspect(plane, &["-n", &namespace, "--output-file", nowhere.to_str().unwrap()]);
        assert_eq!(ran.status.code(), Some(2), "{ran:?}");
        let ran = inspect(plane, &["-o", "yaml"]);
        assert_eq!(ran.status.code(), Some(2));
        assert!(
            String::from_utf8(ran.stderr).unwrap().contains("one of text, json, markdown, html, junit, prometheus")
        );
    })
    .await
    .unwrap();
}
