//! Just enough of multipart/form-data to read what an HTTP client writes.

use serde_json::Value;

/// The JSON body and the files of a request, with their names.
pub(super) fn read(content_type: &str, bytes: &[u8]) -> (Value, Vec<(String, Vec<u8>)>) {
    let Some((_, boundary)) = content_type.split_once("boundary=") else {
        return (serde_json::from_slice(bytes).unwrap_or(Value::Null), Vec::new());
    };
    let separator = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let mut body = Value::Null;
    let mut files = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, &separator) {
        rest = &rest[start + separator.len()..];
        let Some(head) = find(rest, b"\r\n\r\n") else { break };
        let header = String::from_utf8_lossy(&rest[..head]).into_owned();
        let content = &rest[head + 4..];
        let Some(end) = find(content, &separator) else { break };
        // The line feed before the next separator belongs to it.
        let part = &content[..end.saturating_sub(2)];
        if header.contains("name=\"payload_json\"") {
            body = serde_json::from_slice(part).unwrap_or(Value::Null);
        } else if let Some((_, name)) = header.split_once("filename=\"") {
            files.push((name.split('"').next().unwrap_or_default().to_owned(), part.to_vec()));
        }
        rest = &content[end..];
    }
    (body, files)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
