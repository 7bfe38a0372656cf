//! What is said about repairs: the card and its states, and why something cannot be done.

use super::time::{moment, span};
use crate::repair::{Action, ActionKind, Proposal, Refusal, Risk, State};
use chrono::{DateTime, Utc};
use contract::{Block, Body, Button, ButtonStyle, Span, Token};

/// To a model that wants to propose even more in one answer.
pub const ENOUGH_PROPOSALS: &str =
    "There are enough proposals in this answer. Let a person decide about them before you propose more.";
/// To a model that answers a caller without a channel.
pub const NO_CHANNEL_FOR_PROPOSALS: &str =
    "Nobody could approve it: this question did not come from a channel. Describe the repair in words instead.";

/// A diff on a card is cut here, so that the card is one message everywhere.
const LONGEST_DIFF: usize = 1500;
/// Longer words of an API server are cut.
const LONGEST_QUOTE: usize = 400;

fn plain(text: impl Into<String>) -> Span {
    Span::Plain(text.into())
}

fn strong(text: impl Into<String>) -> Span {
    Span::Strong(text.into())
}

fn code(text: impl Into<String>) -> Span {
    Span::Code(text.into())
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn quote(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    if text.chars().count() <= LONGEST_QUOTE {
        return text.to_owned();
    }
    text.chars().take(LONGEST_QUOTE).chain(['…']).collect()
}

/// `undo rollout of deployment/checkout in shop to revision 3`.
pub fn title(action: &Action) -> String {
    match action {
        Action::RestartRollout { target, .. } => format!("restart rollout of {target}"),
        Action::UndoRollout { target, to_revision, .. } => {
            format!("undo rollout of {target} to revision {to_revision}")
        }
        Action::Scale { target, from, to } => format!("scale {target} from {from} to {to} replicas"),
        Action::DeletePod { target, .. } => format!("delete {target}"),
    }
}

/// The card of a proposal in its present state, as one message.
pub fn card(proposal: &Proposal, buttons: Option<(Token, Token)>, now: DateTime<Utc>) -> Body {
    let mut blocks = vec![Block::Heading(upper(&proposal.title)), Block::Paragraph(status(proposal, now))];
    if let Some(reason) = proposal.reason.as_deref().filter(|_| !proposal.is_final()) {
        blocks.push(Block::Paragraph(vec![strong("Why this: "), plain(reason)]));
    }
    let done = match proposal.state {
        State::Proposed | State::Approved { .. } | State::Executing { .. } => false,
        State::Verifying { .. }
        | State::Succeeded { .. }
        | State::Failed { .. }
        | State::Unknown { .. }
        | State::Rejected { .. }
        | State::Expired { .. }
        | State::Superseded { .. } => true,
    };
    if !done {
        blocks.push(Block::Code { language: "diff".into(), text: capped(&proposal.diff) });
        let mut facts = vec![vec![
            plain("The server has rehearsed exactly this change and accepts it. "),
            plain(risk(proposal.risk)),
        ]];
        facts.extend(proposal.warnings.iter().map(|warning| vec![strong("Mind: "), plain(warning)]));
        blocks.push(Block::List(facts));
    }
    blocks.push(Block::Paragraph(vec![
        plain(format!("Asked for by {} in cluster {}. ", asker(proposal), proposal.cluster)),
        code(&proposal.id),
    ]));
    if let Some((approve, reject)) = buttons.filter(|_| proposal.is_open()) {
        blocks.push(Block::Buttons(vec![
            Button { label: "Approve".into(), token: approve, style: ButtonStyle::Danger },
            Button { label: "Reject".into(), token: reject, style: ButtonStyle::Neutral },
        ]));
    }
    Body::new(blocks)
}

fn asker(proposal: &Proposal) -> &str {
    proposal.requester.person.as_deref().unwrap_or_else(|| proposal.requester.actor.name())
}

fn status(proposal: &Proposal, now: DateTime<Utc>) -> Vec<Span> {
    let by = |who: &str, at: DateTime<Utc>| format!(" by {who} at {}. ", moment(at));
    match &proposal.state {
        State::Proposed => vec![
            strong("Waits for approval. "),
            plain(format!("Expires in {}, at {}.", span(proposal.expires_at - now), moment(proposal.expires_at))),
        ],
        State::Approved { by: who, at } => vec![strong("Approved"), plain(by(who, *at)), plain("It begins now.")],
        State::Executing { by: who, at, .. } => {
            vec![strong("Being carried out"), plain(format!(", approved by {who}, since {}.", moment(*at)))]
        }
        State::Verifying { by: who, deadline, .. } => {
            let seen = proposal.progress.clone().unwrap_or_else(|| "I am watching whether it helps.".to_owned());
            vec![
                strong("Done, being verified. "),
                plain(seen),
                plain(format!(" Approved by {who}. I watch for {} at most.", span(*deadline - now))),
            ]
        }
        State::Succeeded { by: who, at } => {
            vec![strong("Done and verified"), plain(format!(" at {}. Approved by {who}.", moment(*at)))]
        }
        State::Failed { by: who, at, why } => {
            vec![strong("Failed"), plain(format!(" at {}: {why} Approved by {who}.", moment(*at)))]
        }
        State::Unknown { by: who, at, why } => vec![
            strong("I cannot tell whether it happened"),
            plain(format!(" ({}): {why} Look at the object before you ask again. Approved by {who}.", moment(*at))),
        ],
        State::Rejected { by: who, at } => {
            vec![strong("Rejected"), plain(by(who, *at)), plain("Nothing was changed.")]
        }
        State::Expired { at } => vec![
            strong("Expired"),
            plain(format!(
                " at {}: nobody decided. Nothing was changed; ask again if it is still needed.",
                moment(*at)
            )),
        ],
        State::Superseded { why, .. } => {
            vec![strong("Not carried out. "), plain(format!("{why} Nothing was changed; ask again for a new plan."))]
        }
    }
}

fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "Risk: low, nobody should notice.",
        Risk::Medium => "Risk: medium, users may notice for a moment.",
        Risk::High => "Risk: high, something is down while it lasts. It needs a second person.",
    }
}

