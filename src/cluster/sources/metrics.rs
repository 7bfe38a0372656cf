//! The API server's own metrics: megabytes of text, of which a few lines are kept while it streams.

use super::{Gathered, Round};
use crate::cluster::wire::{Refused, TEXT};
use crate::signals::prometheus;
use crate::snapshot::{DeprecatedApi, EtcdStatus, ObjectMeta, Resource, Why};

/// A server with very many kinds writes some tens of megabytes.
const MOST_BYTES: usize = 128 << 20;
/// Longer lines are of nobody that we know.
const LONGEST_LINE: usize = 16 << 10;
/// Series of one family that are kept.
const MOST_KEPT: usize = 500;

const DEPRECATED: &str = "apiserver_requested_deprecated_apis";
/// The size of etcd's database, under the names that it had from one release to the next.
const ETCD_SIZES: [&str; 3] =
    ["apiserver_storage_size_bytes", "apiserver_storage_db_total_size_in_bytes", "etcd_db_total_size_in_bytes"];

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    if round.wants(Resource::EtcdStatuses)
        && let Some(endpoint) = &round.sources().prometheus
    {
        // It also knows the quota. Where it does not scrape etcd, the API server knows the size.
        if let Ok(etcd) = prometheus::etcd(endpoint).await
            && !etcd.is_empty()
        {
            into.objects.etcd_statuses = etcd;
            into.settle(Resource::EtcdStatuses, Ok(()));
        }
    }
    let wanted = [Resource::DeprecatedApis, Resource::EtcdStatuses];
    let wanted: Vec<Resource> =
        wanted.into_iter().filter(|one| round.wants(*one) && !into.settled.contains(one)).collect();
    if wanted.is_empty() {
        return;
    }
    let mut kept = Kept::default();
    let result = stream(round, &mut kept).await;
    for resource in wanted {
        match resource {
            Resource::EtcdStatuses => into.objects.etcd_statuses.append(&mut kept.etcd),
            _ => into.objects.deprecated_apis.append(&mut kept.deprecated),
        }
        into.settle(resource, result.clone().map_err(Why::from));
    }
}

async fn stream(round: &Round<'_>, kept: &mut Kept) -> Result<(), Refused> {
    let mut body = round.wire.get("/metrics", TEXT).await?.into_body();
    let (mut lines, mut bytes) = (Lines::default(), 0);
    while let Some(chunk) = round.wire.chunk(&mut body).await? {
        bytes += chunk.len();
        if bytes > MOST_BYTES {
            return Err(Refused::Status(200, "the metrics do not end".to_owned()));
        }
        lines.feed(&chunk, |line| kept.line(line));
    }
    lines.finish(|line| kept.line(line));
    Ok(())
}

/// Cuts a stream of bytes into lines; one that is too long is left out.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    too_long: bool,
}

impl Lines {
    fn feed(&mut self, mut chunk: &[u8], mut each: impl FnMut(&[u8])) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            match (self.too_long, self.begun.is_empty()) {
                (true, _) => {}
                (false, true) => each(line),
                (false, false) => {
                    self.begun.extend_from_slice(line);
                    each(&self.begun);
                }
            }
            self.begun.clear();
            self.too_long = false;
            chunk = rest;
        }
        self.too_long |= self.begun.len() + chunk.len() > LONGEST_LINE;
        if self.too_long {
            self.begun.clear();
        } else {
            self.begun.extend_from_slice(chunk);
        }
    }

    fn finish(self, mut each: impl FnMut(&[u8])) {
        if !self.too_long {
            each(&self.begun);
        }
    }
}

/// What is kept of them.
#[derive(Debug, Default)]
struct Kept {
    deprecated: Vec<DeprecatedApi>,
    etcd: Vec<EtcdStatus>,
}

impl Kept {
    fn line(&mut self, line: &[u8]) {
        let family = line.split(|byte| b"{ ".contains(byte)).next().unwrap_or_default();
        let is_deprecated = family == DEPRECATED.as_bytes();
        if !is_deprecated && !ETCD_SIZES.iter().any(|name| name.as_bytes() == family) {
            return;
        }
        let Some(sample) = std::str::from_utf8(line).ok().and_then(Sample::of) else { return };
        if is_deprecated {
            self.deprecated(&sample);
        } else {
            self.etcd(&sample);
        }
    }

    fn deprecated(&mut self, sample: &Sample<'_>) {
        let (group, version, resource) = (sample.label("group"), sample.label("version"), sample.label("resource"));
        let name =
            if group.is_empty() { format!("{resource}/{version}") } else { format!("{resource}.{group}/{version}") };
        let known = self.deprecated.iter().any(|api| api.meta.name == *name);
        if resource.is_empty() || sample.value <= 0.0 || known || self.deprecated.len() >= MOST_KEPT {
            return;
        }
        self.deprecated.push(DeprecatedApi {
            meta: ObjectMeta { name: name.as_str().into(), ..ObjectMeta::default() },
            group: group.into(),
            version: version.into(),
            resource: resource.into(),
            removed_release: sample.label("removed_release").into(),
        });
    }

