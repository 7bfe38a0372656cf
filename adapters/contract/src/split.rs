//! Splits a document into messages before it is rendered, so that no tag, fence or word is ever cut in two.

use crate::{Block, Body, Limits, Span, measure, plain_block};

/// The bodies of the messages that hold this one, in order, each within the limits. Never empty: an empty body stays
/// one empty message for the caller to refuse. Buttons go with the block before them; a block that is too long for
/// one message is cut at line ends, and only a single line that is too long is cut inside.
pub fn split(body: &Body, limits: &Limits) -> Vec<Body> {
    let mut messages = vec![Message::default()];
    for block in &body.blocks {
        for piece in pieces(block, limits) {
            let cost = Cost::of(&piece, limits);
            let last = messages.len() - 1;
            if messages[last].fits(&cost, limits) {
                messages[last].push(piece, &cost);
            } else {
                let mut fresh = Message::default();
                // A heading stays with what it is the heading of.
                if messages[last].body.blocks.len() > 1
                    && matches!(messages[last].body.blocks.last(), Some(Block::Heading(_)))
                    && let Some(heading) = messages[last].body.blocks.pop()
                {
                    let cost = Cost::of(&heading, limits);
                    fresh.push(heading, &cost);
                }
                if !fresh.fits(&cost, limits) {
                    messages.push(fresh);
                    fresh = Message::default();
                }
                fresh.push(piece, &cost);
                messages.push(fresh);
            }
        }
    }
    messages.into_iter().map(|message| message.body).collect()
}

#[derive(Default)]
struct Message {
    body: Body,
    text: usize,
    buttons: usize,
    files: usize,
}

struct Cost {
    text: usize,
    buttons: usize,
    files: usize,
}

impl Cost {
    fn of(block: &Block, limits: &Limits) -> Self {
        let (buttons, files) = match block {
            Block::Buttons(buttons) => (buttons.len(), 0),
            Block::Image { .. } | Block::File { .. } => (0, 1),
            Block::Heading(_)
            | Block::Paragraph(_)
            | Block::List(_)
            | Block::Code { .. }
            | Block::Table { .. }
            | Block::Evidence(_) => (0, 0),
        };
        Self { text: measure(block, limits.unit), buttons, files }
    }
}

impl Message {
    fn fits(&self, cost: &Cost, limits: &Limits) -> bool {
        self.body.blocks.is_empty()
            || (self.text + cost.text <= limits.text
                && self.buttons + cost.buttons <= limits.buttons
                && self.files + cost.files <= limits.files)
    }

    fn push(&mut self, block: Block, cost: &Cost) {
        self.body.blocks.push(block);
        self.text += cost.text;
        self.buttons += cost.buttons;
        self.files += cost.files;
    }
}

/// The block in parts that each fit into a message of their own.
fn pieces(block: &Block, limits: &Limits) -> Vec<Block> {
    if let Block::Buttons(buttons) = block {
        return buttons.chunks(limits.buttons.max(1)).map(|row| Block::Buttons(row.to_vec())).collect();
    }
    if measure(block, limits.unit) <= limits.text {
        return vec![block.clone()];
    }
    match block {
        Block::List(items) => {
            let mut parts: Vec<Block> = Vec::new();
            for item in items {
                let single = Block::List(vec![item.clone()]);
                if measure(&single, limits.unit) > limits.text {
                    parts.extend(cut(&single, limits, |text| Block::Paragraph(vec![Span::Plain(text)])));
                    continue;
                }
                if let Some(Block::List(last)) = parts.last_mut() {
                    last.push(item.clone());
                    if measure(&Block::List(last.clone()), limits.unit) <= limits.text {
                        continue;
                    }
                    last.pop();
                }
                parts.push(single);
            }
            parts
        }
        Block::Code { language, .. } => {
            let language = language.clone();
            cut(block, limits, |text| Block::Code { language: language.clone(), text })
        }
        Block::Table { .. } | Block::Evidence(_) => cut(block, limits, Block::code),
        Block::Heading(_) | Block::Paragraph(_) => cut(block, limits, Block::paragraph),
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => vec![block.clone()],
    }
}

/// The block's plain text in runs of whole lines, each of which `make` turns into a block that fits.
fn cut(block: &Block, limits: &Limits, make: impl Fn(String) -> Block) -> Vec<Block> {
    let fits = |text: &str| measure(&make(text.to_owned()), limits.unit) <= limits.text;
    let mut parts = Vec::new();
    let mut part = String::new();
    for line in plain_block(block).split_inclusive('\n') {
        if fits(&format!("{part}{line}")) {
            part.push_str(line);
            continue;
        }
        if !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        if fits(line) {
            part.push_str(line);
            continue;
        }
        for character in line.chars() {
            part.push(character);
            if !fits(&part) {
                part.pop();
                parts.push(std::mem::take(&mut part));
                part.push(character);
            }
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts.into_iter().map(|text| make(text.trim_end_matches('\n').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::split;
    use crate::{Block, Body, Button, ButtonStyle, Limits, Token, Unit, measure, plain};

    const SMALL: Limits =
        Limits { text: 60, unit: Unit::Utf16, buttons: 2, token_bytes: 64, files: 1, file_bytes: 100, edits: true };

    fn button(label: &str) -> Button {
        Button { label: label.into(), token: Token::from(label), style: ButtonStyle::Neutral }
    }

    fn length(body: &Body) -> usize {
        body.blocks.iter().map(|block| measure(block, SMALL.unit)).sum()
    }

    #[test]
    fn what_fits_stays_one_message() {
        let body = Body::text("all is well").with(Block::Buttons(vec![button("Details")]));
        assert_eq!(split(&body, &SMALL), vec![body]);
    }

    #[test]
    fn long_text_is_cut_at_line_ends_and_nothing_is_lost() {
        let lines: Vec<String> = (0..40).map(|number| format!("line {number} of the log")).collect();
        let body = Body::new([Block::code(lines.join("\n"))]);
        let parts = split(&body, &SMALL);
        assert!(parts.len() > 1);
        assert!(parts.iter().all(|part| length(part) <= SMALL.text));
        let joined: Vec<String> = parts.iter().map(plain).collect();
        assert_eq!(joined.join("\n"), lines.join("\n"));
    }

    #[test]
    fn one_line_longer_than_a_message_is_cut_by_the_platforms_unit() {
        let body = Body::text("😀".repeat(100));
        let parts = split(&body, &SMALL);
        assert!(parts.iter().all(|part| length(part) <= SMALL.text), "{parts:?}");
        let joined: String = parts.iter().map(plain).collect();
        assert_eq!(joined, "😀".repeat(100));
    }

    #[test]
    fn more_buttons_than_a_message_holds_go_into_the_next() {
        let body = Body::text("choose").with(Block::Buttons(vec![button("a"), button("b"), button("c")]));
        let parts = split(&body, &SMALL);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1].blocks, vec![Block::Buttons(vec![button("c")])]);
    }

    #[test]
    fn a_heading_goes_with_what_follows_it() {
        let body = Body::new([
            Block::paragraph("x".repeat(30)),
            Block::Heading("Next".into()),
            Block::paragraph("y".repeat(40)),
        ]);
        let parts = split(&body, &SMALL);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1].blocks[0], Block::Heading("Next".into()));
    }
}
