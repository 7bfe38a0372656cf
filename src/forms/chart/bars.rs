//! Small charts of one report: horizontal bars with their names, and the score on its scale.

use super::{Anchor, Drawing, Ink, fit};
use crate::report::Grade;

const WIDTH: f32 = 420.0;
const ROW: f32 = 26.0;
const LETTERS: f32 = 10.0;

/// One row: its name, its parts from left to right, and what is said at its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// At its left.
    pub name: String,
    /// Each with its colour, and what is said when somebody points at it.
    pub parts: Vec<(usize, Ink, String)>,
    /// At its right.
    pub label: String,
}

/// Rows under one another, to one scale.
pub fn bars(alt: String, rows: &[Bar]) -> Drawing {
    let mut drawing = Drawing::new((WIDTH, ROW * rows.len() as f32), alt);
    let names = 150.0;
    let room = WIDTH - names - 46.0;
    let sum = |row: &Bar| row.parts.iter().map(|(count, ..)| count).sum::<usize>();
    let most = rows.iter().map(sum).max().unwrap_or_default().max(1) as f32;
    for (place, row) in rows.iter().enumerate() {
        let top = ROW * place as f32;
        let base = top + ROW / 2.0 + LETTERS / 2.0;
        let name = fit(&row.name, LETTERS, names - 10.0);
        drawing.text((names - 10.0, base), LETTERS, Anchor::End, Ink::Text, name);
        let mut left = names;
        for (count, ink, note) in row.parts.iter().filter(|(count, ..)| *count > 0) {
            let width = room * *count as f32 / most;
            drawing.bar([left, top + 5.0, width, ROW - 10.0], *ink, note.clone());
            left += width;
        }
        drawing.text((left + 8.0, base), LETTERS, Anchor::Start, Ink::Faint, row.label.clone());
    }
    drawing
}

/// The grades from F to A with the score among them.
pub fn scale(alt: String, score: u8) -> Drawing {
    let mut drawing = Drawing::new((WIDTH, 54.0), alt);
    let x = |points: u8| f32::from(points) * WIDTH / 100.0;
    for (grade, from, to) in GRADES {
        drawing.bar([x(from), 22.0, x(to) - x(from), 12.0], Ink::Grade(grade), "");
        let middle = x(from).midpoint(x(to));
        drawing.text((middle, 50.0), LETTERS, Anchor::Middle, Ink::Faint, grade.letter());
    }
    let at = x(score).clamp(5.0, WIDTH - 5.0);
    drawing.line(vec![(at, 17.0), (at, 38.0)], 3.0, Ink::Text);
    let anchor = match score {
        0..4 => Anchor::Start,
        4..97 => Anchor::Middle,
        97.. => Anchor::End,
    };
    drawing.text((x(score), 12.0), LETTERS, anchor, Ink::Text, score.to_string());
    drawing
}

/// Where each grade begins and ends.
pub(super) const GRADES: [(Grade, u8, u8); 5] =
    [(Grade::F, 0, 40), (Grade::D, 40, 60), (Grade::C, 60, 75), (Grade::B, 75, 90), (Grade::A, 90, 100)];
