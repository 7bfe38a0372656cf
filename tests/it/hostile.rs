//! Names and messages of the cluster's that try to be more than text: they stay text in every form, and none of them hides.

use crate::forms::{self, samples};
use contract::{Body, plain};
use roundsman::finding::{CheckId, Evidence, Remedy, Severity};
use roundsman::forms::{Form, View};
use roundsman::report::{Gap, Report};
use roundsman::texts;
use std::collections::BTreeSet;

/// Markup of every form, an escape sequence, a line feed, marks that turn the reading direction, and a NUL.
const NASTY: &str = "<script>alert('x')</script> & \"quoted\" `tick` **bold** [link](http://x) | \\ \n# head\u{202e}txt.exe\u{1b}[2J\0]]>-->";
/// How a person sees it.
const SEEN: &str = "<script>alert('x')</script> & \"quoted\" `tick` **bold** [link](http://x) | \\ \n# head\\u{202e}txt.exe\\u{1b}[2J\\u{0}]]>-->";

fn on_one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// The report in trouble, with the nasty text wherever the cluster or a kubeconfig can put one.
fn report() -> Report {
    let mut report = forms::report("trouble");
    report.cluster = NASTY.to_owned();
    for finding in &mut report.findings {
        finding.target.name = NASTY.to_owned();
        finding.target.namespace = Some(NASTY.to_owned());
        finding.title = NASTY.to_owned();
        finding.evidence.push(Evidence::new(NASTY, NASTY));
        finding.remedies.push(Remedy::command(NASTY, NASTY));
        for object in &mut finding.objects {
            object.name = NASTY.to_owned();
            object.container = Some(NASTY.to_owned());
        }
    }
    // A report can come from a file.
    report.findings[0].id = CheckId::from(NASTY.to_owned());
    report.changes.resolved[0].title = NASTY.to_owned();
    report.changes.resolved[0].target.name = NASTY.to_owned();
    report.gaps.push(Gap {
        what: NASTY.to_owned(),
        why: NASTY.to_owned(),
        checks: vec![CheckId::from(NASTY.to_owned())],
    });
    report
}

fn hides(character: char) -> bool {
    (character.is_control() && character != '\n') || "\u{202e}\u{feff}\u{200b}\u{2066}".contains(character)
}

#[test]
fn no_form_hides_anything() {
    for form in [Form::Text, Form::Markdown, Form::Html, Form::Junit] {
        let view = View { explain_score: true, ..View::default() };
        let text = form.write(&report(), &view).unwrap();
        assert_eq!(text.chars().find(|character| hides(*character)), None, "{form}");
    }
}

#[test]
fn a_page_holds_it_as_text() {
    let text = Form::Html.write(&report(), &View::default()).unwrap();
    let (mut open, mut tags, mut attributes, mut read) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), String::new());
    for token in html5gum::Tokenizer::new(&text) {
        match token.unwrap() {
            html5gum::Token::StartTag(tag) => {
                let name = String::from_utf8(tag.name.to_vec()).unwrap();
                for (attribute, value) in &tag.attributes {
                    attributes.insert(String::from_utf8(attribute.to_vec()).unwrap());
                    assert!(!value.windows(11).any(|part| part == b"javascript:"));
                }
                if !tag.self_closing {
                    open.push(name.clone());
                }
                tags.insert(name);
            }
            html5gum::Token::EndTag(tag) => assert_eq!(open.pop().map(String::into_bytes), Some(tag.name.to_vec())),
            html5gum::Token::String(text) => read.push_str(std::str::from_utf8(&text).unwrap()),
            html5gum::Token::Doctype(_) => assert!(open.is_empty()),
            html5gum::Token::Comment(comment) => panic!("a comment: {comment:?}"),
            html5gum::Token::Error(error) => panic!("not HTML: {error:?}"),
        }
    }
    assert_eq!(open, Vec::<String>::new());
    for tag in ["script", "a", "img", "b onclick", "iframe", "object", "link", "form"] {
        assert!(!tags.contains(tag), "{tag}");
    }
    let loads = |name: &&String| {
        name.starts_with("on") || ["src", "href", "srcset", "action", "style"].contains(&name.as_str())
    };
    assert_eq!(attributes.iter().find(loads), None);
    assert!(read.matches(SEEN).count() > 20, "{}", read.matches(SEEN).count());
    // It is XML as well, for whoever wants to work on with it.
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&text, options).unwrap();
    let title = document.descendants().find(|node| node.has_tag_name("title")).unwrap();
    assert!(title.text().unwrap().starts_with(SEEN));
}

#[test]
fn a_test_report_holds_it_as_text() {
    let text = Form::Junit.write(&report(), &View { fail_on: Severity::Info, ..View::default() }).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let tags: BTreeSet<&str> =
        document.descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name()).collect();
    assert_eq!(tags, ["failure", "skipped", "testcase", "testsuite", "testsuites"].into());
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    // An attribute has no line feeds.
    assert_eq!(cases.filter(|case| case.attribute("name") == Some(&on_one_line(SEEN))).count(), 1);
    let failures = document.descendants().filter(|node| node.has_tag_name("failure"));
    assert!(failures.filter(|failure| failure.text().unwrap().contains(SEEN)).count() > 5);
}

#[test]
fn a_wiki_page_holds_it_as_text() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let text = Form::Markdown.write(&report(), &View::default()).unwrap();
    let (mut read, mut headings) = (String::new(), 0);
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) => read.push_str(&text),
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML: {html}"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => panic!("a link to {dest_url}"),
            _ => {}
        }
    }
    assert!(read.matches(&on_one_line(SEEN)).count() > 20, "{}", read.matches(&on_one_line(SEEN)).count());
    // Title, sections and roots: none comes from the text.
    assert_eq!(headings, 5 + report().trees().len());
}

#[test]
fn labels_hold_it_as_it_is() {
    let text = Form::Prometheus.write(&report(), &View::default()).unwrap();
    let samples = samples(&text);
    assert!(samples.iter().all(|sample| sample.labels["cluster"] == NASTY));
    assert!(samples.iter().any(|sample| sample.labels.get("namespace").is_some_and(|label| label == NASTY)));
}

#[test]
fn a_chat_and_a_terminal_show_it() {
    let report = report();
    let bodies: [Body; 4] = [
        texts::report::chat(&report, None),
        texts::report::whole(&report, &[]),
        texts::score::chat(&report),
        texts::details::details(&report, &report.findings[0]),
    ];
    for body in bodies {
        let text = plain(&body);
        assert_eq!(text.chars().find(|character| hides(*character)), None, "{text}");
        assert!(text.contains(SEEN), "{text}");
    }
    let text = Form::Text.write(&report, &View::default()).unwrap();
    assert!(text.lines().filter(|line| line.contains(&on_one_line(SEEN))).count() > 20);
}
