//! The trend in words: in the picture, beside it, and for those who cannot see it.

use crate::finding::Severity;
use crate::inspection::{Capacity, Day, Trend};
use crate::report::Grade;
use chrono::NaiveDate;
use contract::{Block, Body, Span};

pub(crate) const FINDINGS: &str = "findings";
pub(crate) const SCORE: &str = "score";
pub(crate) const RESTARTS: &str = "container restarts";
pub(crate) const CAPACITY: &str = "requested of what nodes can give, in percent";
pub(crate) const CPU: &str = "CPU";
pub(crate) const MEMORY: &str = "memory";

/// The roots of this severity.
pub(crate) fn count(day: &Day, severity: Severity) -> usize {
    day.roots.get(&severity).copied().unwrap_or_default()
}

/// The roots that are more than a note.
pub(crate) fn total(day: &Day) -> usize {
    day.roots.iter().filter(|(severity, _)| **severity > Severity::Info).map(|(_, count)| count).sum()
}

pub(crate) fn title(trend: &Trend) -> String {
    match trend.days.as_slice() {
        [] => trend.cluster.clone(),
        [day] => format!("{}: {}", trend.cluster, date(day.date)),
        [first, .., last] => format!("{}: {} to {}", trend.cluster, date(first.date), date(last.date)),
    }
}

/// `Nov 23`.
pub(crate) fn date(date: NaiveDate) -> String {
    date.format("%b %-d").to_string()
}

pub(crate) fn bar(day: &Day, severity: Severity) -> String {
    format!("{}: {} {severity}", date(day.date), count(day, severity))
}

pub(crate) fn score(day: &Day) -> String {
    format!("{}: score {} ({})", date(day.date), day.score, Grade::of(day.score))
}

pub(crate) fn restarts(day: &Day) -> String {
    match day.restarts {
        1 => format!("{}: 1 restart", date(day.date)),
        restarts => format!("{}: {restarts} restarts", date(day.date)),
    }
}

/// `Nov 23: 3 nodes, 41 pods, CPU 61 % requested, memory 48 %`.
pub(crate) fn capacity(day: &Day) -> String {
    format!("{}: {}", date(day.date), size(&day.capacity))
}

fn size(capacity: &Capacity) -> String {
    let of = |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let share = |share: Option<u64>| share.map_or_else(|| "unknown".to_owned(), |percent| format!("{percent} %"));
    let (nodes, pods) = (of(capacity.nodes, "node"), of(capacity.pods, "pod"));
    let (cpu, memory) = (share(capacity.cpu_share()), share(capacity.memory_share()));
    format!("{nodes}, {pods}, {CPU} {cpu} requested, {MEMORY} {memory}")
}

/// The days of which the cluster's size is known.
pub(crate) fn sized(days: &[Day]) -> impl DoubleEndedIterator<Item = &Day> {
    days.iter().filter(|day| day.capacity.nodes > 0)
}

/// How large the cluster was at the end, and at the beginning where that was otherwise.
fn sizes(trend: &Trend) -> Option<String> {
    let (first, last) = (sized(&trend.days).next()?, sized(&trend.days).next_back()?);
    let then = if first.capacity == last.capacity { String::new() } else { format!("; {}", capacity(first)) };
    Some(format!("{}{then}.", size(&last.capacity)))
}

fn findings(count: usize) -> String {
    match count {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

/// What the picture shows, as a sentence.
pub(crate) fn alt(trend: &Trend) -> String {
    let days = match trend.days.as_slice() {
        [] => format!("{}: no day was inspected yet.", trend.cluster),
        [day] => format!("{}: score {} and {}.", title(trend), day.score, findings(total(day))),
        [first, .., last] => format!(
            "{}: the score went from {} to {}, from {} to {}.",
            title(trend),
            first.score,
            last.score,
            findings(total(first)),
            findings(total(last))
        ),
    };
    [Some(days), sizes(trend)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The picture in a chat.
pub fn chat(trend: &Trend, png: Vec<u8>) -> Body {
    let (Some(first), Some(last)) = (trend.days.first(), trend.days.last()) else {
        return Body::text(alt(trend));
    };
    let now = format!(": score {} ({}), {}", last.score, Grade::of(last.score), findings(total(last)));
    let then = match (last.date - first.date).num_days() {
        0 => ". This is the first day that I know.".to_owned(),
        days => {
            let ago = if days == 1 { "the day before".to_owned() } else { format!("{days} days before") };
            let missing = match usize::try_from(days).unwrap_or_default().saturating_sub(trend.days.len() - 1) {
                0 => String::new(),
                1 => " On 1 day in between there was no inspection.".to_owned(),
                missing => format!(" On {missing} days in between there was no inspection."),
            };
            format!("; {ago} {} ({}), {}.{missing}", first.score, Grade::of(first.score), findings(total(first)))
        }
    };
    let name = format!("{}-trend.png", trend.cluster);
    let words = Block::Paragraph(vec![
        Span::Strong(format!("{}, {}", trend.cluster, date(last.date))),
        Span::Plain(format!("{now}{then}")),
    ]);
    let sizes = sizes(trend).map(Block::paragraph);
    let picture = Block::Image { name, alt: alt(trend), bytes: png };
    Body::new([Some(words), sizes, Some(picture)].into_iter().flatten())
}
