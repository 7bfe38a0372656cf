//! From what the model said to what a person gets: its words as blocks, the sources that they rest on, what occurs in
//! none of them, and what went wrong.

use super::{
    Ended, Means, Question, ResultKind, Step, ToolResult,
    tools::{data, suspicion},
    unverified,
};
use crate::{redact, texts::agent as texts};
use contract::{Block, Body, Reading, Span};
use std::collections::BTreeSet;

/// What there is to say.
pub(super) struct Said<'a> {
    /// The model's words.
    pub(super) text: &'a str,
    /// Whether they were cut off by the endpoint.
    pub(super) cut: bool,
    pub(super) steps: &'a [Step],
    pub(super) ended: &'a Ended,
    /// What could be computed instead, where the model did not come to an answer.
    pub(super) computed: Option<Body>,
}

/// The answer, and the same as plain text.
pub(super) fn answer(question: &Question<'_>, said: &Said<'_>, means: &Means<'_>) -> (Body, String) {
    let words = redact::text(&data::visible(said.text)).into_owned();
    let results: Vec<&ToolResult> =
        said.steps.iter().map(|step| &step.result).filter(|result| result.kind == ResultKind::Data).collect();
    let mut clusters: Vec<&str> = Vec::new();
    for result in &results {
        if !clusters.contains(&result.cluster.as_str()) {
            clusters.push(&result.cluster);
        }
    }
    if clusters.is_empty() {
        clusters.push(question.cluster);
    }
    let mut blocks = vec![texts::about(&clusters, means.clock.now())];
    blocks.extend(texts::ended_early(said.ended, question.cluster));
    blocks.extend(paragraphs(words.trim()));
    if said.cut {
        blocks.push(texts::cut_off());
    }
    if let Some(computed) = &said.computed {
        blocks.push(texts::computed_meanwhile());
        blocks.extend(redacted(computed.clone()).blocks);
    }
    let cited = cited(&words, results.len());
    blocks.extend(texts::sources(&results, &cited));
    let unverified = unverified(&words, question, said.steps, means, results.len());
    blocks.extend(texts::unverified(&unverified));
    for result in &results {
        if let Some(line) = suspicion::instructing(&result.text) {
            blocks.push(texts::instructing(result, &line));
        }
    }
    let body = Body { blocks };
    let text = contract::plain(&body);
    (body, text)
}

/// What the model says and nobody told it.
fn unverified(words: &str, question: &Question<'_>, steps: &[Step], means: &Means<'_>, results: usize) -> Vec<String> {
    let mut known = vec![question.text.to_owned(), question.cluster.to_owned(), means.clock.now().to_rfc3339()];
    known.extend(means.clusters.keys().cloned());
    let earlier = question.conversation.exchanges.iter().flat_map(|exchange| {
        known.push(exchange.question.clone());
        &exchange.steps
    });
    let earlier: Vec<&Step> = earlier.collect();
    for step in earlier.into_iter().chain(steps) {
        known.push(step.result.source.clone());
        known.push(step.result.text.clone());
        known.push(step.result.at.to_rfc3339());
    }
    if let Some(report) = question.report {
        known.push(texts::findings(report, None));
        known.push(report.taken_at.to_rfc3339());
        known.push(report.score.to_string());
    }
    let mut found = unverified::names_and_numbers(&without_citations(words), &known.join("\n"));
    let citations = numbers(words).into_iter().filter(|number| *number == 0 || *number > results);
    found.extend(citations.map(|number| format!("[{number}]")));
    found
}

fn cited(words: &str, results: usize) -> BTreeSet<usize> {
    numbers(words).into_iter().filter(|number| (1..=results).contains(number)).collect()
}

/// The numbers in `[1]` and `[1, 2]`.
fn numbers(words: &str) -> BTreeSet<usize> {
    let inner = words.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|(inner, _)| inner));
    let lists = inner.filter(|inner| {
        !inner.is_empty() && inner.len() < 20 && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' '))
    });
    lists.flat_map(|inner| inner.split([',', ' ']).filter_map(|number| number.parse().ok())).collect()
}