    fn etcd(&mut self, sample: &Sample<'_>) {
        let name = [sample.label("storage_cluster_id"), sample.label("endpoint"), sample.label("server")];
        let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or("etcd");
        let known = self.etcd.iter().any(|etcd| etcd.meta.name == *name);
        if sample.value <= 0.0 || known || self.etcd.len() >= MOST_KEPT {
            return;
        }
        self.etcd.push(EtcdStatus {
            meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
            db_bytes: sample.value as i64,
            ..EtcdStatus::default()
        });
    }
}

/// One line of the text format.
#[derive(Debug, PartialEq)]
struct Sample<'a> {
    labels: Vec<(&'a str, String)>,
    value: f64,
}

impl<'a> Sample<'a> {
    /// A line that is none, or whose value is no number, says nothing.
    fn of(line: &'a str) -> Option<Self> {
        let (mut labels, mut rest) = (Vec::new(), line.trim_start_matches(|c| c != '{' && c != ' '));
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            loop {
                rest = rest.trim_start_matches([',', ' ']);
                if let Some(after) = rest.strip_prefix('}') {
                    rest = after;
                    break;
                }
                let (name, value) = rest.split_once("=\"")?;
                let (value, after) = quoted(value)?;
                labels.push((name, value));
                rest = after;
            }
        }
        let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
        value.is_finite().then_some(Self { labels, value })
    }

    fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// A text up to its closing quote, and what comes after.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &[u8], piece: usize) -> Kept {
        let (mut kept, mut lines) = (Kept::default(), Lines::default());
        text.chunks(piece).for_each(|chunk| lines.feed(chunk, |line| kept.line(line)));
        lines.finish(|line| kept.line(line));
        kept
    }

    /// As v1.37 writes it, shortened.
    const SAID: &str = r#"# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested.
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="",removed_release="",resource="endpoints",subresource="",version="v1"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.39",resource="flowschemas",subresource="",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.39",resource="flowschemas",subresource="status",version="v1beta3"} 1
apiserver_requested_deprecated_apis_total{group="a",resource="b",version="c"} 1
apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 3.710976e+06
apiserver_storage_size_bytes{storage_cluster_id="etcd-1"} NaN
etcd_db_total_size_in_bytes{endpoint="http://10.0.0.1:2379"} 2.5e+09 1700000000
workqueue_adds_total{name="x\"}{\\"} 7"#;

    #[test]
    fn the_few_lines_that_matter_are_kept_however_they_arrive() {
        for piece in [1, 7, 64, 4096] {
            let kept = kept(SAID.as_bytes(), piece);
            let names: Vec<(&str, &str)> =
                kept.deprecated.iter().map(|api| (&*api.meta.name, &*api.removed_release)).collect();
            assert_eq!(names, [("endpoints/v1", ""), ("flowschemas.flowcontrol.apiserver.k8s.io/v1beta3", "1.39")]);
            let sizes: Vec<(&str, i64)> = kept.etcd.iter().map(|etcd| (&*etcd.meta.name, etcd.db_bytes)).collect();
            assert_eq!(sizes, [("etcd-0", 3_710_976), ("http://10.0.0.1:2379", 2_500_000_000)]);
        }
    }

    #[test]
    fn nonsense_between_the_lines_hides_none_of_them() {
        let mut text = b"apiserver_storage_size_bytes{storage_cluster_id=\"\xff\xfe\"} 1\n".to_vec();
        text.extend(b"apiserver_storage_size_bytes{storage_cluster_id=\"open\n");
        text.extend(b"apiserver_storage_size_bytes{storage_cluster_id=\"a\"} many\n");
        text.extend(b"apiserver_storage_size_bytes{ +Inf\n");
        text.extend(b"apiserver_requested_deprecated_apis{resource=\"");
        text.extend(vec![b'x'; 2 << 20]);
        text.extend(b"\"} 1\napiserver_storage_size_bytes 5");
        let kept = kept(&text, 4096);
        assert!(kept.deprecated.is_empty());
        assert_eq!(kept.etcd.iter().map(|etcd| etcd.db_bytes).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn labels_are_unescaped() {
        let sample = Sample::of(r#"m{a="x\"y\\z\n",b=""} 2 3"#).unwrap();
        assert_eq!(sample, Sample { labels: vec![("a", "x\"y\\z\n".to_owned()), ("b", String::new())], value: 2.0 });
        assert_eq!(Sample::of("m 4").unwrap().value, 4.0);
        assert_eq!(Sample::of("m{a=\"b\"}"), None);
    }
}
