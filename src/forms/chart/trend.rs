//! The trend: findings by severity, the score, restarts where somebody counted, and what of the cluster is asked for,
//! day by day.

use super::{Anchor, Drawing, Ink, bars::GRADES};
use crate::finding::Severity;
use crate::inspection::{Capacity, Day, Trend};
use crate::texts::trend::{self as texts, count, total};
use chrono::{NaiveDate, TimeDelta};

const WIDTH: f32 = 800.0;
/// Where the days begin and end.
const LEFT: f32 = 52.0;
const RIGHT: f32 = WIDTH - 56.0;
/// The base line of the title.
const TITLE: f32 = 30.0;
/// Where each panel begins, and how high it is.
const FINDINGS: (f32, f32) = (74.0, 150.0);
const SCORE: (f32, f32) = (264.0, 110.0);
/// How high the panels are that not every trend has, and what is above each of them.
const RESTARTS: f32 = 56.0;
const CAPACITY: f32 = 80.0;
const BETWEEN: f32 = 40.0;
const LETTERS: f32 = 9.5;
const LINE: f32 = LETTERS + 5.0;
/// As few days as the picture is wide for: a first day does not fill it.
const FEWEST: usize = 7;
/// As many dates as stand under it.
const DATES: usize = 8;

/// The picture; None while there is no day to show.
pub fn trend(trend: &Trend) -> Option<Drawing> {
    let axis = Axis::over(&trend.days)?;
    let mut bottom = SCORE.0 + SCORE.1;
    let mut drawing = Drawing::new((WIDTH, bottom), texts::alt(trend));
    drawing.text((LEFT, TITLE), 14.0, Anchor::Start, Ink::Text, texts::title(trend));
    findings(&mut drawing, &axis, &trend.days);
    score(&mut drawing, &axis, &trend.days);
    if trend.days.iter().any(|day| day.restarts > 0) {
        restarts(&mut drawing, &axis, &trend.days, bottom + BETWEEN);
        bottom += BETWEEN + RESTARTS;
    }
    if texts::sized(&trend.days).next().is_some() {
        capacity(&mut drawing, &axis, &trend.days, bottom + BETWEEN);
        bottom += BETWEEN + CAPACITY;
    }
    dates(&mut drawing, &axis, bottom);
    drawing.height = bottom + BETWEEN;
    Some(drawing)
}

/// The days from left to right, also those without an inspection.
struct Axis {
    first: NaiveDate,
    days: usize,
}

impl Axis {
    fn over(days: &[Day]) -> Option<Self> {
        let (first, last) = (days.first()?.date, days.last()?.date);
        let days = usize::try_from((last - first).num_days()).ok()? + 1;
        let empty = FEWEST.saturating_sub(days);
        Some(Self { first: first - TimeDelta::days(empty as i64), days: days + empty })
    }

    fn slot(&self) -> f32 {
        (RIGHT - LEFT) / self.days as f32
    }

    /// The middle of a day.
    fn x(&self, date: NaiveDate) -> f32 {
        LEFT + ((date - self.first).num_days() as f32 + 0.5) * self.slot()
    }
}

fn findings(drawing: &mut Drawing, axis: &Axis, days: &[Day]) {
    let (top, height) = FINDINGS;
    let shown: Vec<Severity> = Severity::WORST_FIRST
        .into_iter()
        .filter(|severity| *severity > Severity::Info && days.iter().any(|day| count(day, *severity) > 0))
        .collect();
    drawing.text((LEFT, top - 14.0), LETTERS, Anchor::Start, Ink::Faint, texts::FINDINGS);
    let named: Vec<_> = shown.iter().map(|severity| (severity.name(), Ink::Severity(*severity))).collect();
    legend(drawing, &named, TITLE);
    let most = days.iter().map(total).max().unwrap_or_default();
    let (step, ceiling) = steps(most);
    let y = |count: usize| top + height - height * count as f32 / ceiling as f32;
    for tick in (0..=ceiling).step_by(step) {
        grid(drawing, y(tick), &tick.to_string());
    }
    let width = (axis.slot() * 0.62).min(46.0);
    for day in days {
        let (middle, mut below) = (axis.x(day.date), 0);
        for severity in &shown {
            let count = count(day, *severity);
            if count > 0 {
                let area = [middle - width / 2.0, y(below + count), width, y(below) - y(below + count)];
                drawing.bar(area, Ink::Severity(*severity), texts::bar(day, *severity));
                below += count;
            }
        }
        if axis.days <= 31 {
            let total = total(day).to_string();
            drawing.text((middle, y(below) - 5.0), LETTERS, Anchor::Middle, Ink::Text, total);
        }
    }
}

