//! Every form of three reports (in trouble, healthy, half-readable): `tests/data/forms` holds each as JSON, as an inspection
//! once left it, and beside it what every other form says of it. A parser of the form reads what is written. What a form
//! says now is left in the target's `tmp/forms`, to look at and to accept.

use crate::checks::data;
use chrono::TimeDelta;
use roundsman::finding::Severity;
use roundsman::forms::{Form, View, chart, json};
use roundsman::inspection::{Capacity, Day, Trend};
use roundsman::report::Report;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One of the reports.
pub(crate) fn report(name: &str) -> Report {
    json::parse(&std::fs::read_to_string(data("forms").join(name).with_extension("json")).unwrap()).unwrap()
}

fn reports() -> [(&'static str, Report); 3] {
    ["trouble", "healthy", "partial"].map(|name| (name, report(name)))
}

/// The day of a report of which nothing else is known.
fn day(report: &Report) -> Day {
    Day::of(report)
}

/// Two weeks that end with the report; three days were not inspected.
fn fortnight(report: &Report) -> Trend {
    let last = Day { restarts: 9, ..day(report) };
    let mut days: Vec<Day> = (1..14u8)
        .rev()
        .filter(|ago| !(5..8).contains(ago))
        .map(|ago| {
            let date = last.date - TimeDelta::days(i64::from(ago));
            let (critical, high) = (usize::from(ago > 9), usize::from(ago % 4));
            let roots = [(Severity::Critical, critical), (Severity::High, high), (Severity::Medium, 2)];
            let score = 94 - 30 * u8::from(ago > 9) - 6 * (ago % 4);
            Day { date, score, roots: BTreeMap::from(roots), restarts: u64::from(ago % 4) * 7, ..Day::default() }
        })
        .collect();
    days.push(last);
    Trend { cluster: report.cluster.clone(), days }
}

fn view(report: &Report) -> View {
    View { explain_score: true, trend: Some(fortnight(report)), ..View::default() }
}

/// Leaves what was written in the target's folder, to be looked at.
pub(crate) fn leave(folder: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_form_says_what_it_said() {
    let mut changed = Vec::new();
    for (name, report) in reports() {
        for form in Form::ALL {
            let name = format!("{name}.{}", form.ending());
            let text = form.write(&report, &view(&report)).unwrap();
            let now = leave("forms", &name, text.as_bytes());
            if std::fs::read_to_string(data("forms").join(&name)).unwrap_or_default() != text {
                changed.push(now);
            }
        }
    }
    assert!(changed.is_empty(), "not what tests/data/forms has: {changed:#?}");
}

#[test]
fn junit_has_one_case_per_check_and_fails_as_the_exit_status_does() {
    for (name, report) in reports() {
        for fail_on in Severity::WORST_FIRST {
            let text = Form::Junit.write(&report, &View { fail_on, ..View::default() }).unwrap();
            let document = roxmltree::Document::parse(&text).unwrap();
            let suite = document.root_element().first_element_child().unwrap();
            let count = |attribute: &str| suite.attribute(attribute).unwrap().parse::<usize>().unwrap();
            let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
            let with = |tag: &str| {
                let has = |case: &&roxmltree::Node<'_, '_>| case.children().any(|node| node.has_tag_name(tag));
                cases.iter().filter(has).map(|case| case.attribute("name").unwrap()).collect::<Vec<_>>()
            };
            assert_eq!((count("tests"), count("errors")), (cases.len(), 0));
            assert_eq!(count("failures"), with("failure").len());
            assert_eq!(count("skipped"), with("skipped").len());
            let fails = report.worst().is_some_and(|worst| worst >= fail_on);
            assert_eq!(!with("failure").is_empty(), fails, "{name} from {fail_on}");
            for check in &report.ran {
                let of = cases.iter().filter(|case| case.attribute("name") == Some(check.as_str())).count();
                assert_eq!(of, 1, "{name}: {check}");
                assert!(!with("skipped").contains(&check.as_str()), "{name}: {check} ran");
            }
            assert!(with("skipped").contains(&"secret/tls-expiring"), "{name}: Secrets are switched off");
        }
    }
}

#[test]
fn the_figures_count_what_the_report_counts() {
    for (name, report) in reports() {
        let text = Form::Prometheus.write(&report, &View::default()).unwrap();
        let samples = samples(&text);
        let sum = |family: &str| samples.iter().filter(|sample| sample.name == family).map(|sample| sample.value).sum();
        let one = |family: &str, label: (&str, &str)| {
            let found = samples
                .iter()
                .find(|sample| sample.name == family && sample.labels.get(label.0).is_some_and(|it| it == label.1));
            found.unwrap_or_else(|| panic!("{name}: {family} {label:?}")).value
        };
        let roots: f64 = sum("roundsman_findings");
        assert_eq!(roots, report.trees().len() as f64, "{name}");
        assert_eq!(sum("roundsman_severity_findings"), roots);
        assert_eq!(one("roundsman_score", ("cluster", "prod")), f64::from(report.score));
        assert_eq!(one("roundsman_gaps", ("cluster", "prod")), report.gaps.len() as f64);
        assert_eq!(one("roundsman_changes", ("state", "resolved")), report.changes.resolved.len() as f64);
        assert_eq!(one("roundsman_taken_at_seconds", ("cluster", "prod")), report.taken_at.timestamp() as f64);
    }
}

/// One line of an exposition.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Reads an exposition as Prometheus does, and insists on HELP and TYPE before each family and on nothing else.
#[track_caller]
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    let (mut helped, mut family, mut samples) = (String::new(), String::new(), Vec::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').unwrap().0.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{helped} gauge"));
            assert!(!samples.iter().any(|sample: &Sample| sample.name == helped), "{helped} stands twice");
            family.clone_from(&helped);
        } else {
            let sample = sample(line);
            assert_eq!(sample.name, family);
            samples.push(sample);
        }
    }
    samples
}

