//! A drawing as SVG inside a page: colours are classes, the letters the page's own.

use super::{Anchor, Drawing, Shape};
use crate::forms::html::escape;

/// How much higher the letters of a page are than their capitals.
const EM: f32 = 1.38;

/// The element, on lines of its own.
pub fn svg(drawing: &Drawing) -> String {
    let mut lines = vec![format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        drawing.width,
        drawing.height,
        escape(&drawing.alt)
    )];
    lines.extend(drawing.shapes.iter().map(element));
    lines.push("</svg>".to_owned());
    lines.join("\n") + "\n"
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Bar { area: [left, top, width, height], ink, note } => {
            let (left, top, width, height) = (short(*left), short(*top), short(*width), short(*height));
            let name = ink.name();
            noted(
                "rect",
                &format!("class=\"{name}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\""),
                note,
            )
        }
        Shape::Line { points, width, ink } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
            let (name, points) = (ink.name(), points.join(" "));
            format!("<polyline class=\"{name}\" stroke-width=\"{}\" points=\"{points}\"/>", short(*width))
        }
        Shape::Dot { at: (x, y), radius, ink, note } => {
            let (x, y, radius) = (short(*x), short(*y), short(*radius));
            noted("circle", &format!("class=\"{}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"", ink.name()), note)
        }
        Shape::Text { at: (x, y), size, anchor, ink, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            format!(
                "<text class=\"{}\" x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                ink.name(),
                short(*x),
                short(*y),
                short(size * EM),
                escape(text)
            )
        }
    }
}

fn noted(element: &str, attributes: &str, note: &str) -> String {
    if note.is_empty() {
        format!("<{element} {attributes}/>")
    } else {
        format!("<{element} {attributes}><title>{}</title></{element}>", escape(note))
    }
}

/// With one digit after the point where it says something.
fn short(number: f32) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
