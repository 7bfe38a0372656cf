//! The project's copy of the catalogue, the table of checks and the page that people read agree.

use crate::checks::{data, rows};
use roundsman::inspection::checks;
use roundsman::texts::checks::page;
use std::collections::BTreeSet;

/// Rows of the catalogue that no check carries out yet; it gets shorter, and then it goes.
const MISSING: &str = "catalogue/missing.txt";

#[test]
fn the_page_is_what_the_command_prints() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page(checks::all()) == known, "run: roundsman checks --format markdown > docs/checks.md");
}

#[test]
fn every_row_of_the_catalogue_is_on_the_page_or_named_as_missing() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    let page = std::fs::read_to_string(path).unwrap();
    let on_page: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let missing = std::fs::read_to_string(data(MISSING)).unwrap_or_default();
    let named: BTreeSet<String> = missing.lines().map(str::to_owned).collect();
    let catalogue: BTreeSet<String> = rows().into_keys().collect();
    let absent: BTreeSet<String> = catalogue.difference(&on_page).cloned().collect();
    assert_eq!(
        absent,
        named,
        "tests/data/{MISSING} should be:\n{}",
        absent.iter().cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(on_page.is_subset(&catalogue));
}