/// Numbers of results mean nothing outside of their answer, and are no numbers that it states.
pub(super) fn without_citations(answer: &str) -> String {
    let mut out = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        match after.get(digits..).and_then(|tail| tail.strip_prefix(']')) {
            Some(tail) if digits > 0 => rest = tail,
            Some(_) | None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The little of Markdown that models write: fences, bullets, headings, bold and code.
fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut items: Vec<Vec<Span>> = Vec::new();
    fn flush(paragraph: &mut Vec<&str>, items: &mut Vec<Vec<Span>>, blocks: &mut Vec<Block>) {
        if !paragraph.is_empty() {
            blocks.push(Block::Paragraph(spans(&paragraph.join("\n"))));
            paragraph.clear();
        }
        if !items.is_empty() {
            blocks.push(Block::List(std::mem::take(items)));
        }
    }
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(language) = trimmed.strip_prefix("```") {
            flush(&mut paragraph, &mut items, &mut blocks);
            let mut code = Vec::new();
            for line in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                code.push(line);
            }
            blocks.push(Block::Code { language: language.trim().to_owned(), text: code.join("\n") });
        } else if trimmed.is_empty() {
            flush(&mut paragraph, &mut items, &mut blocks);
        } else if let Some(item) = bullet(trimmed) {
            if !paragraph.is_empty() {
                flush(&mut paragraph, &mut items, &mut blocks);
            }
            items.push(spans(item));
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            flush(&mut paragraph, &mut items, &mut blocks);
            let heading = heading.trim_start_matches('#').trim();
            blocks.push(Block::Paragraph(vec![Span::Strong(heading.replace(['*', '`'], ""))]));
        } else {
            if !items.is_empty() {
                flush(&mut paragraph, &mut items, &mut blocks);
            }
            paragraph.push(trimmed);
        }
    }
    flush(&mut paragraph, &mut items, &mut blocks);
    blocks
}

fn bullet(line: &str) -> Option<&str> {
    ["- ", "* ", "• "].into_iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim)
}

fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*']) {
        let mark = if rest.get(at..).is_some_and(|rest| rest.starts_with("**")) { "**" } else { "`" };
        let (before, from) = rest.split_at(at);
        let inner = from.strip_prefix(mark).and_then(|from| from.split_once(mark));
        plain.push_str(before);
        match inner.filter(|(inner, _)| !inner.is_empty()) {
            Some((inner, after)) => {
                if !plain.is_empty() {
                    spans.push(Span::Plain(std::mem::take(&mut plain)));
                }
                let inner = inner.to_owned();
                spans.push(if mark == "`" { Span::Code(inner) } else { Span::Strong(inner) });
                rest = after;
            }
            None => {
                let mut chars = from.chars();
                plain.extend(chars.next());
                rest = chars.as_str();
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        spans.push(Span::Plain(plain));
    }
    spans
}

/// The body without secrets in any of its texts.
pub(super) fn redacted(body: Body) -> Body {
    let clean = |text: &str| redact::text(&data::visible(text)).into_owned();
    let span = |span: Span| match span {
        Span::Plain(text) => Span::Plain(clean(&text)),
        Span::Strong(text) => Span::Strong(clean(&text)),
        Span::Muted(text) => Span::Muted(clean(&text)),
        Span::Code(text) => Span::Code(clean(&text)),
        Span::Link { text, url } => Span::Link { text: clean(&text), url },
    };
    let spans = |texts: Vec<Span>| texts.into_iter().map(span).collect::<Vec<_>>();
    let block = |block: Block| match block {
        Block::Heading(text) => Block::Heading(clean(&text)),
        Block::Paragraph(texts) => Block::Paragraph(spans(texts)),
        Block::List(items) => Block::List(items.into_iter().map(spans).collect()),
        Block::Code { language, text } => Block::Code { language, text: clean(&text) },
        Block::Table { header, rows } => Block::Table {
            header,
            rows: rows.into_iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect(),
        },
        Block::Evidence(readings) => Block::Evidence(
            readings.into_iter().map(|Reading { field, value }| Reading { value: clean(&value), field }).collect(),
        ),
        kept @ (Block::Image { .. } | Block::File { .. } | Block::Buttons(_)) => kept,
    };
    Body { blocks: body.blocks.into_iter().map(block).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markdown_of_models_becomes_blocks() {
        let blocks = paragraphs(
            "## Cause\nThe image `web:v9` is **missing** [1].\nSecond line.\n- one\n- two `x`\n\n```sh\nkubectl get pods\n  -n shop\n```\nend * of ` it",
        );
        let plain = |text: &str| Span::Plain(text.to_owned());
        assert_eq!(
            blocks,
            [
                Block::Paragraph(vec![Span::Strong("Cause".into())]),
                Block::Paragraph(vec![
                    plain("The image "),
                    Span::Code("web:v9".into()),
                    plain(" is "),
                    Span::Strong("missing".into()),
                    plain(" [1].\nSecond line."),
                ]),
                Block::List(vec![vec![plain("one")], vec![plain("two "), Span::Code("x".into())]]),
                Block::Code { language: "sh".into(), text: "kubectl get pods\n  -n shop".into() },
                Block::Paragraph(vec![plain("end * of ` it")]),
            ]
        );
    }

    #[test]
    fn citations_can_be_left_out() {
        assert_eq!(without_citations("broken [1][12], see [a] and [3"), "broken , see [a] and [3");
    }

    #[test]
    fn citations_are_read() {
        assert_eq!(numbers("a [1], b [2, 3] c [x] d [4 e").into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    }
}
