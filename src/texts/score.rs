//! Where the points of a score went, in sentences.

use super::{report::mark, time, visible};
use crate::finding::Severity;
use crate::report::score::{Loss, losses, most};
use crate::report::{Grade, Report};
use contract::{Block, Body, Span};

/// As many roots as are named; what the others cost is summed up.
pub const NAMED: usize = 10;

/// The heads of a table of them.
pub(crate) const COLUMNS: [&str; 4] = ["points", "what", "why", "mended alone"];

/// For a chat: the score, what each root costs, and the rule.
pub fn chat(report: &Report) -> Body {
    let losses = losses(&report.findings);
    let mut body = Body::new([Block::Paragraph(vec![
        Span::Strong(report.cluster.clone()),
        Span::Plain(format!(
            "{}, {}. {}",
            super::checks::of_set(report.set),
            time::moment(report.taken_at),
            head(report)
        )),
    ])]);
    if losses.is_empty() {
        return body;
    }
    let mut items: Vec<Vec<Span>> = losses
        .iter()
        .take(NAMED)
        .map(|loss| {
            vec![
                Span::Plain(format!("{} ", mark(loss.severity))),
                Span::Strong(format!("−{}", loss.points)),
                Span::Plain(format!(" {}: {}.{}", loss.root.target, why(loss), mended(report, loss))),
            ]
        })
        .collect();
    items.extend(rest(&losses).map(|rest| vec![Span::Muted(rest)]));
    body = body.with(Block::List(items));
    visible::body(body.with(Block::Paragraph(vec![Span::Muted(rule())])))
}

/// `Score 61 of 100 (C). Where the 39 points went:`
pub(crate) fn head(report: &Report) -> String {
    let (score, grade) = (report.score, report.grade);
    match 100 - score.min(100) {
        0 => format!("Score {score} of 100 ({grade}). Nothing is lost."),
        1 => format!("Score {score} of 100 ({grade}). Where the 1 point went:"),
        lost => format!("Score {score} of 100 ({grade}). Where the {lost} points went:"),
    }
}

/// `critical, 6 objects`.
pub(crate) fn why(loss: &Loss<'_>) -> String {
    match loss.objects {
        1 => format!("{}, 1 object", loss.severity),
        objects => format!("{}, {objects} objects", loss.severity),
    }
}

/// ` Mended alone, the score would be 61 (C).`, where that would be another.
pub(crate) fn mended(report: &Report, loss: &Loss<'_>) -> String {
    if loss.without == report.score {
        return String::new();
    }
    format!(" Mended alone, the score would be {} ({}).", loss.without, Grade::of(loss.without))
}

/// What those cost together that are not named.
pub(crate) fn rest(losses: &[Loss<'_>]) -> Option<String> {
    let rest = losses.get(NAMED..).filter(|rest| !rest.is_empty())?;
    let points: usize = rest.iter().map(|loss| usize::from(loss.points)).sum();
    Some(format!("−{points} for {} more", rest.len()))
}

/// How it is counted.
pub(crate) fn rule() -> String {
    format!(
        "Each cause counts once, as bad as the worst that follows from it, and more the more objects it reaches: four \
         weigh 1.5 times as much as one, sixteen twice. All that is low costs at most {} points together, medium {}, \
         high {}; only what is critical can take them all.",
        most(Severity::Low),
        most(Severity::Medium),
        most(Severity::High)
    )
}
