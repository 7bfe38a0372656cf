//! Letters as strokes: enough for names, dates and numbers in a picture, at any size, without a font file. Drawn like
//! lines, so they need nothing that the charts do not need anyway.

/// How high a capital is, in the letters' own unit; descenders go a third deeper.
const CAPITAL: f32 = 12.0;
/// Between two letters.
const GAP: f32 = 4.0;

/// The strokes of a text of this size, which is the height of a capital, from its left end on the base line.
pub(super) fn strokes(text: &str, size: f32) -> Vec<Vec<(f32, f32)>> {
    let unit = size / CAPITAL;
    let mut strokes = Vec::new();
    let mut left = 0.0;
    for character in text.chars() {
        let (width, drawn) = glyph(character);
        let point = |pair: &[u8]| match pair {
            [x, y] => (left + digit(*x) * unit, (digit(*y) - CAPITAL) * unit),
            _ => (left, 0.0),
        };
        strokes.extend(drawn.split_whitespace().map(|stroke| stroke.as_bytes().chunks(2).map(point).collect()));
        left += (width + GAP) * unit;
    }
    strokes
}

/// How long a text of this size is.
pub(super) fn length(text: &str, size: f32) -> f32 {
    let units: f32 = text.chars().map(|character| glyph(character).0 + GAP).sum();
    (units - GAP).max(0.0) * size / CAPITAL
}

fn glyph(character: char) -> (f32, &'static str) {
    let known = GLYPHS.iter().find(|(known, ..)| *known == character);
    known.map_or((7.0, UNKNOWN), |(_, width, strokes)| (f32::from(*width), *strokes))
}

/// `0` to `9`, then `a` for 10 and on.
fn digit(character: u8) -> f32 {
    char::from(character).to_digit(36).unwrap_or_default() as f32
}

/// What is shown for a character that is not in the table: an empty box.
const UNKNOWN: &str = "00707c0c00";

