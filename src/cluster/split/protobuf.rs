//! Lists in protobuf: four bytes that say so, then an envelope whose first field is the type and whose second is the list; in
//! that, metadata and items follow one another with their lengths.

use super::{Envelope, LARGEST_ENVELOPE, LARGEST_ITEM, SplitError};
use crate::snapshot::protobuf::{bytes_of, varint};

/// What every answer in Kubernetes' protobuf begins with.
pub(in crate::cluster) const MAGIC: &[u8] = b"k8s\0";

/// Fields of `runtime.Unknown` and, in its `raw`, of a list: `k8s.io/apimachinery`, `pkg/runtime/generated.proto`.
const TYPE: u32 = 1;
const RAW: u32 = 2;
const METADATA: u32 = 1;
const ITEMS: u32 = 2;

/// Takes a list in chunks of any size.
#[derive(Debug, Default)]
pub(in crate::cluster) struct ProtobufSplitter {
    place: Place,
    /// How much of the list is still to come.
    left: u64,
    /// How much of what comes next is of no interest.
    skip: u64,
    /// The beginning of something whose end is in a later chunk.
    carry: Vec<u8>,
    /// How long that has to be before it can be looked at again.
    wanted: usize,
    envelope: Envelope,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Magic,
    /// Outside of the list, before or after it.
    Envelope {
        listed: bool,
    },
    List,
}

/// What came of looking at the next bytes.
enum Step {
    /// So many of them are done with.
    Took(usize),
    /// They begin something of that length.
    Wants(usize),
}

/// The beginning of a field: its number, its own length, and that of its content.
struct Head {
    number: u32,
    length: usize,
    content: u64,
}

impl ProtobufSplitter {
    /// Takes the next chunk and hands out every item that is complete with it.
    pub(in crate::cluster) fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), SplitError> {
        let mut rest = chunk;
        loop {
            rest = self.leave_out(rest);
            if rest.is_empty() {
                return Ok(());
            }
            if self.carry.is_empty() {
                match self.step(rest, &mut each)? {
                    Step::Took(length) => rest = rest.get(length..).unwrap_or_default(),
                    Step::Wants(length) => {
                        self.wanted = length;
                        self.carry.extend_from_slice(rest);
                        return Ok(());
                    }
                }
            } else {
                let lacking = self.wanted.saturating_sub(self.carry.len()).min(rest.len());
                let (more, after) = rest.split_at_checked(lacking).ok_or(SplitError::Malformed)?;
                self.carry.extend_from_slice(more);
                rest = after;
                if self.carry.len() >= self.wanted {
                    self.look_again(&mut each)?;
                }
            }
        }
    }

    /// What stands around the items, when the list is complete.
    pub(in crate::cluster) fn finish(self) -> Result<Envelope, SplitError> {
        let complete = self.place == Place::Envelope { listed: true } && self.carry.is_empty() && self.skip == 0;
        if complete { Ok(self.envelope) } else { Err(SplitError::Truncated) }
    }

    fn leave_out<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let length = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= length as u64;
        bytes.get(length..).unwrap_or_default()
    }

    /// Looks at what was carried over, now that there is as much of it as was wanted: never more, so that all of it is taken.
    fn look_again(&mut self, each: &mut impl FnMut(&[u8])) -> Result<(), SplitError> {
        let mut carry = std::mem::take(&mut self.carry);
        match self.step(&carry, each)? {
            Step::Took(_) => carry.clear(),
            Step::Wants(length) => self.wanted = length,
        }
        self.carry = carry;
        Ok(())
    }

    fn step(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8])) -> Result<Step, SplitError> {
        match self.place {
            Place::Magic => {
                let Some(magic) = bytes.get(..MAGIC.len()) else { return Ok(Step::Wants(MAGIC.len())) };
                if magic != MAGIC {
                    return Err(SplitError::Malformed);
                }
                self.place = Place::Envelope { listed: false };
                Ok(Step::Took(MAGIC.len()))
            }
            Place::Envelope { .. } => self.around(bytes),
            Place::List => self.inside(bytes, each),
        }
    }

    fn around(&mut self, bytes: &[u8]) -> Result<Step, SplitError> {
        let Some(head) = head(bytes)? else { return Ok(Step::Wants(bytes.len() + 1)) };
        match head.number {
            TYPE => {
                let Some(content) = content(bytes, &head, LARGEST_ENVELOPE)? else {
                    return Ok(Step::Wants(head.length + head.content as usize));
                };
                self.envelope.kind = text(content, 2)?;
                Ok(Step::Took(head.length + content.len()))
            }
            RAW => {
                self.left = head.content;
                self.place = if self.left > 0 { Place::List } else { Place::Envelope { listed: true } };
                Ok(Step::Took(head.length))
            }
            _ => {
                self.skip = head.content;
                Ok(Step::Took(head.length))
            }
        }
    }

    fn inside(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8])) -> Result<Step, SplitError> {
        let Some(head) = head(bytes)? else { return Ok(Step::Wants(bytes.len() + 1)) };
        let largest = match head.number {
            METADATA => LARGEST_ENVELOPE,
            ITEMS => LARGEST_ITEM,
            _ => {
                self.pass(&head)?;
                self.skip = head.content;
                return Ok(Step::Took(head.length));
            }
        };
        let Some(content) = content(bytes, &head, largest)? else {
            return Ok(Step::Wants(head.length + head.content as usize));
        };
        self.pass(&head)?;
        if head.number == ITEMS {
            each(content);
        } else {
            self.envelope.next = Some(text(content, 3)?).filter(|token| !token.is_empty());
        }
        Ok(Step::Took(head.length + content.len()))
    }

    /// Counts a field off what is left of the list.
    fn pass(&mut self, head: &Head) -> Result<(), SplitError> {
        let whole = head.content.saturating_add(head.length as u64);
        self.left = self.left.checked_sub(whole).ok_or(SplitError::Malformed)?;
        if self.left == 0 {
            self.place = Place::Envelope { listed: true };
        }
        Ok(())
    }
}

