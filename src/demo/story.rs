//! The stories: one YAML file each, a timeline relative to now that the controllers live through before anybody looks.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::json::{name, namespace, text};
use super::resources;
use super::simulation::Simulation;
use super::world::Image;
use super::{defaults, managed};

/// A fault that the demo can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Story {
    /// `shop/checkout` was rolled out to an image that is not in the registry; an undo cures it.
    Checkout,
    /// `shop/cart` is killed for memory again and again.
    Cart,
    /// `payments/payments-api` refers to a ConfigMap that is not there.
    Payments,
    /// The Service `shop/search` selects labels that no pod has.
    Search,
    /// `analytics/report-builder` asks for more memory than any node has.
    Reports,
    /// The claim `warehouse/warehouse-data` names a storage class that is not there.
    Warehouse,
    /// The quota of `staging` has no room for all pods of `staging/preview`.
    Preview,
    /// The CronJob `billing/invoice-sync` fails.
    Invoices,
    /// The node `worker-c` is silent.
    Node,
    /// The certificate `shop/admin-tls` expires in a few days.
    Certificate,
}

impl Story {
    /// All of them, from an outage to what can wait until next week.
    pub const ALL: [Self; 10] = [
        Self::Checkout,
        Self::Cart,
        Self::Payments,
        Self::Search,
        Self::Reports,
        Self::Warehouse,
        Self::Preview,
        Self::Invoices,
        Self::Node,
        Self::Certificate,
    ];

    fn source(self) -> &'static str {
        match self {
            Self::Checkout => include_str!("stories/checkout.yaml"),
            Self::Cart => include_str!("stories/cart.yaml"),
            Self::Payments => include_str!("stories/payments.yaml"),
            Self::Search => include_str!("stories/search.yaml"),
            Self::Reports => include_str!("stories/reports.yaml"),
            Self::Warehouse => include_str!("stories/warehouse.yaml"),
            Self::Preview => include_str!("stories/preview.yaml"),
            Self::Invoices => include_str!("stories/invoices.yaml"),
            Self::Node => include_str!("stories/node.yaml"),
            Self::Certificate => include_str!("stories/certificate.yaml"),
        }
    }
}

/// A story file is wrong.
#[derive(Debug, thiserror::Error)]
#[error("demo story {story}: {problem}")]
pub struct StoryError {
    story: String,
    problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    title: String,
    #[serde(default)]
    images: BTreeMap<String, Image>,
    timeline: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    /// Relative to now: `-9d`, `-25m`, `-1d12h`.
    at: String,
    /// The field manager of the writes.
    #[serde(default = "kubectl")]
    by: String,
    /// Objects that are there from now on.
    #[serde(default)]
    apply: Vec<Value>,
    #[serde(default)]
    patch: Vec<Change>,
    #[serde(default)]
    certificates: Vec<Certificate>,
    /// Nodes whose kubelet falls silent.
    #[serde(default)]
    silence: Vec<String>,
}

fn kubectl() -> String {
    "kubectl-client-side-apply".to_owned()
}

/// A JSON patch on one object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    ops: json_patch::Patch,
}

/// A TLS Secret whose certificate is minted at the start.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Certificate {
    namespace: String,
    name: String,
    dns_names: Vec<String>,
    not_before: String,
    not_after: String,
}

/// Tells the backdrop and the stories up to now.
pub(super) fn tell(stories: &[Story], now: DateTime<Utc>) -> Result<Simulation, StoryError> {
    let mut files = vec![parse(include_str!("stories/backdrop.yaml"))?];
    for story in stories {
        files.push(parse(story.source())?);
    }
    let mut steps = Vec::new();
    let mut images = BTreeMap::new();
    for file in files {
        for step in file.timeline {
            let wrong = |problem: String| StoryError { story: file.title.clone(), problem };
            let at = moment(&step.at, now).ok_or_else(|| wrong(format!("no time: {}", step.at)))?;
            steps.push((at, file.title.clone(), step));
        }
        images.extend(file.images);
    }
    steps.sort_by_key(|(at, _, _)| *at);
    let start = steps.first().map_or(now, |(at, _, _)| *at);
    let mut simulation = Simulation::new(start);
    simulation.world.images = images;
    for (at, title, step) in steps {
        simulation.settle(at);
        play(&mut simulation, &step, now).map_err(|problem| StoryError { story: title, problem })?;
    }
    simulation.settle(now);
    Ok(simulation)
}

