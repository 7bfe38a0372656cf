//! Lists in JSON, cut where an item ends outside of its own brackets and strings.

use serde::Deserialize;

use super::{Envelope, LARGEST_ENVELOPE, LARGEST_ITEM, SplitError};

/// Takes `{"kind":…,"metadata":{…},"items":[{…},{…}]}` in chunks of any size.
#[derive(Debug, Default)]
pub(in crate::cluster) struct JsonSplitter {
    place: Place,
    /// Open brackets: of the envelope, or of the item while inside of one.
    depth: usize,
    string: InString,
    /// Everything but the items; `items` itself stays as an empty array.
    envelope: Vec<u8>,
    /// Where the last string of the envelope's top level begins and ends: the key, once a colon follows.
    last_string: (usize, usize),
    key_is_items: bool,
    /// The beginning of an item whose end is in a later chunk.
    carry: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Envelope,
    /// In the array, before an item or its end.
    Between,
    Item,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum InString {
    #[default]
    No,
    Yes,
    AfterBackslash,
}

impl JsonSplitter {
    /// Takes the next chunk and hands out every item that is complete with it, as JSON text.
    pub(in crate::cluster) fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), SplitError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.place {
                Place::Envelope => self.envelope(rest)?,
                Place::Between => self.between(rest)?,
                Place::Item => self.item(rest, &mut each)?,
            };
        }
        Ok(())
    }

    /// The envelope, when the list is complete.
    pub(in crate::cluster) fn finish(self) -> Result<Envelope, SplitError> {
        #[derive(Deserialize, Default)]
        struct List {
            #[serde(default)]
            kind: String,
            #[serde(default)]
            metadata: ListMeta,
        }
        #[derive(Deserialize, Default)]
        struct ListMeta {
            #[serde(default)]
            r#continue: Option<String>,
        }
        let list: List = serde_json::from_slice(&self.around()?).map_err(|_| SplitError::Malformed)?;
        Ok(Envelope { kind: list.kind, next: list.metadata.r#continue.filter(|token| !token.is_empty()) })
    }

    /// The text around the items.
    fn around(self) -> Result<Vec<u8>, SplitError> {
        let complete = self.place == Place::Envelope && self.depth == 0 && !self.envelope.is_empty();
        if complete { Ok(self.envelope) } else { Err(SplitError::Truncated) }
    }

    fn envelope<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], SplitError> {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.envelope.len() >= LARGEST_ENVELOPE {
                return Err(SplitError::TooLarge);
            }
            self.envelope.push(byte);
            if self.string != InString::No {
                self.string = self.string.after(byte);
                if self.string == InString::No && self.depth == 1 {
                    self.last_string.1 = self.envelope.len() - 1;
                }
                continue;
            }
            match byte {
                b'"' => {
                    self.string = InString::Yes;
                    if self.depth == 1 {
                        self.last_string = (self.envelope.len(), self.envelope.len());
                    }
                }
                b':' if self.depth == 1 => {
                    let (from, to) = self.last_string;
                    self.key_is_items = self.envelope.get(from..to) == Some(b"items");
                }
                b',' if self.depth == 1 => self.key_is_items = false,
                b'[' if self.depth == 1 && self.key_is_items => {
                    self.place = Place::Between;
                    return Ok(bytes.get(at + 1..).unwrap_or_default());
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.checked_sub(1).ok_or(SplitError::Malformed)?,
                _ => {}
            }
        }
        Ok(&[])
    }

    fn between<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], SplitError> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let Some(at) = bytes.iter().position(|byte| !blank(byte)) else { return Ok(&[]) };
        let rest = bytes.get(at..).unwrap_or_default();
        match rest.first() {
            Some(b']') => {
                self.envelope.push(b']');
                self.place = Place::Envelope;
                self.depth = 1;
                Ok(rest.get(1..).unwrap_or_default())
            }
            Some(b'}') => Err(SplitError::Malformed),
            _ => {
                self.place = Place::Item;
                self.depth = 0;
                Ok(rest)
            }
        }
    }

    /// An item ends where a comma or the array's end follows outside of its own brackets.
    fn item<'a>(&mut self, bytes: &'a [u8], each: &mut impl FnMut(&[u8])) -> Result<&'a [u8], SplitError> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.string {
                InString::AfterBackslash => self.string = InString::Yes,
                InString::Yes => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let Some(skip) = rest.iter().position(|b| matches!(b, b'"' | b'\\')) else { break };
                    at += skip;
                    self.string = self.string.after(rest.get(skip).copied().unwrap_or_default());
                }
                InString::No => match byte {
                    b'"' => self.string = InString::Yes,
                    b'{' | b'[' => self.depth += 1,
                    b',' | b']' if self.depth == 0 => {
                        let (item, rest) = bytes.split_at_checked(at).ok_or(SplitError::Malformed)?;
                        self.hand_out(item, each)?;
                        self.place = Place::Between;
                        return Ok(rest);
                    }
                    b'}' | b']' => self.depth = self.depth.checked_sub(1).ok_or(SplitError::Malformed)?,
                    _ => {}
                },
            }
            at += 1;
        }
        self.keep(bytes)?;
        Ok(&[])
    }

    fn hand_out(&mut self, item: &[u8], each: &mut impl FnMut(&[u8])) -> Result<(), SplitError> {
        if self.carry.is_empty() {
            each(item);
            return Ok(());
        }
        self.keep(item)?;
        each(&self.carry);
        self.carry.clear();
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if self.carry.len() + bytes.len() > LARGEST_ITEM {
            return Err(SplitError::TooLarge);
        }
        self.carry.extend_from_slice(bytes);
        Ok(())
    }
}