fn capped(diff: &str) -> String {
    let lines: Vec<&str> = diff.lines().collect();
    let mut shown = String::new();
    for (place, line) in lines.iter().enumerate() {
        if shown.chars().count() + line.chars().count() > LONGEST_DIFF {
            let left = lines.len() - place;
            shown.push_str(&format!("… {left} more {}", if left == 1 { "line" } else { "lines" }));
            return shown;
        }
        shown.push_str(line);
        shown.push('\n');
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// The proposals of a channel.
pub fn list(proposals: &[Proposal], now: DateTime<Utc>) -> Body {
    if proposals.is_empty() {
        return Body::text("No repairs were proposed here yet. /fix or a Fix… button makes a proposal.");
    }
    let items = proposals.iter().map(|proposal| {
        let state = match &proposal.state {
            State::Proposed => format!("waits for approval, expires in {}", span(proposal.expires_at - now)),
            State::Approved { by, .. } => format!("approved by {by}, begins now"),
            State::Executing { by, .. } => format!("approved by {by}, being carried out"),
            State::Verifying { by, .. } => format!("approved by {by}, being verified"),
            State::Succeeded { by, at } => format!("done and verified at {}, approved by {by}", moment(*at)),
            State::Failed { at, .. } => format!("failed at {}", moment(*at)),
            State::Unknown { at, .. } => format!("nobody knows whether it happened ({})", moment(*at)),
            State::Rejected { by, at } => format!("rejected by {by} at {}", moment(*at)),
            State::Expired { at } => format!("expired at {}", moment(*at)),
            State::Superseded { at, .. } => format!("dropped at {}: the object had changed", moment(*at)),
        };
        vec![code(&proposal.id), plain(format!(" {} ({}): {state}", proposal.title, proposal.cluster))]
    });
    let mut body = Body::new([Block::List(items.collect())]);
    if proposals.iter().any(Proposal::is_open) {
        body = body.with(Block::Paragraph(vec![
            plain("Decide with the buttons, or with "),
            code("/approve ID"),
            plain(" and "),
            code("/reject ID"),
            plain("."),
        ]));
    }
    body
}

/// There is none of this id in this channel.
pub fn no_such_proposal(id: &str) -> Body {
    Body::new([Block::Paragraph(vec![
        plain("There is no proposal "),
        code(id),
        plain(" in this channel. "),
        code("/proposals"),
        plain(" lists them."),
    ])])
}

/// A person's words about a card, as a question about what the card repairs.
pub fn question_about(proposal: &Proposal, text: &str) -> String {
    let target = proposal.action.target();
    format!(
        "{text}\n\n(This is about proposal {}: {}, in cluster {}, now {}. The object is {}/{} in namespace {}.)",
        proposal.id,
        proposal.title,
        proposal.cluster,
        proposal.state.name(),
        target.kind,
        target.name,
        target.namespace
    )
}

/// What a model reads after it proposed something.
pub fn for_model(proposal: &Proposal) -> String {
    let warnings = match proposal.warnings.as_slice() {
        [] => String::new(),
        warnings => format!(" Warnings: {}", warnings.join(" ")),
    };
    format!(
        "Proposal {} is made: {}. A person decides about it with the buttons on its card, which follows your answer; nothing has changed yet.{warnings} The diff:\n{}",
        proposal.id,
        proposal.title,
        capped(&proposal.diff)
    )
}

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

/// Sentences of the plan, of what was seen, and of what came of a write.
pub mod plan {
    use super::{quote, span};
    use chrono::TimeDelta;

    pub fn serving(revision: i64, pods: i64) -> String {
        let pods =
            if pods == 1 { "1 pod of it still serves".to_owned() } else { format!("{pods} pods of it still serve") };
        format!("revision {revision} worked: {pods}.")
    }

    pub fn lasted(revision: i64, length: TimeDelta) -> String {
        format!("revision {revision} was in place for {} before the next one.", span(length))
    }

    pub fn managed(by: &str) -> String {
        format!("{by} manages this object and may set it back. Make the same change at its source.")
    }

    pub fn autoscaler(name: &str, min: i64, max: i64) -> String {
        format!(
            "the autoscaler {name} sets the replicas of this workload, between {min} and {max}: it will change the number again."
        )
    }

    pub fn unseen(what: &str) -> String {
        format!("I could not look at the {what} of this namespace, so I cannot say whether one matters here.")
    }

    pub fn disruption_budget(name: &str) -> String {
        format!("the PodDisruptionBudget {name} allows no disruption now; deleting a pod goes around it.")
    }

    pub fn last_ready(owner: &str) -> String {
        format!("it is the only ready pod of {owner}: nothing serves until the new one is ready.")
    }

    pub const TO_ZERO: &str = "without a replica nothing serves any more.";
    pub const RECREATE: &str = "the strategy is Recreate: all pods stop before the new ones start.";
    pub const HIDDEN_ONLY: &str = "(only values that I do not show differ)\n";

    pub fn deleted(pod: &str, owner: &str) -> String {
        format!("- pod {pod}\n+ a new pod, made by {owner}\n")
    }

    pub fn already(replicas: i32) -> String {
        let word = if replicas == 1 { "replica" } else { "replicas" };
        format!("It already has {replicas} {word}: there is nothing to do.")
    }

    pub fn already_current(revision: i64) -> String {
        format!("Revision {revision} is the current one: there is nothing to undo.")
    }

    pub fn same_template(revision: i64) -> String {
        format!("Revision {revision} is the same as the current one: going back to it changes nothing.")
    }

    pub fn going_away(target: &str) -> String {
        format!("{target} is being deleted already.")
    }

    pub const NEGATIVE: &str = "Less than 0 replicas is not possible.";

    pub fn gone(target: &str) -> String {
        format!("Meanwhile {target} is gone.")
    }

    pub fn another(target: &str) -> String {
        format!("Meanwhile {target} was deleted and made again.")
    }

    pub fn changed(target: &str) -> String {
        format!("Somebody changed {target} after this was planned.")
    }

    pub fn earlier_changed(keeper: &str) -> String {
        format!("The earlier revision in {keeper} is no longer there as it was.")
    }

    pub fn conflict(said: &str) -> String {
        format!("The object changed in the same moment ({}).", quote(said))
    }

    pub fn refused(said: &str) -> String {
        format!("The server refused it: {}. Nothing was changed.", quote(said))
    }

    pub fn unreadable(said: &str) -> String {
        format!("I could not read the object before the change: {}. Nothing was changed; ask again.", quote(said))
    }

    pub fn not_sent(said: &str) -> String {
        format!("I could not reach the server: {}. Nothing was changed; ask again.", quote(said))
    }

    pub fn no_answer(said: &str) -> String {
        format!("the request was sent and the answer is missing ({}).", quote(said))
    }

    pub fn cannot_look(said: &str) -> String {
        format!("I was interrupted, and cannot look at the object ({}).", quote(said))
    }

    pub fn interrupted(target: &str) -> String {
        format!("I was interrupted, and {target} was changed since then, maybe by somebody else.")
    }

    pub const NOT_CARRIED_OUT: &str = "I was interrupted before it was carried out. Nothing was changed; ask again.";
    pub const FOUND_DONE: &str = "found done";

    // What is seen while it is verified.

    pub const NOT_OBSERVED: &str = "The controller has not seen the change yet.";
    pub const DEADLINE_EXCEEDED: &str = "The rollout exceeded its own progress deadline.";

    pub fn updated(updated: i64, wanted: i64) -> String {
        format!("{updated} of {wanted} pods are new.")
    }

    pub fn old_left(left: i64) -> String {
        if left == 1 { "1 old pod is still there.".into() } else { format!("{left} old pods are still there.") }
    }

    pub fn available(available: i64, wanted: i64) -> String {
        format!("{available} of {wanted} new pods are available.")
    }

    pub fn ready(ready: i64, wanted: i64) -> String {
        format!("{ready} of {wanted} pods are ready.")
    }

    pub fn pods_left(left: i64, wanted: i64) -> String {
        format!("{left} pods are there, {wanted} are wanted.")
    }

    pub fn pod_gone(name: &str) -> String {
        format!("Pod {name} is gone.")
    }

    pub fn pod_going(name: &str) -> String {
        format!("Pod {name} is stopping.")
    }

    pub fn stuck(pod: &str, why: &str) -> String {
        format!("Pod {pod}: {why}.")
    }

    pub fn steady(seconds: i64) -> String {
        format!("All pods are ready; I wait whether they stay so for {seconds} s.")
    }

    pub fn not_yet(said: &str) -> String {
        format!("I cannot look at it right now ({}).", quote(said))
    }

    pub const ALL_WELL: &str = "All is as wanted.";

    pub fn ran_out(missing: &str) -> String {
        format!("the change was made, but in time it did not have the effect. {missing}")
    }

    pub fn went_wrong(what: &str) -> String {
        format!("the change was made, but went wrong. {what}")
    }
}

#[cfg(test)]
mod tests {
    use super::{capped, card, list, question_about, title};
    use crate::repair::{Proposal, State, samples};
    use chrono::TimeDelta;
    use contract::{Block, Body, Token, plain};

    fn tokens() -> Option<(Token, Token)> {
        Some(("yes".into(), "no".into()))
    }

    fn buttons(body: &Body) -> usize {
        body.blocks.iter().filter(|block| matches!(block, Block::Buttons(_))).count()
    }

    #[test]
    fn titles_say_what_happens_to_what() {
        assert_eq!(
            samples::actions().map(|action| title(&action)),
            [
                "restart rollout of deployment/checkout in shop",
                "undo rollout of deployment/checkout in shop to revision 3",
                "scale deployment/checkout in shop from 2 to 3 replicas",
                "delete pod/checkout-59d6c-x2x4z in shop",
            ]
        );
    }

    #[test]
    fn a_card_says_all_that_a_decision_needs() {
        let proposal = samples::proposal(samples::undo());
        let body = card(&proposal, tokens(), samples::now() + TimeDelta::minutes(1));
        let text = plain(&body);
        for part in [
            "Undo rollout of deployment/checkout in shop to revision 3",
            "Waits for approval. Expires in 14m",
            "Why this: revision 3 still serves 2 pods",
            "+        image: shop/checkout:1",
            "rehearsed exactly this change",
            "Risk: medium",
            "Mind: Helm manages it",
            "Asked for by alice in cluster prod. r-abcde",
        ] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        assert_eq!(buttons(&body), 1);
    }

    #[test]
    fn a_decided_card_has_no_buttons_and_says_who_and_how_it_went() {
        let at = samples::now();
        let by = || String::from("bob");
        let deadline = at + TimeDelta::minutes(3);
        let table = [
            (State::Approved { by: by(), at }, "Approved by bob at 2026-11-23 09:00 UTC."),
            (State::Executing { by: by(), at, execution: "x".into() }, "Being carried out, approved by bob"),
            (
                State::Verifying { by: by(), since: at, deadline, execution: "x".into() },
                "Done, being verified. 2 of 3 pods are new. Approved by bob. I watch for 3m at most.",
            ),
            (State::Succeeded { by: by(), at }, "Done and verified at 2026-11-23 09:00 UTC. Approved by bob."),
            (State::Failed { by: by(), at, why: "No pod is ready.".into() }, "Failed at 2026-11-23 09:00 UTC: No pod"),
            (State::Unknown { by: by(), at, why: "No answer.".into() }, "I cannot tell whether it happened"),
            (State::Rejected { by: by(), at }, "Rejected by bob at 2026-11-23 09:00 UTC. Nothing was changed."),
            (State::Expired { at }, "Expired at 2026-11-23 09:00 UTC: nobody decided."),
            (State::Superseded { at, why: "Somebody changed it.".into() }, "Not carried out. Somebody changed it."),
        ];
        for (state, words) in table {
            let progress = Some("2 of 3 pods are new.".to_owned());
            let proposal = Proposal { state, progress, ..samples::proposal(samples::undo()) };
            let body = card(&proposal, tokens(), at);
            assert!(plain(&body).contains(words), "{words} is missing in:\n{}", plain(&body));
            assert_eq!(buttons(&body), 0);
        }
    }

    #[test]
    fn a_card_is_one_message_on_every_platform() {
        let diff: String = (0..400).map(|line| format!("+    line {line} of a long template\n")).collect();
        let warnings = vec!["w".repeat(150); 4];
        let proposal = Proposal { diff, warnings, ..samples::proposal(samples::undo()) };
        let text = plain(&card(&proposal, tokens(), samples::now()));
        assert!(text.contains("more lines"), "{text}");
        assert!(text.encode_utf16().count() < 3500, "{}", text.len());
    }

    #[test]
    fn a_diff_is_cut_between_lines() {
        assert_eq!(capped("-a\n+b\n"), "-a\n+b");
        let long = format!("{}\n{}\nlast\n", "a".repeat(1400), "b".repeat(200));
        assert_eq!(capped(&long), format!("{}\n… 2 more lines", "a".repeat(1400)));
    }

    #[test]
    fn the_list_says_what_waits_and_how_to_decide() {
        let open = samples::proposal(samples::undo());
        let over = Proposal { state: State::Rejected { by: "bob".into(), at: samples::now() }, ..open.clone() };
        let text = plain(&list(&[open, over.clone()], samples::now()));
        assert!(text.contains("waits for approval, expires in 15m") && text.contains("/approve ID"), "{text}");
        assert!(text.contains("rejected by bob"), "{text}");
        assert!(!plain(&list(&[over], samples::now())).contains("/approve"));
        assert!(plain(&list(&[], samples::now())).contains("No repairs"));
    }

    #[test]
    fn a_word_about_a_card_names_the_object() {
        let question = question_about(&samples::proposal(samples::undo()), "is this safe?");
        assert!(question.starts_with("is this safe?") && question.contains("Deployment/checkout in namespace shop"));
    }
}
