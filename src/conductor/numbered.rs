//! A finding that somebody names by its number in a report, also where it has no buttons.

use super::{Desk, Failure, commands::Order, repairs};
use crate::{
    channel::Grant,
    diagnosis,
    finding::{Finding, Level},
    inspection::{
        archive::{self, Scope},
        attention::{Rule, What},
    },
    outbox::{SUBJECTS, Subject},
    repair::Ask,
    report::{CheckSet, Report},
    texts,
};
use contract::{Body, Inbound};

/// Digits of a fingerprint from which on it is taken for one.
const LEAST_DIGITS: usize = 6;

/// A finding with the report that it stands in.
pub(super) struct Found {
    pub(super) report: Report,
    pub(super) finding: Finding,
}

/// The finding of that number (or fingerprint) in the report that is replied to, or else was shown here last.
pub(super) fn found(
    desk: &Desk,
    inbound: &Inbound,
    grant: &Grant<'_>,
    named: &str,
    cluster: Option<&str>,
) -> Result<Result<Found, Body>, Failure> {
    let replied = match &inbound.reply_to {
        Some(message) => desk.store.get(&SUBJECTS, (message.channel.to_string(), message.id.as_str()))?,
        None => None,
    };
    let replied = match replied.map(|subject| subject.into_value()) {
        Some(Subject::Report { key }) => Some(key),
        Some(Subject::Conversation { .. } | Subject::Proposal { .. } | Subject::Nothing) | None => None,
    };
    let cluster = match desk.cluster(grant.channel, cluster.or(replied.as_ref().map(|key| key.cluster.as_str()))) {
        Ok(cluster) => cluster.name().to_owned(),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let report = match replied.filter(|key| key.cluster == cluster) {
        Some(key) => archive::at(&desk.store, &key)?,
        None => archive::shown(&desk.store, &inbound.channel, &cluster)?,
    };
    let Some(report) = report else { return Ok(Err(texts::report::none_yet(&cluster, CheckSet::Daily))) };
    let known = report.trees().len();
    let found = match named.parse::<usize>() {
        Ok(number) => {
            let root = report.trees().get(number.wrapping_sub(1)).map(|tree| tree.root.fingerprint.clone());
            root.and_then(|root| Found::by(report, |finding| finding.fingerprint == root))
        }
        Err(_) if named.len() < LEAST_DIGITS => None,
        Err(_) => Found::by(report, |finding| finding.fingerprint.as_str().starts_with(named)),
    };
    Ok(found.ok_or_else(|| texts::attention::no_finding(named, &cluster, known)))
}

/// `/fix NUMBER`: proposes what cures that finding.
pub(super) async fn fix(order: &Order<'_>, number: &str) -> Result<(), Failure> {
    let Order { desk, taken, inbound, grant, invocation } = *order;
    let Found { report, finding } = match found(desk, inbound, grant, number, invocation.get("cluster"))? {
        Ok(found) => found,
        Err(refusal) => return order.say(refusal).await,
    };
    let Some(change) = diagnosis::proposed(&finding) else {
        return order.say(texts::numbered::no_action(number, &finding)).await;
    };
    let ask = Ask {
        hint: change.action.clone(),
        channel: inbound.channel.clone(),
        requester: repairs::requester(inbound, grant),
        reason: Some(texts::cures::reason(&change, &finding)),
        finding: Some(finding.fingerprint.clone()),
    };
    repairs::propose(desk, taken, inbound, grant, &report.cluster, ask).await
}

impl Found {
    pub(super) fn by(report: Report, wanted: impl Fn(&Finding) -> bool) -> Option<Self> {
        let finding = report.findings.iter().find(|finding| wanted(finding))?.clone();
        Some(Self { report, finding })
    }

    /// Where is looked whether it is still so, and by which checks.
    pub(super) fn place(&self) -> Scope<'_> {
        Scope::of(&self.report, None)
    }

    /// The finding with all that it explains, as bad as it is now.
    pub(super) fn what(&self) -> What {
        let Self { report, finding } = self;
        let trees = report.trees();
        let tree = trees.iter().find(|tree| tree.root.fingerprint == finding.fingerprint);
        let explained = tree.map(|tree| tree.explains.as_slice()).unwrap_or_default();
        What::Finding {
            fingerprint: finding.fingerprint.clone(),
            target: finding.target.clone(),
            title: finding.title.clone(),
            level: Level::with_all(finding, explained.iter().copied()),
        }
    }

    /// The same check about the same object.
    pub(super) fn rule(&self) -> Rule {
        let Finding { id, target, .. } = &self.finding;
        Rule {
            checks: vec![id.as_str().into()],
            namespaces: target.namespace.iter().map(|namespace| namespace.as_str().into()).collect(),
            names: vec![target.name.as_str().into()],
            ..Rule::default()
        }
    }
}
