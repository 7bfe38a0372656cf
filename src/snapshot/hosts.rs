//! The hosts that a variable or the arguments of a container name. The rest of such texts is not kept: it may be a password.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::common::List;
use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::text::Str;

/// Names of hosts, each once, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hosts {
    names: List<Str>,
    /// The text is nothing but a single word: a host only if somebody says so.
    bare: bool,
}

impl Hosts {
    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(Str::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Forgets a single word, unless the variable that holds it is called as one that holds a host.
    pub(super) fn settle(&mut self, variable: &str) {
        const NAMES_OF_HOSTS: &[&str] =
            &["HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVICE", "ENDPOINT", "URL", "URI"];
        let last = variable.rsplit('_').next().unwrap_or_default();
        if self.bare && !NAMES_OF_HOSTS.iter().any(|name| last.eq_ignore_ascii_case(name)) {
            *self = Self::default();
        }
    }

    /// Of the value of a variable.
    fn of_value(text: &str) -> Self {
        if is_host(text) && !text.contains(".svc") {
            return Self { names: vec![Str::from(text)].into(), bare: true };
        }
        Self::of_texts([text])
    }

    /// Of texts in which a host stands with its port, its scheme or its whole name.
    fn of_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut names: Vec<Str> = Vec::new();
        for host in texts.into_iter().flat_map(hosts_in) {
            if !names.iter().any(|known| known == host) {
                names.push(Str::from(host));
            }
        }
        Self { names: names.into(), bare: false }
    }

    /// The repeated field of arguments.
    pub(super) fn read_texts<'a>(&mut self, first: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let mut texts = vec![String::from_utf8_lossy(first.bytes()?)];
        while let Some(value) = more.next()? {
            texts.push(String::from_utf8_lossy(value.bytes()?));
        }
        *self = Self::of_texts(texts.iter().map(AsRef::as_ref));
        Ok(())
    }
}

/// Whether a text can be the name of a host in the cluster: labels of letters, digits and dashes, none of them a number.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(known)
            && label.bytes().any(|byte| byte.is_ascii_lowercase())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// `postgres://user:password@db:5432/orders`, `kafka-0.kafka:9092,kafka-1.kafka:9092`, `--api=http://api.shop.svc`.
fn hosts_in(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|at: char| at.is_whitespace() || matches!(at, ',' | ';' | '=' | '"' | '\'' | '|'));
    parts.filter_map(|part| {
        let (scheme, rest) = part.split_once("://").map_or((false, part), |(_, rest)| (true, rest));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
        let numbered = port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let whole = host.split('.').nth(2) == Some("svc");
        let said = whole || numbered || (scheme && port.is_none());
        (said && is_host(host)).then_some(host)
    })
}

impl Wire for Hosts {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = Self::of_value(&String::from_utf8_lossy(value.bytes()?));
        Ok(())
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Hosts;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }
    fn visit_str<E>(self, text: &str) -> Result<Hosts, E> {
        Ok(Hosts::of_value(text))
    }
    // What is neither names no host.
    fn visit_bool<E>(self, _: bool) -> Result<Hosts, E> {
        Ok(Hosts::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Hosts, E> {
        Ok(Hosts::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Hosts, E> {
        Ok(Hosts::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Hosts, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(Hosts::of_texts(texts.iter().map(String::as_str)))
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Texts)
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    fn hosts(text: &str) -> Vec<String> {
        Hosts::of_texts([text]).iter().map(str::to_owned).collect()
    }

    #[test]
    fn hosts_stand_with_a_scheme_a_port_or_their_whole_name() {
        for (text, expected) in [
            ("postgres://shop:s3cret@db.data:5432/orders", vec!["db.data"]),
            ("kafka-0.kafka:9092,kafka-1.kafka:9092", vec!["kafka-0.kafka", "kafka-1.kafka"]),
            ("--upstream=http://api/v1?x=1", vec!["api"]),
            ("cache.shop.svc.cluster.local", vec!["cache.shop.svc.cluster.local"]),
            ("redis:6379", vec!["redis"]),
            ("--level debug --name=db", vec![]),
            ("10.0.0.1:5432", vec![]),
            ("user:password", vec![]),
            ("acme/api:17", vec![]),
            ("https://user:1234@", vec![]),
        ] {
            assert_eq!(hosts(text), expected, "{text}");
        }
    }

    #[test]
    fn a_single_word_is_a_host_only_where_its_variable_says_so() {
        let kept = |variable: &str, value: &str| {
            let mut hosts: Hosts = serde_json::from_value(value.into()).unwrap();
            hosts.settle(variable);
            hosts.iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(kept("DB_HOST", "db"), ["db"]);
        assert!(kept("DB_PASSWORD", "hunter2").is_empty());
        assert_eq!(kept("DB_PASSWORD", "db.shop.svc"), ["db.shop.svc"]);
        let arguments: Hosts = serde_json::from_value(serde_json::json!(["serve", "--db", "db:5432"])).unwrap();
        assert_eq!(arguments.iter().collect::<Vec<_>>(), ["db"]);
    }
}
