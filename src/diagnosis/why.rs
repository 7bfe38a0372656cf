//! The cause chain of one object: from what a person asked about, step by step, to what they have to change.

use super::ask;
use super::facts::facts;
use super::graph::{Graph, ObjectId};
use super::object::{Entity, kinds};
use super::relations::Relation;
use crate::finding::{Evidence, Finding, Fingerprint, Remedy, Severity, Target};
use crate::redact;
use crate::report::Report;
use crate::snapshot::{Labels, Snapshot};
use crate::texts::why as texts;
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};

/// What is known about why an object is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The cluster.
    pub cluster: String,
    /// The moment that it stands for.
    pub taken_at: DateTime<Utc>,
    /// What was asked about.
    pub subject: Target,
    /// From the subject to the root.
    pub steps: Vec<Step>,
    /// The finding at the end of the chain.
    pub root: Option<Fingerprint>,
    /// What it comes down to.
    pub verdict: Verdict,
    /// What to do, the cure of the root first.
    pub cures: Vec<Remedy>,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The object.
    pub object: Target,
    /// What is so with it, or how it leads on to the next.
    pub statement: String,
    /// The facts.
    pub evidence: Vec<Evidence>,
    /// The finding, where it is one.
    pub finding: Option<Fingerprint>,
    /// How bad, where it is a finding.
    pub severity: Option<Severity>,
}

/// What a chain comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Something is wrong, and the last step is the root of it.
    Explained,
    /// Nothing is wrong with it or with what it depends on, as far as was read.
    Healthy {
        /// What was looked at.
        checked: Vec<Evidence>,
        /// What could not be read, as a sentence.
        unread: Option<String>,
    },
    /// The cluster has no such object.
    NoSuchObject {
        /// What may be meant, the likeliest first.
        did_you_mean: Vec<Target>,
        /// Objects that name it, although it does not exist.
        named_by: Vec<Target>,
    },
    /// Nobody can tell: this is no kind of object that is read.
    NoSuchKind {
        /// Those that are.
        known: Vec<&'static str>,
    },
    /// Nobody can tell: objects of that kind were not read.
    NotRead {
        /// Such as `forbidden`.
        why: String,
    },
}

/// Explains one object. `kind` as `kubectl` takes it (`deploy`, `Deployment`, `pods`); an empty namespace for what has
/// none, or to find the only object of that name.
pub fn why(snapshot: &Snapshot, report: &Report, kind: &str, namespace: &str, name: &str) -> Chain {
    let graph = Graph::new(snapshot);
    explain(&graph, report, kind, namespace, name)
}

impl Chain {
    /// The chain as it may be shown: secrets taken out of what events and containers are quoted with.
    fn redacted(mut self) -> Self {
        let clean = |text: &mut String| {
            if let std::borrow::Cow::Owned(changed) = redact::text(text) {
                *text = changed;
            }
        };
        let checked = match &mut self.verdict {
            Verdict::Healthy { checked, .. } => checked.as_mut_slice(),
            Verdict::Explained
            | Verdict::NoSuchObject { .. }
            | Verdict::NoSuchKind { .. }
            | Verdict::NotRead { .. } => &mut [],
        };
        checked.iter_mut().for_each(|fact| clean(&mut fact.value));
        for step in &mut self.steps {
            clean(&mut step.statement);
            step.evidence.iter_mut().for_each(|fact| clean(&mut fact.value));
        }
        self
    }
}

pub(super) fn explain(graph: &Graph<'_>, report: &Report, kind: &str, namespace: &str, name: &str) -> Chain {
    let target = |kind: &str| Target {
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
        name: name.to_owned(),
    };
    let Some(kind) = kind_of(kind) else {
        return Chain { verdict: Verdict::NoSuchKind { known: kinds().collect() }, ..blank(report, target(kind)) };
    };
    let id = graph.find(kind, namespace, name).or_else(|| only(graph, kind, namespace, name));
    let chain = match id {
        // What is only heard of (its list was not read) can still have findings.
        Some(id) if graph.object(id).entity.is_some() || outermost(graph, report, id).is_some() => {
            explain_object(graph, report, id)
        }
        other => missing(graph, report, target(kind), other),
    };
    chain.redacted()
}

