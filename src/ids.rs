//! Ids of our own: derived ones, so that a step that runs again makes the same message and not a second one, and
//! random ones, which nobody can guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{OutboundId, Token};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// The id of an outbound message, derived from what caused it: 128 bits in 22 characters.
pub fn outbound_id(cause: &str, part: usize) -> OutboundId {
    OutboundId(derived(&["outbound", cause, &part.to_string()]))
}

/// 128 bits in 22 characters, the same for the same parts.
pub fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}

/// 128 random bits in 22 characters.
pub fn random() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new button token.
pub fn token() -> Token {
    Token(random())
}

/// A short id for people to type: `r-` and five characters without look-alikes.
pub fn short(prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 5];
    rand::rng().fill_bytes(&mut bytes);
    let tail: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    format!("{prefix}-{tail}")
}

#[cfg(test)]
mod tests {
    use super::{outbound_id, random, short};

    #[test]
    fn derived_ids_repeat_and_differ_by_part() {
        assert_eq!(outbound_id("a", 0), outbound_id("a", 0));
        assert_ne!(outbound_id("a", 0), outbound_id("a", 1));
        assert_eq!(outbound_id("a", 0).as_str().len(), 22);
    }

    #[test]
    fn random_ids_fit_a_button() {
        assert_eq!(random().len(), 22);
        assert_ne!(random(), random());
        assert_eq!(short("r").len(), 7);
    }
}