fn parse(source: &str) -> Result<File, StoryError> {
    serde_yaml_ng::from_str(source).map_err(|error| {
        let title = source.lines().next().unwrap_or_default();
        StoryError { story: title.to_owned(), problem: error.to_string() }
    })
}

fn play(simulation: &mut Simulation, step: &Step, now: DateTime<Utc>) -> Result<(), String> {
    for object in &step.apply {
        apply(simulation, object.clone(), &step.by)?;
    }
    for certificate in &step.certificates {
        apply(simulation, mint(certificate, now)?, &step.by)?;
    }
    for change in &step.patch {
        let row = resources::of_object(&change.api_version, &change.kind)
            .ok_or_else(|| format!("no such kind: {}", change.kind))?;
        let before = simulation
            .objects
            .get(row.id, &change.namespace, &change.name)
            .ok_or_else(|| format!("nothing to patch: {}", change.name))?;
        let mut after = (*before).clone();
        json_patch::patch(&mut after, &change.ops).map_err(|error| format!("patch of {}: {error}", change.name))?;
        managed::record(&before, &mut after, &step.by, None, simulation.now);
        simulation.objects.update(row.id, after);
    }
    for node in &step.silence {
        simulation.silence(node);
    }
    Ok(())
}

fn apply(simulation: &mut Simulation, mut object: Value, by: &str) -> Result<(), String> {
    let row = resources::of_object(text(&object, "/apiVersion"), text(&object, "/kind"))
        .ok_or_else(|| format!("no such kind: {}", object["kind"]))?;
    if row.namespaced() == namespace(&object).is_empty() {
        return Err(format!("{} {}: wrong scope", row.kind, name(&object)));
    }
    defaults::apply(row.id, &mut object);
    managed::record(&json!({}), &mut object, by, None, simulation.now);
    let now = simulation.now;
    let own = name(&object).to_owned();
    simulation
        .objects
        .insert(row.id, object, now)
        .map(drop)
        .ok_or_else(|| format!("{} {own} is there already", row.kind))
}

/// A moment relative to now: a sign, then numbers with `d`, `h`, `m` or `s`.
fn moment(words: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (sign, mut rest) = match words.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let mut seconds = 0;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..unit].parse().ok()?;
        seconds += number
            * match &rest[unit..=unit] {
                "d" => 86_400,
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                _ => return None,
            };
        rest = &rest[unit + 1..];
    }
    Some(now + TimeDelta::seconds(sign * seconds))
}

fn mint(wanted: &Certificate, now: DateTime<Utc>) -> Result<Value, String> {
    let time = |words: &str| {
        let seconds = moment(words, now)
            .and_then(|time| u64::try_from(time.timestamp()).ok())
            .ok_or_else(|| format!("no time: {words}"))?;
        Ok::<_, String>(rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds))
    };
    let problem = |error: rcgen::Error| format!("certificate {}: {error}", wanted.name);
    let mut parameters = rcgen::CertificateParams::new(wanted.dns_names.clone()).map_err(problem)?;
    parameters.not_before = time(&wanted.not_before)?;
    parameters.not_after = time(&wanted.not_after)?;
    let common = wanted.dns_names.first().cloned().unwrap_or_default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, common);
    let key = rcgen::KeyPair::generate().map_err(problem)?;
    let certificate = parameters.self_signed(&key).map_err(problem)?;
    Ok(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": { "namespace": wanted.namespace, "name": wanted.name },
        "stringData": { "tls.crt": certificate.pem(), "tls.key": key.serialize_pem() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_relative_to_now() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(moment("-1d12h", now), Some(now - TimeDelta::hours(36)));
        assert_eq!(moment("+9d", now), Some(now + TimeDelta::days(9)));
        assert_eq!(moment("yesterday", now), None);
        assert_eq!(moment("-5", now), None);
    }
}