/// Kubernetes' kind for what people write: any case, plural, and `kubectl`'s short names.
pub(super) fn kind_of(written: &str) -> Option<&'static str> {
    let lower = written.to_lowercase();
    let long = match lower.as_str() {
        "po" => "pod",
        "deploy" => "deployment",
        "rs" => "replicaset",
        "sts" => "statefulset",
        "ds" => "daemonset",
        "cj" => "cronjob",
        "svc" => "service",
        "ing" | "ingresses" => "ingress",
        "cm" => "configmap",
        "pvc" | "claim" | "volumeclaim" => "persistentvolumeclaim",
        "pv" => "persistentvolume",
        "sc" | "storageclasses" => "storageclass",
        "quota" | "quotas" => "resourcequota",
        "no" => "node",
        "hpa" | "autoscaler" => "horizontalpodautoscaler",
        "pdb" => "poddisruptionbudget",
        "sa" => "serviceaccount",
        "netpol" | "networkpolicies" => "networkpolicy",
        "crd" => "customresourcedefinition",
        "csr" => "certificatesigningrequest",
        "ingressclasses" => "ingressclass",
        "gatewayclasses" => "gatewayclass",
        "ns" => "namespace",
        other => other,
    };
    let kind = |text: &str| kinds().find(|kind| kind.eq_ignore_ascii_case(text));
    kind(long).or_else(|| kind(long.strip_suffix('s')?))
}