/// Names with their colours, at the right.
fn legend(drawing: &mut Drawing, named: &[(&str, Ink)], base: f32) {
    let mut right = RIGHT;
    for (name, ink) in named.iter().rev() {
        drawing.text((right, base), LETTERS, Anchor::End, Ink::Faint, *name);
        // A page's letters may be broader than ours.
        right -= super::font::length(name, LETTERS) * 1.08 + 16.0;
        drawing.bar([right, base - 9.5, 10.0, 10.0], *ink, "");
        right -= 18.0;
    }
}

fn score(drawing: &mut Drawing, axis: &Axis, days: &[Day]) {
    let (top, height) = SCORE;
    let y = |score: u8| top + height - height * f32::from(score) / 100.0;
    drawing.text((LEFT, top - 12.0), LETTERS, Anchor::Start, Ink::Faint, texts::SCORE);
    for (grade, from, to) in GRADES {
        drawing.bar([LEFT, y(to), RIGHT - LEFT, y(from) - y(to)], Ink::Grade(grade), "");
        let middle = y(from).midpoint(y(to)) + LETTERS / 2.0;
        drawing.text((RIGHT + 34.0, middle), LETTERS, Anchor::Start, Ink::Faint, grade.letter());
    }
    for tick in [0, 50, 100] {
        label(drawing, y(tick), &tick.to_string());
    }
    // A day without an inspection is a gap, not a line to its neighbours.
    for run in days.chunk_by(|one, next| next.date - one.date == TimeDelta::days(1)) {
        let points: Vec<(f32, f32)> = run.iter().map(|day| (axis.x(day.date), y(day.score))).collect();
        if points.len() > 1 {
            drawing.line(points, 2.2, Ink::Figure);
        }
    }
    for day in days {
        drawing.dot((axis.x(day.date), y(day.score)), 3.4, Ink::Figure, texts::score(day));
    }
    if let Some(last) = days.last() {
        let at = (axis.x(last.date) + 8.0, y(last.score) + LETTERS / 2.0);
        drawing.text(at, LETTERS, Anchor::Start, Ink::Text, last.score.to_string());
    }
}

fn restarts(drawing: &mut Drawing, axis: &Axis, days: &[Day], top: f32) {
    let height = RESTARTS;
    drawing.text((LEFT, top - 12.0), LETTERS, Anchor::Start, Ink::Faint, texts::RESTARTS);
    let most = days.iter().map(|day| day.restarts).max().unwrap_or_default();
    let (_, ceiling) = steps(usize::try_from(most).unwrap_or(usize::MAX));
    for tick in [0, ceiling] {
        grid(drawing, top + height - height * tick as f32 / ceiling as f32, &tick.to_string());
    }
    let width = (axis.slot() * 0.62).min(46.0);
    for day in days.iter().filter(|day| day.restarts > 0) {
        let tall = height * day.restarts as f32 / ceiling as f32;
        let area = [axis.x(day.date) - width / 2.0, top + height - tall, width, tall];
        drawing.bar(area, Ink::Figure, texts::restarts(day));
    }
}

/// The percentage of something that is asked for, where it is known.
type Share = fn(&Capacity) -> Option<u64>;

