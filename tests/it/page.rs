//! The project's copy of the catalogue, the table of checks and the page that people read agree.

use crate::checks::rows;
use roundsman::inspection::checks;
use roundsman::texts::checks::page;
use std::collections::BTreeSet;
use std::path::Path;

/// Asserts that a file of the project holds what was made anew; if not, `tests/printed` takes over what is written beside it.
#[track_caller]
pub(crate) fn kept(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let beside = path.with_extension("new");
    if std::fs::read_to_string(&path).is_ok_and(|known| known == made) {
        return;
    }
    std::fs::write(&beside, made).unwrap();
    panic!("{file} is out of date: look at {}, then run tests/printed", beside.display());
}

#[test]
fn the_page_is_what_the_command_prints() {
    kept("docs/checks.md", &page(checks::all()));
}

#[test]
fn every_row_of_the_catalogue_is_on_the_page_or_named_as_missing() {
    let page = page(checks::all());
    let on_page: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let catalogue: BTreeSet<String> = rows().into_keys().collect();
    assert!(on_page.is_subset(&catalogue));
    // It gets shorter, and then it goes.
    let missing: String = catalogue.difference(&on_page).map(|id| format!("{id}\n")).collect();
    kept("tests/data/catalogue/missing.txt", &missing);
}
