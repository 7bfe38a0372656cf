//! What tells an object from another one of the same name.

use std::fmt;

use serde::de::{Deserialize, Deserializer};

use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::text::Str;

/// `metadata.uid`. The API server gives UUIDs, kept here as the 16 bytes that they are: every object has one, and no two the
/// same. Kubernetes promises no form, so any other text is kept as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uid(Form);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Uuid([u8; 16]),
    Text(Str),
}

/// Where the dashes of a UUID are.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const LENGTH: usize = 36;

impl Uid {
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Text(text) if text.is_empty())
    }

    fn of(bytes: &[u8]) -> Self {
        Self(match uuid(bytes) {
            Some(uuid) => Form::Uuid(uuid),
            None => Form::Text(Str::from_utf8_lossy(bytes)),
        })
    }
}

/// The bytes of a UUID in the one form that the API server writes: lower case, with dashes.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != LENGTH || DASHES.iter().any(|dash| text[*dash] != b'-') {
        return None;
    }
    let mut digits = text.iter().enumerate().filter(|(place, _)| !DASHES.contains(place)).map(|(_, digit)| digit);
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = value(*digits.next()?)? << 4 | value(*digits.next()?)?;
    }
    Some(uuid)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self(Form::Text(Str::default()))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => fmt::Display::fmt(text, f),
            Form::Uuid([a, b, c, d, e, g, h, i, last @ ..]) => {
                write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}-{e:02x}{g:02x}-{h:02x}{i:02x}-")?;
                for (place, byte) in last.iter().enumerate() {
                    write!(f, "{}{byte:02x}", if place == 2 { "-" } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self::of(text.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

impl Wire for Uid {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = Self::of(value.bytes()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Uid};
    use std::collections::HashSet;

    #[test]
    fn a_uid_is_what_the_server_wrote() {
        for (text, is_uuid) in [
            ("7b3f0c9e-2d1b-4c55-9a55-0c7f5a1f0a11", true),
            ("7B3F0C9E-2d1b-4c55-9a55-0c7f5a1f0a11", false),
            ("7b3f0c9e-2d1b-4c55-9a55-0c7f5a1f0a1", false),
            ("7b3f0c9e02d1b-4c55-9a55-0c7f5a1f0a11", false),
            ("worker-1", false),
            ("", false),
        ] {
            let uid = Uid::from(text);
            assert_eq!(uid.to_string(), text);
            assert_eq!(matches!(uid.0, Form::Uuid(_)), is_uuid, "{text}");
            assert_eq!(uid.is_empty(), text.is_empty());
            assert_eq!(serde_json::from_value::<Uid>(text.into()).unwrap(), uid);
        }
    }

    #[test]
    fn uids_are_told_apart() {
        let all = ["7b3f0c9e-2d1b-4c55-9a55-0c7f5a1f0a11", "7b3f0c9e-2d1b-4c55-9a55-0c7f5a1f0a12", "a", "b", ""];
        assert_eq!(all.map(Uid::from).into_iter().collect::<HashSet<_>>().len(), all.len());
    }
}