/// How much of the CPU and of the memory is requested, as two lines.
fn capacity(drawing: &mut Drawing, axis: &Axis, days: &[Day], top: f32) {
    let kinds: [(&str, Ink, Share); 2] =
        [(texts::CPU, Ink::Figure, Capacity::cpu_share), (texts::MEMORY, Ink::Text, Capacity::memory_share)];
    drawing.text((LEFT, top - 12.0), LETTERS, Anchor::Start, Ink::Faint, texts::CAPACITY);
    legend(drawing, &kinds.map(|(name, ink, _)| (name, ink)), top - 12.0);
    let known: Vec<&Day> = texts::sized(days).collect();
    let shares = known.iter().flat_map(|day| kinds.iter().filter_map(move |(.., share)| share(&day.capacity)));
    // More can be requested than there is, where nodes are gone.
    let ceiling = shares.max().unwrap_or_default().max(100).next_multiple_of(50);
    let y = |share: u64| top + CAPACITY - CAPACITY * share as f32 / ceiling as f32;
    let step = if ceiling > 200 { ceiling / 2 } else { 50 };
    for tick in (0..=ceiling / step).map(|place| place * step) {
        grid(drawing, y(tick), &tick.to_string());
    }
    let mut said: Option<f32> = None;
    for (_, ink, share) in kinds {
        let at = |day: &&Day| Some((axis.x(day.date), y(share(&day.capacity)?)));
        for run in known.chunk_by(|one, next| next.date - one.date == TimeDelta::days(1)) {
            let points: Vec<(f32, f32)> = run.iter().filter_map(at).collect();
            if points.len() > 1 {
                drawing.line(points, 2.2, ink);
            }
        }
        for day in &known {
            if let Some(point) = at(day) {
                drawing.dot(point, 2.6, ink, texts::capacity(day));
            }
        }
        let last = known.last().and_then(|day| at(day).zip(share(&day.capacity)));
        if let Some(((x, level), share)) = last {
            // Two that are near each other stand one above the other.
            let near = said.filter(|other| (other - level).abs() < LINE);
            let base = near.map_or(level, |other| if level < other { other - LINE } else { other + LINE });
            drawing.text((x + 8.0, base + LETTERS / 2.0), LETTERS, Anchor::Start, ink, share.to_string());
            said = Some(base);
        }
    }
}

/// A date under every day, or under every second, third, …, so that the last one has one.
fn dates(drawing: &mut Drawing, axis: &Axis, bottom: f32) {
    let every = axis.days.div_ceil(DATES);
    for place in (0..axis.days).rev().step_by(every) {
        let date = axis.first + TimeDelta::days(place as i64);
        let text = texts::date(date);
        drawing.text((axis.x(date), bottom + 22.0), LETTERS, Anchor::Middle, Ink::Faint, text);
    }
}

fn grid(drawing: &mut Drawing, y: f32, text: &str) {
    drawing.line(vec![(LEFT, y), (RIGHT, y)], 1.0, Ink::Grid);
    label(drawing, y, text);
}

fn label(drawing: &mut Drawing, y: f32, text: &str) {
    drawing.text((LEFT - 8.0, y + LETTERS / 2.0), LETTERS, Anchor::End, Ink::Faint, text);
}

/// Round steps of which at most five reach the largest number, and where the last of them is.
fn steps(most: usize) -> (usize, usize) {
    let mut step: usize = 1;
    // 1, 2, 5, 10, 20, 50, …
    for (times, by) in [(2, 1), (5, 2), (2, 1)].into_iter().cycle() {
        if step.saturating_mul(5) >= most {
            break;
        }
        step = step / by * times;
    }
    (step, most.div_ceil(step).max(1).saturating_mul(step))
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_are_round_and_reach_the_largest_number() {
        for (most, expected) in
            [(0, (1, 1)), (1, (1, 1)), (5, (1, 5)), (6, (2, 6)), (11, (5, 15)), (26, (10, 30)), (700, (200, 800))]
        {
            assert_eq!(steps(most), expected, "{most}");
        }
    }
}
