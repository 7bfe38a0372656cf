//! A drawing as PNG, for a chat: painted here, edges smoothed, on white.

use super::{Anchor, Drawing, Ink, Shape, font};
use crate::finding::Severity;
use crate::report::Grade;

type Rgb = [u8; 3];

const PAPER: Rgb = [255, 255, 255];

/// The pixels of one unit: a picture of 800 units is as broad as the broadest that no chat makes smaller.
const SCALE: f32 = 1.6;

/// Why a picture could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be encoded: {0}")]
pub struct Unpaintable(#[from] png::EncodingError);

/// The file's bytes.
///
/// # Errors
/// When the encoder refuses, which it does for an empty picture only.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, Unpaintable> {
    let mut canvas = Canvas::new(drawing.width * SCALE, drawing.height * SCALE);
    for shape in &drawing.shapes {
        canvas.draw(shape);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width, canvas.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn colour(ink: Ink) -> Rgb {
    match ink {
        Ink::Severity(Severity::Critical) => [207, 34, 46],
        Ink::Severity(Severity::High) => [232, 110, 20],
        Ink::Severity(Severity::Medium) => [227, 179, 16],
        Ink::Severity(Severity::Low) => [122, 148, 178],
        Ink::Severity(Severity::Info) => [190, 200, 210],
        Ink::Grade(Grade::A) => [214, 240, 220],
        Ink::Grade(Grade::B) => [230, 243, 205],
        Ink::Grade(Grade::C) => [252, 243, 200],
        Ink::Grade(Grade::D) => [253, 228, 200],
        Ink::Grade(Grade::F) => [251, 213, 213],
        Ink::Figure => [9, 105, 218],
        Ink::Text => [31, 35, 40],
        Ink::Faint => [101, 109, 118],
        Ink::Grid => [222, 227, 232],
    }
}

/// Rows of pixels.
struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: f32, height: f32) -> Self {
        let (width, height) = (width.round().max(1.0) as u32, height.round().max(1.0) as u32);
        let pixels = PAPER.repeat(width as usize * height as usize);
        Self { width, height, pixels }
    }

    fn draw(&mut self, shape: &Shape) {
        let place = |(x, y): (f32, f32)| (x * SCALE, y * SCALE);
        match shape {
            Shape::Bar { area, ink, .. } => {
                let [left, top, width, height] = area.map(|length| length * SCALE);
                let (right, bottom) = (left + width, top + height);
                // As much of the pixel as lies in the rectangle.
                let within = |from: f32, to: f32, at: f32| (to.min(at + 0.5) - from.max(at - 0.5)).clamp(0.0, 1.0);
                self.fill([left, top, right, bottom], colour(*ink), |x, y| {
                    within(left, right, x) * within(top, bottom, y)
                });
            }
            Shape::Line { points, width, ink } => {
                let points: Vec<(f32, f32)> = points.iter().copied().map(place).collect();
                self.stroke(&points, width * SCALE, colour(*ink));
            }
            Shape::Dot { at, radius, ink, .. } => {
                let (centre, radius) = (place(*at), radius * SCALE);
                self.capsule((centre, centre), radius, colour(*ink));
            }
            Shape::Text { at, size, anchor, ink, text } => {
                let length = font::length(text, *size);
                let left = match anchor {
                    Anchor::Start => at.0,
                    Anchor::Middle => at.0 - length / 2.0,
                    Anchor::End => at.0 - length,
                };
                for stroke in font::strokes(text, *size) {
                    let points: Vec<(f32, f32)> = stroke.iter().map(|(x, y)| place((left + x, at.1 + y))).collect();
                    self.stroke(&points, (size * SCALE / 8.0).max(1.2), colour(*ink));
                }
            }
        }
    }

    fn stroke(&mut self, points: &[(f32, f32)], width: f32, colour: Rgb) {
        for (from, to) in points.iter().zip(points.iter().skip(1)) {
            self.capsule((*from, *to), width / 2.0, colour);
        }
    }

    /// All that is at most `radius` away from a line.
    fn capsule(&mut self, (from, to): ((f32, f32), (f32, f32)), radius: f32, colour: Rgb) {
        let area = [
            from.0.min(to.0) - radius,
            from.1.min(to.1) - radius,
            from.0.max(to.0) + radius,
            from.1.max(to.1) + radius,
        ];
        let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
        let length = along_x * along_x + along_y * along_y;
        self.fill(area, colour, |x, y| {
            let (out_x, out_y) = (x - from.0, y - from.1);
            let part = if length > 0.0 { ((out_x * along_x + out_y * along_y) / length).clamp(0.0, 1.0) } else { 0.0 };
            let (off_x, off_y) = (out_x - part * along_x, out_y - part * along_y);
            (radius + 0.5 - (off_x * off_x + off_y * off_y).sqrt()).clamp(0.0, 1.0)
        });
    }

    /// Lays a colour over the pixels of an area, as thick as `cover` says for the middle of each.
    fn fill(&mut self, [left, top, right, bottom]: [f32; 4], colour: Rgb, cover: impl Fn(f32, f32) -> f32) {
        // A float becomes an integer at its nearest: outside the picture is its edge.
        let columns = ((left - 1.0) as u32)..((right + 2.0) as u32).min(self.width);
        for row in ((top - 1.0) as u32)..((bottom + 2.0) as u32).min(self.height) {
            for column in columns.clone() {
                let cover = cover(column as f32 + 0.5, row as f32 + 0.5);
                let start = (row as usize * self.width as usize + column as usize) * 3;
                for (pixel, ink) in self.pixels.iter_mut().skip(start).zip(colour) {
                    *pixel = (f32::from(*pixel) * (1.0 - cover) + f32::from(ink) * cover).round() as u8;
                }
            }
        }
    }
}