impl InString {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Yes, b'\\') => Self::AfterBackslash,
            (Self::Yes, b'"') => Self::No,
            (Self::Yes | Self::AfterBackslash, _) => Self::Yes,
            (Self::No, _) => Self::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn split(text: &[u8], size: usize) -> Result<(Vec<Value>, Value), SplitError> {
        let mut splitter = JsonSplitter::default();
        let mut items = Vec::new();
        for chunk in text.chunks(size) {
            splitter.feed(chunk, |item| items.push(serde_json::from_slice(item).unwrap()))?;
        }
        let around = splitter.around()?;
        Ok((items, serde_json::from_slice(&around).unwrap()))
    }

    /// What the server sends, in every way of cutting it.
    fn check(list: &str) {
        let mut whole: Value = serde_json::from_str(list).unwrap();
        let items = match whole.get_mut("items") {
            Some(Value::Array(items)) => std::mem::take(items),
            _ => Vec::new(),
        };
        for size in 1..=list.len() {
            assert_eq!(split(list.as_bytes(), size), Ok((items.clone(), whole.clone())), "chunks of {size}: {list}");
        }
    }

    #[test]
    fn items_come_out_whole_wherever_the_chunks_end() {
        check(r#"{"kind":"PodList","metadata":{"continue":"abc"},"items":[{"a":1},{"b":[1,{"c":"]}"}]},{}]}"#);
        check(r#"{"items":[{"a":"q\"uote\\"},{"b":"\\\"]},{"}],"metadata":{"resourceVersion":"7"}}"#);
        check("{ \"items\" : [ {\"a\" : 1 } ,\n {\"b\":2}\n ] , \"kind\":\"List\" }\n");
        check(r#"{"items":[{"name":"Zürich ☃"},1,"text, with ] comma",null,[1,2],true]}"#);
    }

    #[test]
    fn lists_without_items_are_empty() {
        check(r#"{"kind":"PodList","items":[],"metadata":{}}"#);
        check(r#"{"kind":"PodList","items":null,"metadata":{"continue":"x"}}"#);
        check(r#"{"kind":"PodList","metadata":{}}"#);
        check(r#"{"kind":"Status","status":"Failure"}"#);
    }

    #[test]
    fn only_the_top_level_items_are_the_items() {
        check(r#"{"metadata":{"items":[1,2]},"x":["items",[3]],"note":"items","items":[{"items":[4]}]}"#);
        check(r#"{"a":"items","b":[5],"items":[6]}"#);
        check(r#"{"it\"ems":[1],"items":{"a":[1]}}"#);
    }

    #[test]
    fn what_breaks_off_is_not_taken_for_complete() {
        let list = r#"{"items":[{"a":1},{"b":2}],"metadata":{}}"#;
        for end in 0..list.len() {
            let error = split(&list.as_bytes()[..end], 7).unwrap_err();
            assert_eq!(error, SplitError::Truncated, "{end}");
        }
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        for text in ["}", "]", r#"{"items":[}"#, r#"{"items":[1}"#, r#"{"items":[]}}"#] {
            assert_eq!(split(text.as_bytes(), 3), Err(SplitError::Malformed), "{text}");
        }
        for text in ["", "<html>", "\"", "{", "upstream connect error"] {
            let outcome = JsonSplitter::default().feed(text.as_bytes(), |_| ());
            assert!(outcome.is_ok() || outcome == Err(SplitError::Malformed));
        }
    }

    #[test]
    fn an_endless_item_is_not_collected() {
        let mut splitter = JsonSplitter::default();
        splitter.feed(br#"{"items":[{"a":""#, |_| ()).unwrap();
        let chunk = vec![b'x'; 1 << 20];
        let fed = (0..17).map(|_| splitter.feed(&chunk, |_| ())).find_map(Result::err);
        assert_eq!(fed, Some(SplitError::TooLarge));
    }

    #[test]
    fn memory_is_bounded_by_one_item() {
        let mut splitter = JsonSplitter::default();
        splitter.feed(br#"{"items":["#, |_| ()).unwrap();
        let item = json!({"metadata": {"name": "x".repeat(1000)}}).to_string() + ",";
        let mut seen = 0;
        for _ in 0..10_000 {
            for half in item.as_bytes().chunks(600) {
                splitter.feed(half, |_| seen += 1).unwrap();
            }
        }
        assert_eq!(seen, 10_000);
        assert!(splitter.carry.capacity() < 8 * item.len());
    }
}
