//! What is said about repairs: the card and its states, and why something cannot be done.

mod follow_up;
mod history;
pub mod plan;
mod refusal;

pub use follow_up::{command, follow_up, follow_up_label, follow_up_reason};
pub use history::{audit_holds, history};
pub use refusal::{refusal, why_not};

use super::time::{moment, span};
use crate::finding::Effect;
use crate::repair::{Action, Proposal, Risk, State};
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
        | State::Unproven { .. }
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
            plain(match proposal.effect {
                Effect::Cures => "",
                Effect::Relieves => " It leaves the cause as it is: the trouble can come back.",
            }),
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
        State::Unproven { by: who, at, why } => {
            vec![strong("Done, but not verified"), plain(format!(" at {}. {why} Approved by {who}.", moment(*at)))]
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
            vec![
                strong("Not carried out. "),
                plain(format!("{why} Nothing was changed; ask again if it is still needed.")),
            ]
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

/// An approved repair with which something is wrong that trying again does not mend.
pub fn stuck(proposal: &Proposal, error: impl std::fmt::Display) -> Body {
    Body::new([Block::Paragraph(vec![
        strong(upper(&proposal.title)),
        plain(format!(": I could not go on with it and gave up after several tries: {error}. Look at the object; ")),
        code(&proposal.id),
        plain(format!(" stays {}.", proposal.state.name())),
    ])])
}

/// Why a proposal was dropped before anybody decided.
pub fn resolved_by_itself(title: &str, taken_at: DateTime<Utc>) -> String {
    format!(
        "What it was meant to cure is gone: the inspection of {} does not find any more that {title}.",
        moment(taken_at)
    )
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
            State::Unproven { by, at, .. } => format!("done at {}, not verified, approved by {by}", moment(*at)),
            State::Failed { at, .. } => format!("failed at {}", moment(*at)),
            State::Unknown { at, .. } => format!("nobody knows whether it happened ({})", moment(*at)),
            State::Rejected { by, at } => format!("rejected by {by} at {}", moment(*at)),
            State::Expired { at } => format!("expired at {}", moment(*at)),
            State::Superseded { at, .. } => format!("dropped at {}: things had changed", moment(*at)),
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
            (
                State::Unproven { by: by(), at, why: "It can come back.".into() },
                "Done, but not verified at 2026-11-23 09:00 UTC. It can come back. Approved by bob.",
            ),
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
