//! The cases of the checks on a real API server and its store, without controllers: what it holds of them is read by the
//! product's own reader, and the checks say what the cases expect. What it cannot hold is marked in the case, with the reason.

mod complete;
mod place;

use crate::checks::{Case, cases_of, history_of, mark_unread, reported, told};
use crate::page::kept;
use place::Place;
use roundsman::inspection::checks;
use roundsman::snapshot::{Origin, Resource};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many cases each check has, and on which server.
const COUNTS: &str = "docs/cases.md";

#[derive(Default)]
struct Count {
    held: usize,
    in_process: usize,
}

/// A fact that is no object of an API server.
fn has_facts(case: &Case) -> bool {
    case.objects.iter().any(|object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
        Resource::of(text("/apiVersion"), text("/kind")).is_none_or(|resource| resource.origin() == Origin::Source)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_api_server_holds_the_cases_and_the_checks_say_the_same() {
    let begun = std::time::Instant::now();
    let mut place = Place::new().await;
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = String::new();
    for check in checks::all() {
        let (file_now, cases) = cases_of(check);
        for case in &cases {
            let now = case.now.unwrap_or(file_now);
            let count = counts.entry(check.id.as_str()).or_default();
            let outcome = match has_facts(case) {
                true => Err("it has facts that are no objects".to_owned()),
                false => match place.held(&case.objects, now).await {
                    Ok(mut snapshot) => {
                        mark_unread(&mut snapshot, case);
                        let said = told(&reported(case, &snapshot, &history_of(case), check.set), check);
                        if said.is(case) { Ok(()) } else { Err(format!("the checks say otherwise: {said}")) }
                    }
                    Err(refused) => Err(refused),
                },
            };
            match (&case.in_process, outcome) {
                (None, Ok(())) => count.held += 1,
                (Some(reason), Err(_)) => {
                    count.in_process += 1;
                    *reasons.entry(reason.clone()).or_default() += 1;
                }
                (None, Err(why)) => writeln!(failures, "{} | {} | {why}", check.id, case.name).unwrap(),
                (Some(reason), Ok(())) => {
                    writeln!(failures, "{} | {} | is held, and not \"{reason}\"", check.id, case.name).unwrap();
                }
            }
        }
    }
    let took = begun.elapsed();
    place.end().await;
    let page = page(&counts, &reasons);
    println!("{page}\nin {} s", took.as_secs());
    assert!(failures.is_empty(), "{failures}");
    kept(COUNTS, &page);
}

fn page(counts: &BTreeMap<&str, Count>, reasons: &BTreeMap<String, usize>) -> String {
    let total = |of: fn(&Count) -> usize| counts.values().map(of).sum::<usize>();
    let (held, in_process) = (total(|count| count.held), total(|count| count.in_process));
    let mut page = format!(
        "# Cases\n\nHow many cases each check has under tests/data/checks. All run in process; \"real\" are those that also run on a\n\
         kube-apiserver with etcd, read by the bot's own reader. Counted by tests/it/held.\n\n\
         | check | cases | real |\n| --- | ---: | ---: |\n| all {} | {} | {held} |\n",
        counts.len(),
        held + in_process,
    );
    for (id, count) in counts {
        writeln!(page, "| {id} | {} | {} |", count.held + count.in_process, count.held).unwrap();
    }
    page.push_str("\n## In process only\n\n| because | cases |\n| --- | ---: |\n");
    for (reason, cases) in reasons {
        writeln!(page, "| {reason} | {cases} |").unwrap();
    }
    page
}
