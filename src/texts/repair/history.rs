//! What happened to a repair, as the audit has it.

use super::{code, plain, strong};
use crate::{
    repair::{AuditEvent, Entry, Outcome, Proposal, audit::Who},
    texts::time::moment,
};
use contract::{Block, Body, Span};

/// How many entries were found to fit.
pub fn audit_holds(entries: usize) -> String {
    format!("{entries} entries, none changed or missing")
}

/// All that happened to one proposal, the oldest first.
pub fn history(proposal: &Proposal, entries: &[Entry]) -> Body {
    let items = entries.iter().map(item).collect();
    Body::new([
        Block::Paragraph(vec![
            code(&proposal.id),
            plain(format!(" {}, now {}.", proposal.title, proposal.state.name())),
        ]),
        Block::List(items),
    ])
}

fn item(entry: &Entry) -> Vec<Span> {
    let mut item = vec![Span::Muted(format!("{} #{} ", moment(entry.at), entry.seq))];
    item.extend(what(&entry.event));
    item
}

fn what(event: &AuditEvent) -> Vec<Span> {
    match event {
        AuditEvent::Proposed { who, digest, .. } => {
            vec![strong("proposed"), plain(format!(" by {}, digest ", name(who))), code(short(digest))]
        }
        AuditEvent::Decided { who, decision, digest, .. } => {
            vec![strong(decision.clone()), plain(format!(" by {}, digest ", name(who))), code(short(digest))]
        }
        AuditEvent::Refused { who, why, .. } => {
            vec![strong("refused"), plain(format!(" to {}: {why}", name(who)))]
        }
        AuditEvent::ForeignPress { who, .. } => vec![plain(format!("a foreign button pressed by {}", name(who)))],
        AuditEvent::Expired { .. } => vec![strong("expired")],
        AuditEvent::Executing { execution, request, .. } => vec![
            strong("begun"),
            plain(format!(" as {execution}: {} ", request.verb.name())),
            code(request.path.clone()),
        ],
        AuditEvent::Executed { result, .. } => vec![strong("carried out"), plain(format!(": {}", outcome(result)))],
        AuditEvent::Verified { result, why, .. } => {
            let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            vec![strong(result.clone()), plain(why)]
        }
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { response, .. } => format!("the server took it, {response}"),
        Outcome::Changed { why } => format!("nothing, the object had changed: {why}"),
        Outcome::Refused { why } => format!("nothing, the server refused: {why}"),
        Outcome::NotDone { why } => format!("nothing: {why}"),
        Outcome::Unclear { why } => format!("nobody knows: {why}"),
    }
}

/// The configured name where there is one, else what the platform shows, which anybody can choose; and the id.
fn name(who: &Who) -> String {
    let shown = who.person.as_deref().unwrap_or_else(|| who.actor.name());
    match who.actor.id() {
        Some(id) => format!("{shown} ({} {id})", who.channel.platform),
        None => format!("{shown} (without an id)"),
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::history;
    use crate::repair::{AuditEvent, Entry, Refusal, samples};
    use contract::plain;

    #[test]
    fn every_step_says_who_and_what() {
        let proposal = samples::proposal(samples::undo());
        let bob = samples::decider("bob");
        let events = [
            AuditEvent::proposed(&proposal),
            AuditEvent::refused(&proposal, &bob, &Refusal::SelfApproval),
            AuditEvent::executing(&proposal),
            AuditEvent::expired(&proposal),
        ];
        let entry = |(place, event)| {
            let (previous_hash, hash) = (String::new(), String::new());
            Entry { seq: place + 1, at: samples::now(), previous_hash, hash, event }
        };
        let entries: Vec<Entry> = (0u64..).zip(events).map(entry).collect();
        let text = plain(&history(&proposal, &entries));
        for part in [
            "r-abcde undo rollout of deployment/checkout",
            "#1 proposed by alice (console alice), digest ",
            "#2 refused to bob (console bob): You asked for this repair",
            "patch /apis/apps/v1/namespaces/shop/deployments/checkout",
            "#4 expired",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }
}
