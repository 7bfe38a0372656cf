//! Why a repair cannot be planned, decided or carried out, and what to do about it.

use super::{super::time::moment, upper};
use crate::repair::{ActionKind, Refusal};
use contract::Body;

/// Longer words of an API server are cut.
const LONGEST_QUOTE: usize = 400;

/// Why not, for the person who asked or pressed.
pub fn refusal(refusal: &Refusal) -> Body {
    Body::text(why_not(refusal))
}

fn action_name(action: ActionKind) -> &'static str {
    match action {
        ActionKind::RestartRollout => "restart a rollout",
        ActionKind::UndoRollout => "undo a rollout",
        ActionKind::Scale => "scale",
        ActionKind::DeletePod => "delete a pod",
    }
}

/// Why not, as sentences.
pub fn why_not(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Disabled => "Repairs are switched off here: I only advise. The configuration can allow them with repair.enabled and a rule.".into(),
        Refusal::NotAllowed { action, cluster, namespace } => format!(
            "The configuration does not let anybody {} in namespace {namespace} of cluster {cluster}. A [[repair.rule]] would have to allow it.",
            action_name(*action)
        ),
        Refusal::TooLargeChange { from, to, limit } => format!(
            "From {from} to {to} replicas is too far in one step: the configuration allows a change of {limit}. Ask for less, or go in steps."
        ),
        Refusal::Protected { target, label } => {
            format!("The configuration protects {target} from repairs: it carries the label {label}.")
        }
        Refusal::NoSuchAction { action, kind } => {
            format!("I cannot {} with a {kind}: that action does not exist for it.", action_name(*action))
        }
        Refusal::NotAnApprover { name, approvers } if approvers.is_empty() => {
            format!("{name}, you may not decide about this. Nobody is listed as an approver for it.")
        }
        Refusal::NotAnApprover { name, approvers } => {
            format!("{name}, you may not decide about this. Who may: {}.", approvers.join(", "))
        }
        Refusal::SelfApproval => "You asked for this repair, so somebody else has to approve it.".into(),
        Refusal::SecondPerson => {
            "The risk of this repair is high: you asked for it, so a second person has to approve it.".into()
        }
        Refusal::Anonymous => "I cannot see who you are: you write as the group or the channel. Switch that off and press again as yourself.".into(),
        Refusal::Expired { at } => {
            format!("Too late: this proposal expired at {}. Nothing was changed; ask for the repair again.", moment(*at))
        }
        Refusal::ApprovalTooOld => "It was approved, but I could not begin for too long.".into(),
        Refusal::AlreadyDecided { what, by: Some(by), at } => {
            format!("This was already {what} by {by}, at {}.", moment(*at))
        }
        Refusal::AlreadyDecided { what, by: None, at } => format!("This was already {what} at {}.", moment(*at)),
        Refusal::Busy { other } => format!(
            "Another repair of the same object is under way: {other}. Decide again when it is over."
        ),
        Refusal::TooManyOpen { limit } => format!(
            "{limit} proposals wait for a decision here already. Decide about some of them first: /proposals lists them."
        ),
        Refusal::WrongChannel => "This proposal belongs to another channel and can only be decided there.".into(),
        Refusal::DigestMismatch => {
            "What is stored is not what was shown on the card. I do not touch it; ask for the repair again.".into()
        }
        Refusal::OutOfTurn { step, state } => format!("I cannot {step} a proposal that is {state}."),
        Refusal::TargetChanged { what } => what.clone(),
        Refusal::NoSuchTarget { target, cluster } => {
            format!("There is no {target} in cluster {cluster}. Check the name and the namespace.")
        }
        Refusal::NothingToDo { why } => why.clone(),
        Refusal::NoWriter { cluster } => format!(
            "I can only read cluster {cluster}: no identity for repairs is configured for it."
        ),
        Refusal::Forbidden { cluster, what, said } => {
            let said = if said.is_empty() { String::new() } else { format!(" The server says: {}.", quote(said)) };
            format!("My identity for repairs may not {what} in cluster {cluster}.{said} Its role has to allow it.")
        }
        Refusal::Invalid { said } => {
            format!("The server does not accept this change, so I do not propose it: {}.", quote(said))
        }
        Refusal::Unreachable { cluster, said } => {
            format!("I cannot plan this: cluster {cluster} does not answer ({}). Try again.", quote(said))
        }
        Refusal::NoEarlierRevision { target } => {
            format!("There is no earlier revision of {target} to go back to.")
        }
        Refusal::NoSuchRevision { target, asked, known } => {
            let known: Vec<String> = known.iter().map(i64::to_string).collect();
            format!("{} has no revision {asked} to go back to. It has {}.", upper(target), known.join(", "))
        }
        Refusal::Paused { target } => {
            format!("The rollout of {target} is paused: neither a restart nor an undo would take effect. Resume it first.")
        }
        Refusal::OnDelete { target } => format!(
            "{} replaces its pods only when somebody deletes them (updateStrategy OnDelete), so this would change no pod.",
            upper(target)
        ),
        Refusal::BarePod { target } => format!(
            "Nothing would make {target} again: it has no controller. Delete it by hand if you are sure."
        ),
    }
}

pub(super) fn quote(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    if text.chars().count() <= LONGEST_QUOTE {
        return text.to_owned();
    }
    text.chars().take(LONGEST_QUOTE).chain(['…']).collect()
}
