//! Charts: laid out once as shapes, then written as SVG for a page or painted as PNG for a chat.

mod bars;
mod font;
mod png;
mod svg;
mod trend;

use crate::finding::Severity;
use crate::report::score::Grade;

pub use bars::{Bar, bars, scale};
pub use png::{Unpaintable, png};
pub use svg::svg;
pub use trend::trend;

/// A picture before it is painted: shapes in a box, later ones over earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// In units of its own, which are pixels at scale 1.
    pub width: f32,
    /// The same.
    pub height: f32,
    /// What it shows, for those who cannot see it.
    pub alt: String,
    /// What is drawn.
    pub shapes: Vec<Shape>,
}

/// Something to draw. y grows downwards.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Bar {
        /// Left, top, width and height.
        area: [f32; 4],
        /// Its colour.
        ink: Ink,
        /// What is said when somebody points at it; empty for nothing.
        note: String,
    },
    /// A line through points.
    Line {
        /// At least two.
        points: Vec<(f32, f32)>,
        /// Its breadth.
        width: f32,
        /// Its colour.
        ink: Ink,
    },
    /// A filled circle.
    Dot {
        /// Its centre.
        at: (f32, f32),
        /// Its radius.
        radius: f32,
        /// Its colour.
        ink: Ink,
        /// What is said when somebody points at it.
        note: String,
    },
    /// A text on one line.
    Text {
        /// Where, on its base line.
        at: (f32, f32),
        /// How high a capital is.
        size: f32,
        /// What of it stands there.
        anchor: Anchor,
        /// Its colour.
        ink: Ink,
        /// What it says.
        text: String,
    },
}

/// Which part of a text stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A colour by its meaning: a page has one for light and one for dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Of this severity.
    Severity(Severity),
    /// Of this grade.
    Grade(Grade),
    /// A line of figures that are no severity.
    Figure,
    /// To be read.
    Text,
    /// To be read if need be.
    Faint,
    /// Behind the rest.
    Grid,
}

impl Ink {
    /// The name, as a class on a page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Severity(severity) => severity.name(),
            Self::Grade(Grade::A) => "grade-a",
            Self::Grade(Grade::B) => "grade-b",
            Self::Grade(Grade::C) => "grade-c",
            Self::Grade(Grade::D) => "grade-d",
            Self::Grade(Grade::F) => "grade-f",
            Self::Figure => "figure",
            Self::Text => "ink",
            Self::Faint => "faint",
            Self::Grid => "grid",
        }
    }
}

impl Drawing {
    fn new((width, height): (f32, f32), alt: String) -> Self {
        Self { width, height, alt, shapes: Vec::new() }
    }

    fn bar(&mut self, area: [f32; 4], ink: Ink, note: impl Into<String>) {
        self.shapes.push(Shape::Bar { area, ink, note: note.into() });
    }

    fn line(&mut self, points: Vec<(f32, f32)>, width: f32, ink: Ink) {
        self.shapes.push(Shape::Line { points, width, ink });
    }

    fn dot(&mut self, at: (f32, f32), radius: f32, ink: Ink, note: impl Into<String>) {
        self.shapes.push(Shape::Dot { at, radius, ink, note: note.into() });
    }

    fn text(&mut self, at: (f32, f32), size: f32, anchor: Anchor, ink: Ink, text: impl Into<String>) {
        self.shapes.push(Shape::Text { at, size, anchor, ink, text: text.into() });
    }
}

/// The text, cut so that it is at most so long at this size.
fn fit(text: &str, size: f32, longest: f32) -> String {
    if font::length(text, size) <= longest {
        return text.to_owned();
    }
    let mut cut = String::new();
    for character in text.chars() {
        let longer = format!("{cut}{character}…");
        if font::length(&longer, size) > longest {
            break;
        }
        cut.push(character);
    }
    cut.trim_end().to_owned() + "…"
}