/// The beginning of a field, if it is there as a whole.
fn head(bytes: &[u8]) -> Result<Option<Head>, SplitError> {
    let Some((tag, tag_length)) = number(bytes)? else { return Ok(None) };
    let field = u32::try_from(tag >> 3).ok().filter(|field| *field > 0).ok_or(SplitError::Malformed)?;
    let Some((value, length)) = number(bytes.get(tag_length..).unwrap_or_default())? else { return Ok(None) };
    match tag & 7 {
        // A number is as good as a field without content.
        0 => Ok(Some(Head { number: field, length: tag_length + length, content: 0 })),
        2 => Ok(Some(Head { number: field, length: tag_length + length, content: value })),
        _ => Err(SplitError::Malformed),
    }
}

/// The content of a field, if it is there as a whole.
fn content<'a>(bytes: &'a [u8], head: &Head, largest: usize) -> Result<Option<&'a [u8]>, SplitError> {
    match usize::try_from(head.content) {
        Ok(length) if length <= largest => Ok(bytes.get(head.length..head.length + length)),
        _ => Err(SplitError::TooLarge),
    }
}

fn number(bytes: &[u8]) -> Result<Option<(u64, usize)>, SplitError> {
    varint(bytes).map_err(|_| SplitError::Malformed)
}

fn text(message: &[u8], number: u32) -> Result<String, SplitError> {
    let bytes = bytes_of(message, number).map_err(|_| SplitError::Malformed)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(content);
        bytes
    }

    fn envelope(kind: &str, list: &[u8]) -> Vec<u8> {
        let type_meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &type_meta), field(2, list), field(3, b""), field(4, b"")].concat()
    }

    fn pods(token: &str, items: &[&[u8]]) -> Vec<u8> {
        let metadata = [field(2, b"7"), field(3, token.as_bytes())].concat();
        let items: Vec<u8> = items.iter().flat_map(|item| field(2, item)).collect();
        envelope("PodList", &[field(1, &metadata), items].concat())
    }

    fn split(bytes: &[u8], size: usize) -> Result<(Vec<Vec<u8>>, Envelope), SplitError> {
        let mut splitter = ProtobufSplitter::default();
        let mut items = Vec::new();
        for chunk in bytes.chunks(size) {
            splitter.feed(chunk, |item| items.push(item.to_vec()))?;
        }
        Ok((items, splitter.finish()?))
    }

    #[test]
    fn items_come_out_whole_wherever_the_chunks_end() {
        let long = vec![7; 300];
        let items: [&[u8]; 5] = [b"one", b"", &long, b"k8s\0", b"last"];
        let list = pods("abc", &items);
        let expected: Vec<Vec<u8>> = items.iter().map(|item| item.to_vec()).collect();
        let around = Envelope { kind: "PodList".to_owned(), next: Some("abc".to_owned()) };
        for size in 1..=list.len() {
            assert_eq!(split(&list, size), Ok((expected.clone(), around.clone())), "chunks of {size}");
        }
    }

    #[test]
    fn lists_without_items_are_empty_and_unknown_fields_are_left_out() {
        let around = |kind: &str| Envelope { kind: kind.to_owned(), next: None };
        assert_eq!(split(&pods("", &[]), 3), Ok((Vec::new(), around("PodList"))));
        assert_eq!(split(&envelope("PodList", b""), 3), Ok((Vec::new(), around("PodList"))));
        let list = [field(5, b"x"), vec![6 << 3, 0xff, 1], field(2, b"item"), field(7, b"y")].concat();
        for size in 1..=list.len() {
            assert_eq!(split(&envelope("AnyList", &list), size), Ok((vec![b"item".to_vec()], around("AnyList"))));
        }
    }

    #[test]
    fn what_breaks_off_is_not_taken_for_complete() {
        let list = pods("abc", &[b"one", b"two"]);
        // The two empty fields after the list say nothing; but half of one is not an end.
        let complete = [list.len() - 4, list.len() - 2, list.len()];
        for end in 0..=list.len() {
            let outcome = split(&list[..end], 5).map(|_| ());
            assert_eq!(outcome.is_ok(), complete.contains(&end), "{end}: {outcome:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        let too_long = [MAGIC, &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]].concat();
        let longer_than_the_list = envelope("PodList", &[0x12, 0x7f]);
        for bytes in
            [&b"{\"kind\":\"PodList\"}"[..], b"k8s\0\x00\x00", b"k8s\0\x0b\x01", &too_long, &longer_than_the_list]
        {
            assert!(split(bytes, 3).is_err(), "{bytes:?}");
        }
        // A byte changed anywhere: any outcome but a panic.
        let list = pods("abc", &[b"one", b"two"]);
        for at in 0..list.len() {
            for value in [0, 1, 0x12, 0x7f, 0x80, 0xff] {
                let mut odd = list.clone();
                odd[at] = value;
                split(&odd, 4).ok();
            }
        }
    }

    #[test]
    fn an_endless_item_is_not_collected() {
        let head = [MAGIC, &[0x0a, 0x00, 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x12, 0x81, 0x80, 0x80, 0x08]].concat();
        assert_eq!(ProtobufSplitter::default().feed(&head, |_| ()), Err(SplitError::TooLarge));
    }
}
