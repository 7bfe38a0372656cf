//! The plain-text reading of a document: what a log, a terminal and a platform that refuses our formatting get, and
//! the measure by which bodies are split. A rendering may use other marks, but must not be longer than this one.

use crate::{Block, Body, Span, Unit};

/// The whole body as plain text. Buttons are left out: without the platform's help they could not be pressed.
pub fn plain(body: &Body) -> String {
    let parts: Vec<String> = body.blocks.iter().map(plain_block).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// One block as plain text; empty for buttons.
pub fn plain_block(block: &Block) -> String {
    match block {
        Block::Heading(text) => text.clone(),
        Block::Paragraph(spans) => spans_text(spans),
        Block::List(items) => {
            let lines: Vec<String> = items.iter().map(|spans| format!("• {}", spans_text(spans))).collect();
            lines.join("\n")
        }
        Block::Code { text, .. } => text.clone(),
        Block::Table { header, rows } => table(header, rows),
        Block::Evidence(readings) => {
            let lines: Vec<String> =
                readings.iter().map(|reading| format!("{}: {}", reading.field, reading.value)).collect();
            lines.join("\n")
        }
        Block::Image { name, alt, .. } => format!("[{name}: {alt}]"),
        Block::File { name, .. } => format!("[{name}]"),
        Block::Buttons(_) => String::new(),
    }
}

/// The length that a block takes of a message's text, in the platform's unit, with room for the marks that a rendering
/// adds (a fence and its language round code, bullets, the blank line between blocks).
pub fn measure(block: &Block, unit: Unit) -> usize {
    let text = plain_block(block);
    let length = match unit {
        Unit::Utf16 => text.encode_utf16().count(),
        Unit::Chars => text.chars().count(),
    };
    let marks = match block {
        Block::Heading(_) => 8,
        Block::Paragraph(spans) => span_marks(spans),
        Block::List(items) => items.iter().map(|spans| 2 + span_marks(spans)).sum(),
        Block::Code { language, .. } => 10 + language.len(),
        Block::Table { .. } => 10,
        Block::Evidence(readings) => 8 * readings.len(),
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => 0,
    };
    length + marks + 2
}

fn span_marks(spans: &[Span]) -> usize {
    spans
        .iter()
        .map(|span| match span {
            Span::Plain(_) => 0,
            Span::Strong(_) | Span::Muted(_) | Span::Code(_) => 4,
            Span::Link { url, .. } => url.chars().count() + 4,
        })
        .sum()
}

fn spans_text(spans: &[Span]) -> String {
    spans.iter().map(Span::text).collect()
}

/// Columns padded to their widest cell, two spaces between them.
fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).chain([header.len()]).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in rows.iter().map(Vec::as_slice).chain([header]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String]| {
        let cells: Vec<String> = widths.iter().zip(row).map(|(width, cell)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(header)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