/// The only object of that kind and name, where no namespace was given.
fn only(graph: &Graph<'_>, kind: &str, namespace: &str, name: &str) -> Option<ObjectId> {
    let same = |(_, object): &(ObjectId, super::Object<'_>)| object.kind == kind && object.name == name;
    let mut found = graph.objects().filter(|_| namespace.is_empty()).filter(same).map(|(id, _)| id);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn explain_object(graph: &Graph<'_>, report: &Report, id: ObjectId) -> Chain {
    let (steps, start) = lead(graph, report, id);
    let mut chain = blank(report, graph.object(id).target());
    chain.steps = steps;
    let Some(start) = start else {
        chain.steps.clear();
        chain.verdict =
            Verdict::Healthy { checked: facts(graph, id), unread: crate::texts::gaps::failed(&report.gaps) };
        return chain;
    };
    follow(report, start, &mut chain);
    chain
}

/// Adds the steps from a finding to its root, and what cures it.
fn follow(report: &Report, start: &Finding, chain: &mut Chain) {
    let mut at = Some(start);
    let mut seen = HashSet::new();
    while let Some(finding) = at.filter(|finding| seen.insert(&finding.fingerprint)) {
        chain.steps.push(Step {
            object: finding.target.clone(),
            statement: finding.title.clone(),
            evidence: finding.evidence.clone(),
            finding: Some(finding.fingerprint.clone()),
            severity: Some(finding.severity),
        });
        at = finding.caused_by.as_ref().and_then(|cause| report.find(cause));
    }
    let root = report.root_of(start);
    chain.root = Some(root.fingerprint.clone());
    chain.verdict = Verdict::Explained;
    chain.cures.clone_from(&root.remedies);
}

/// The way from an object to the nearest finding that concerns it: its own; those of its pods and its owner; those of
/// what it depends on.
fn lead<'r>(graph: &Graph<'_>, report: &'r Report, id: ObjectId) -> (Vec<Step>, Option<&'r Finding>) {
    let mut ways: VecDeque<(ObjectId, Vec<Step>)> = VecDeque::from([(id, Vec::new())]);
    let mut seen = HashSet::from([id]);
    while let Some((at, steps)) = ways.pop_front() {
        if let Some(finding) = outermost(graph, report, at) {
            return (steps, Some(finding));
        }
        let down = graph.depends_on(at).map(|(relation, to)| (relation, to, false));
        // A pod suffers with its workload, but a claim or a node does not with the pods that use it.
        let up = graph.dependents(at).filter(|(relation, _)| *relation == Relation::Owns && steps.is_empty());
        let up = up.map(|(relation, to)| (relation, to, true));
        for (relation, to, is_up) in down.chain(up) {
            if steps.len() < 4 && seen.insert(to) {
                let mut steps = steps.clone();
                let (from, next) = (graph.object(at).target(), graph.object(to).target());
                let statement = if is_up { texts::owned_by(&next) } else { texts::depends(relation, &next) };
                let evidence = if is_up { tie(graph, to, relation, at) } else { tie(graph, at, relation, to) };
                steps.push(Step { object: from, statement, evidence: vec![evidence], finding: None, severity: None });
                ways.push_back((to, steps));
            }
        }
    }
    (Vec::new(), None)
}

/// The field by which one object hangs on another.
fn tie(graph: &Graph<'_>, from: ObjectId, relation: Relation, to: ObjectId) -> Evidence {
    let (from, next) = (graph.object(from), graph.object(to));
    let name = || next.name.to_owned();
    let (field, value) = match relation {
        Relation::Owns => ("metadata.ownerReferences", format!("{}/{}", from.kind, from.name)),
        Relation::Selects | Relation::Guards => match from.entity {
            Some(Entity::Service(service)) => ("spec.selector", written(&service.spec.selector)),
            Some(Entity::PodDisruptionBudget(budget)) => {
                ("spec.selector", budget.spec.selector.as_ref().map(|it| written(&it.match_labels)).unwrap_or_default())
            }
            _ => ("spec.selector", name()),
        },
        Relation::Routes => ("backend", name()),
        Relation::RunsOn => ("spec.nodeName", name()),
        Relation::Mounts => match next.kind {
            "PersistentVolume" => ("spec.volumeName", name()),
            "StorageClass" => ("spec.storageClassName", name()),
            _ => ("spec.volumes", name()),
        },
        Relation::Refers => ("reference", format!("{}/{}", next.kind, next.name)),
        Relation::LimitedBy | Relation::AdmittedBy => ("event FailedCreate", name()),
        Relation::Calls => ("service", name()),
        Relation::Asks => ("env or args", name()),
        Relation::Scales => ("spec.scaleTargetRef", format!("{}/{}", next.kind, next.name)),
        Relation::MadeBy => match next.kind {
            "GatewayClass" => ("spec.gatewayClassName", name()),
            _ => ("spec.parentRefs", name()),
        },
    };
    Evidence::new(field, value)
}

/// `app=api,tier=web`
fn written(selector: &Labels) -> String {
    selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// The finding about an object that is furthest from its root: the one that says most of how it came to this.
fn outermost<'r>(graph: &Graph<'_>, report: &'r Report, id: ObjectId) -> Option<&'r Finding> {
    let target = graph.object(id).target();
    let concerns =
        |finding: &&Finding| finding.target == target || finding.objects.iter().any(|object| object.target() == target);
    let depth = |finding: &Finding| {
        let mut depth = 0;
        let mut at = finding;
        while let Some(cause) = at.caused_by.as_ref().and_then(|cause| report.find(cause)) {
            depth += 1;
            at = cause;
            if depth > report.findings.len() {
                break;
            }
        }
        depth
    };
    // Of an object itself the worst counts; of a pod that only shows what its workload has, the way is longest from there.
    let worth = |finding: &Finding| finding.severity > Severity::Info;
    let found = report.findings.iter().filter(concerns).filter(|finding| worth(finding));
    found.max_by_key(|finding| {
        (finding.target == target, finding.severity, depth(finding), Reverse(&finding.fingerprint))
    })
}

fn missing(graph: &Graph<'_>, report: &Report, subject: Target, id: Option<ObjectId>) -> Chain {
    let mut chain = blank(report, subject);
    let unread = graph.snapshot().unread.iter().find(|unread| unread.resource.api().kind == chain.subject.kind);
    if let Some(unread) = unread {
        chain.verdict = Verdict::NotRead { why: crate::texts::gaps::why_unread(&unread.why) };
        return chain;
    }
    let users = id.into_iter().flat_map(|id| graph.dependents(id));
    let mut named_by: Vec<Target> = users.map(|(_, user)| graph.object(graph.owner(user)).target()).collect();
    named_by.sort();
    named_by.dedup();
    let did_you_mean = ask::similar(graph, &chain.subject);
    // Who needs it suffers from its absence: their chain answers the question too.
    let sufferer = named_by.iter().find_map(|user| outermost(graph, report, graph.find_target(user)?));
    if let Some(sufferer) = sufferer {
        follow(report, sufferer, &mut chain);
    }
    chain.verdict = Verdict::NoSuchObject { did_you_mean, named_by };
    chain
}

fn blank(report: &Report, subject: Target) -> Chain {
    Chain {
        cluster: report.cluster.clone(),
        taken_at: report.taken_at,
        subject,
        steps: Vec::new(),
        root: None,
        verdict: Verdict::Explained,
        cures: Vec::new(),
    }
}