/// Character, width, and strokes as points: x and y of each as one digit, y from the top of a capital down.
#[rustfmt::skip]
const GLYPHS: &[(char, u8, &str)] = &[
    ('A', 8, "0c408c 1979"),
    ('B', 8, "0c005071755606 56878b6c0c"),
    ('C', 8, "82602003092c6c8a"),
    ('D', 8, "005083895c0c00"),
    ('E', 7, "70000c7c 0656"),
    ('F', 7, "70000c 0656"),
    ('G', 8, "82602003092c6c8a8757"),
    ('H', 8, "000c 808c 0686"),
    ('I', 0, "000c"),
    ('J', 5, "505a3c2c0a"),
    ('K', 8, "000c 8008 358c"),
    ('L', 7, "000c7c"),
    ('M', 8, "0c0047808c"),
    ('N', 8, "0c008c80"),
    ('O', 8, "206083896c2c090320"),
    ('P', 8, "0c006082856707"),
    ('Q', 8, "206083896c2c090320 588d"),
    ('R', 8, "0c006082856707 478c"),
    ('S', 8, "82602002042666888a6c2c0a"),
    ('T', 8, "0080 404c"),
    ('U', 8, "00092c6c8980"),
    ('V', 8, "004c80"),
    ('W', 10, "002c538ca0"),
    ('X', 8, "008c 800c"),
    ('Y', 8, "004680 464c"),
    ('Z', 8, "00800c8c"),
    ('a', 6, "646c 664424060a2c4c6a"),
    ('b', 6, "000c 062444666a4c2c0a"),
    ('c', 6, "664424060a2c4c6a"),
    ('d', 6, "606c 664424060a2c4c6a"),
    ('e', 6, "0868664424060a2c4c6b"),
    ('f', 4, "4030212c 0444"),
    ('g', 6, "646e4g1g 664424060a2c4c6a"),
    ('h', 6, "000c 062444666c"),
    ('i', 0, "040c 0001"),
    ('j', 2, "242e1g0g 2021"),
    ('k', 6, "000c 6409 276c"),
    ('l', 1, "000b1c"),
    ('m', 10, "040c 062434565c 567484a6ac"),
    ('n', 6, "040c 062444666c"),
    ('o', 6, "2444666a4c2c0a0624"),
    ('p', 6, "040g 062444666a4c2c0a"),
    ('q', 6, "646g 664424060a2c4c6a"),
    ('r', 4, "040c 072444"),
    ('s', 5, "55441405071848595b4c1c0b"),
    ('t', 4, "212b3c4c 0444"),
    ('u', 6, "040a2c4c6a 646c"),
    ('v', 6, "043c64"),
    ('w', 8, "042c466c84"),
    ('x', 6, "046c 640c"),
    ('y', 6, "043c 642f0g"),
    ('z', 6, "04640c6c"),
    ('0', 7, "205073795c2c090320"),
    ('1', 7, "13404c"),
    ('2', 7, "03205072740c7c"),
    ('3', 7, "02205072745636 56787a5c2c0a"),
    ('4', 7, "5c500878"),
    ('5', 7, "7010062555777a5c2c0a"),
    ('6', 7, "61502003092c5c7a78562608"),
    ('7', 7, "00703c"),
    ('8', 7, "260402205072745626080a2c5c7a7856"),
    ('9', 7, "1b2c5c797350200204265674"),
    (' ', 4, ""),
    ('!', 0, "0008 0b0c"),
    ('"', 3, "0003 3033"),
    ('#', 8, "311b 715b 0484 0888"),
    ('$', 8, "82602002042666888a6c2c0a 404c"),
    ('%', 8, "800c 0020230300 69898c6c69"),
    ('&', 8, "8c242130506163080a2c4c87"),
    ('\'', 0, "0003"),
    ('(', 3, "3004093d"),
    (')', 3, "0034390d"),
    ('*', 6, "3238 0367 6307"),
    ('+', 8, "434b 0787"),
    (',', 1, "1b1c0e"),
    ('-', 5, "0757"),
    ('.', 0, "0b0c"),
    ('/', 6, "600d"),
    (':', 0, "0506 0b0c"),
    (';', 1, "1516 1b1c0e"),
    ('<', 7, "73077b"),
    ('=', 8, "0585 0989"),
    ('>', 7, "03770b"),
    ('?', 7, "02205072744648 4b4c"),
    ('@', 10, "7454464869777488a7a3703003093c8c"),
    ('[', 3, "30000d3d"),
    ('\\', 6, "006d"),
    (']', 3, "00303d0d"),
    ('^', 6, "043064"),
    ('_', 7, "0d7d"),
    ('`', 2, "0022"),
    ('{', 4, "40212506272c4d"),
    ('|', 0, "000d"),
    ('}', 4, "00212546272c0d"),
    ('~', 8, "08266886"),
    ('…', 8, "0b0c 4b4c 8b8c"),
    ('−', 8, "0787"),
    ('→', 8, "0787 54875a"),
];

#[cfg(test)]
mod tests {
    use super::{GLYPHS, UNKNOWN, glyph, length, strokes};

    #[test]
    fn every_printable_ascii_character_has_its_own_shape() {
        for code in 0x20..0x7f {
            assert_ne!(glyph(char::from(code)).1, UNKNOWN, "{}", char::from(code));
        }
        assert_eq!(glyph('日').1, UNKNOWN);
    }

    #[test]
    fn every_stroke_lies_in_its_letter() {
        for (character, width, drawn) in GLYPHS {
            for stroke in drawn.split_whitespace() {
                assert!(stroke.len() >= 4 && stroke.len() % 2 == 0, "{character}: {stroke}");
            }
            for (x, y) in strokes(&character.to_string(), 12.0).into_iter().flatten() {
                assert!((0.0..=f32::from(*width)).contains(&x) && (-12.0..=4.0).contains(&y), "{character}: {x}, {y}");
            }
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_letters() {
        assert_eq!(length("", 12.0), 0.0);
        assert_eq!(length("HH", 12.0), 20.0);
        assert_eq!(length("HH", 24.0), 40.0);
    }
}
