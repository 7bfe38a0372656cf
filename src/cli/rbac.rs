//! `roundsman rbac`: the roles that the bot's identities need, and no more.

use crate::{
    cluster::Sources,
    config::{Config, Rights},
    repair::ActionKind,
    report::CheckSet,
    rights::{Names, Needs, Part, manifest},
};
use anyhow::bail;
use clap::ValueEnum;
use std::{collections::BTreeSet, io::Write, path::PathBuf, process::ExitCode};

/// `roundsman rbac`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A configuration of the bot: what it switches on is allowed, and nothing else
    #[arg(long, value_name = "roundsman.toml")]
    config: Option<PathBuf>,
    /// The cluster of the configuration that the roles are for [default: what any of them needs]
    #[arg(long, value_name = "NAME", requires = "config")]
    cluster: Option<String>,
    /// What to print [default: reader and writer; with a configuration what it switches on]
    #[arg(long, value_enum, value_name = "PART")]
    part: Vec<Printed>,
    /// The checks that run: daily, hygiene or all
    #[arg(long, default_value = "all", value_name = "SET")]
    set: CheckSet,
    /// For `roundsman inspect` alone: nobody looks at objects and logs from a chat, nothing is repaired
    #[arg(long, conflicts_with = "config")]
    inspect_only: bool,
    /// Only in these namespaces, by Roles instead of a ClusterRole, as far as that goes
    #[arg(long, value_name = "NAMESPACE")]
    only_in: Vec<String>,
    /// Begins the names of roles and accounts
    #[arg(long, default_value = "roundsman", value_parser = name)]
    name: String,
    /// The namespace of the accounts
    #[arg(long, default_value = "roundsman", value_parser = name)]
    namespace: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Printed {
    /// Reading, without Secrets
    Reader,
    /// Secrets, for the reading identity
    Secrets,
    /// What kubelets measure, for the reading identity
    Kubelet,
    /// Approved repairs
    Writer,
}

impl From<Printed> for Part {
    fn from(printed: Printed) -> Self {
        match printed {
            Printed::Reader => Self::Reader,
            Printed::Secrets => Self::Secrets,
            Printed::Kubelet => Self::Kubelet,
            Printed::Writer => Self::Writer,
        }
    }
}

/// Names of objects are RFC 1123 labels here, so that they can stand in YAML as they are.
fn name(text: &str) -> Result<String, &'static str> {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = (1..=40).contains(&text.len())
        && text.bytes().all(fine)
        && !text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        && !text.ends_with('-');
    if is_label { Ok(text.to_owned()) } else { Err("use lower-case letters, digits and '-', at most 40") }
}

/// Prints them.
///
/// # Errors
/// When the configuration cannot be read, or the output cannot be written.
pub(super) fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let needs = Needs { set: args.set, ..Needs::default() };
    let (mut parts, needs) = match &args.config {
        None if args.inspect_only => (vec![Part::Reader], Needs { chat: false, actions: BTreeSet::new(), ..needs }),
        None => (vec![Part::Reader, Part::Writer], needs),
        Some(path) => configured(Config::rights(path)?, args.cluster.as_deref(), needs)?,
    };
    if !args.part.is_empty() {
        parts = args.part.iter().map(|part| Part::from(*part)).collect();
    }
    let mut only_in = args.only_in.clone();
    only_in.sort();
    only_in.dedup();
    for namespace in &only_in {
        name(namespace).map_err(|error| anyhow::anyhow!("--only-in {namespace}: {error}"))?;
    }
    let names = Names { name: args.name.clone(), namespace: args.namespace.clone(), only_in };
    out.write_all(manifest(&parts, &needs, &names).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The parts that a configuration switches on, and the repairs that its rules allow.
fn configured(rights: Rights, cluster: Option<&str>, needs: Needs) -> anyhow::Result<(Vec<Part>, Needs)> {
    let Rights { clusters, policy } = rights;
    let meant: Vec<_> = clusters.iter().filter(|known| cluster.is_none_or(|name| known.name == name)).collect();
    if let (Some(name), true) = (cluster, meant.is_empty()) {
        bail!("there is no [[cluster]] called \"{name}\"");
    }
    let here = |named: &String| named == "*" || meant.iter().any(|cluster| cluster.name == *named);
    let rules = policy.rules.iter().filter(|rule| rule.clusters.iter().any(here));
    let actions: BTreeSet<ActionKind> = rules.flat_map(|rule| rule.actions.iter().copied()).collect();
    let repairs = policy.enabled && !actions.is_empty() && meant.iter().any(|cluster| cluster.writer.is_some());
    let mut parts = vec![Part::Reader];
    parts.extend(meant.iter().any(|cluster| cluster.secrets).then_some(Part::Secrets));
    let sources = Sources {
        kubelet_summary: meant.iter().any(|cluster| cluster.sources.kubelet_summary),
        logs: meant.iter().any(|cluster| cluster.sources.logs),
        custom_resources: meant.iter().flat_map(|cluster| cluster.sources.custom_resources.iter().cloned()).collect(),
        ..Sources::default()
    };
    parts.extend(sources.kubelet_summary.then_some(Part::Kubelet));
    parts.extend(repairs.then_some(Part::Writer));
    Ok((parts, Needs { actions: if repairs { actions } else { BTreeSet::new() }, sources, ..needs }))
}