fn sample(line: &str) -> Sample {
    let (name, mut rest) = line.split_once('{').unwrap();
    let mut labels = BTreeMap::new();
    loop {
        let (label, quoted) = rest.split_once("=\"").unwrap();
        let (mut value, mut characters) = (String::new(), quoted.chars());
        loop {
            match characters.next().unwrap() {
                '"' => break,
                '\\' => value.push(match characters.next().unwrap() {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    other => panic!("\\{other} in {line}"),
                }),
                character => value.push(character),
            }
        }
        assert_eq!(labels.insert(label.to_owned(), value), None, "{label} stands twice in {line}");
        rest = characters.as_str();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ").unwrap().parse().unwrap();
    Sample { name: name.to_owned(), labels, value }
}

#[test]
fn the_trend_is_a_picture_that_tells_the_days_apart() {
    let trend = fortnight(&report("trouble"));
    let drawing = chart::trend(&trend).unwrap();
    let bytes = chart::png(&drawing).unwrap();
    leave("forms", "trend.png", &bytes);
    let picture = Picture::read(&bytes);
    assert_eq!((picture.width, picture.height), (1280, 816));
    // The middle of a day in the panel of the findings.
    let (slots, left, right) = (14, 83, 1190);
    let bar = |slot: usize| picture.column(left + (right - left) * (2 * slot + 1) / (2 * slots), 130..340);
    let [critical, high, medium] = [[207, 34, 46], [232, 110, 20], [227, 179, 16]];
    let with = |colours: &[[u8; 3]]| -> Vec<usize> {
        (0..slots).filter(|slot| bar(*slot).any(|pixel| colours.contains(&pixel))).collect()
    };
    assert_eq!(with(&[critical]), [0, 1, 2, 3, 13]);
    assert_eq!(with(&[medium]), [0, 1, 2, 3, 4, 5, 9, 10, 11, 12]);
    let without: Vec<usize> = (0..slots).filter(|slot| !with(&[critical, high, medium]).contains(slot)).collect();
    assert_eq!(without, [6, 7, 8], "the days without an inspection");
    let tall = |slot: usize| bar(slot).filter(|pixel| *pixel == critical).count();
    assert!(tall(13) > 2 * tall(0), "three findings stand higher than one: {} and {}", tall(13), tall(0));
}

/// The fortnight of a cluster that lost a node in it, and then got what it needs.
fn fortnight_of_a_cluster(report: &Report) -> Trend {
    let mut trend = fortnight(report);
    let gib = 1 << 30;
    for (place, day) in (0..).zip(&mut trend.days) {
        let nodes = if (3..6).contains(&place) { 2 } else { 3 };
        day.capacity = Capacity {
            nodes,
            pods: 38 + place,
            cpu: nodes * 4_000,
            cpu_requested: 7_000 + 200 * place,
            memory: nodes * 16 * gib,
            memory_requested: (30 + place) * gib,
        };
    }
    trend
}

#[test]
fn the_trend_shows_what_of_the_cluster_is_asked_for() {
    let report = report("trouble");
    let trend = fortnight_of_a_cluster(&report);
    let bytes = chart::png(&chart::trend(&trend).unwrap()).unwrap();
    leave("forms", "trend-capacity.png", &bytes);
    let (with, without) = (Picture::read(&bytes), chart::trend(&fortnight(&report)).unwrap());
    assert!(with.height > Picture::read(&chart::png(&without).unwrap()).height, "a panel more");
    // 7800m of 8 CPUs, and 33Gi of 32Gi, on the two days with a node less: above the middle of the panel.
    let page = Form::Html.write(&report, &View { trend: Some(trend.clone()), ..View::default() }).unwrap();
    leave("forms", "trend-capacity.html", page.as_bytes());
    for words in ["requested of what nodes can give, in percent", "2 nodes, 41 pods, CPU 95 % requested, memory 103 %"]
    {
        assert!(page.contains(words), "{words}");
    }
    let said = contract::plain(&roundsman::texts::trend::chat(&trend, bytes));
    let sizes =
        "3 nodes, 48 pods, CPU 75 % requested, memory 83 %; Nov 10: 3 nodes, 38 pods, CPU 58 % requested, memory 62 %.";
    assert!(said.contains(sizes), "{said}");
}

#[test]
fn one_day_is_a_picture_and_no_day_is_none() {
    let day = day(&report("trouble"));
    let trend = Trend { cluster: "prod".into(), days: vec![day] };
    leave("forms", "trend-first-day.png", &chart::png(&chart::trend(&trend).unwrap()).unwrap());
    assert_eq!(chart::trend(&Trend::default()), None);
}

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    fn read(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { width: info.width as usize, height: info.height as usize, pixels }
    }

    fn column(&self, x: usize, rows: std::ops::Range<usize>) -> impl Iterator<Item = [u8; 3]> + '_ {
        rows.map(move |y| {
            let start = (y * self.width + x) * 3;
            [self.pixels[start], self.pixels[start + 1], self.pixels[start + 2]]
        })
    }
}
