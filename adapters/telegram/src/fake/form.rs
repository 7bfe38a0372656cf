//! The parameters of a request, in the two encodings that clients use: JSON and multipart.

use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(super) struct Form {
    values: Map<String, Value>,
    /// Uploaded file: the field, its file name, its bytes.
    pub(super) file: Option<(String, String, Vec<u8>)>,
}

impl Form {
    pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Self> {
        if let Some(boundary) = content_type.strip_prefix("multipart/form-data; boundary=") {
            return Some(Self::multipart(boundary.trim_matches('"'), body));
        }
        if body.is_empty() {
            return Some(Self::default());
        }
        let values = serde_json::from_slice(body).ok()?;
        Some(Self { values, file: None })
    }

    fn multipart(boundary: &str, body: &[u8]) -> Self {
        let mut form = Self::default();
        let mark = format!("--{boundary}").into_bytes();
        let mut rest = body;
        while let Some(start) = find(rest, &mark) {
            rest = &rest[start + mark.len()..];
            let end = find(rest, &mark).unwrap_or(rest.len());
            let Some(head_end) = find(&rest[..end], b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&rest[..head_end]).into_owned();
            let content = rest[head_end + 4..end].strip_suffix(b"\r\n").unwrap_or(&rest[head_end + 4..end]);
            let Some(name) = quoted(&head, " name=\"") else { continue };
            match quoted(&head, "filename=\"") {
                Some(file) => form.file = Some((name, file, content.to_vec())),
                None => {
                    let text = String::from_utf8_lossy(content).into_owned();
                    form.values.insert(name, Value::String(text));
                }
            }
        }
        form
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// An object, which a multipart request carries as text.
    pub(super) fn object(&self, name: &str) -> Option<Value> {
        match self.values.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Null => None,
            other => Some(other.clone()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn quoted(head: &str, key: &str) -> Option<String> {
    let (_, rest) = head.split_once(key)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
