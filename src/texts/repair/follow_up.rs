//! What is said about repairs that came to no good end: that they can be taken back or planned again, and how.

use super::{code, plain};
use crate::{
    finding::{ActionHint, Target},
    repair::{FollowUp, Proposal},
};
use contract::{Block, Button};

/// What the button of a follow-up says.
pub fn follow_up_label(next: &FollowUp) -> &'static str {
    match next {
        FollowUp::TakeBack(_) => "Take it back…",
        FollowUp::PlanAgain(_) => "Plan again…",
    }
}

/// Why a follow-up is proposed.
pub fn follow_up_reason(next: &FollowUp, before: &Proposal) -> String {
    match next {
        FollowUp::TakeBack(_) => format!("It takes {} back, which did not help.", before.id),
        FollowUp::PlanAgain(_) => format!("It is {} planned again, from how things are now.", before.id),
    }
}

/// What a card that came to no good end offers.
pub fn follow_up(next: &FollowUp, button: Button) -> Vec<Block> {
    let what = match next {
        FollowUp::TakeBack(_) => "I can propose to take it back",
        FollowUp::PlanAgain(_) => "I can plan it again",
    };
    vec![
        Block::Paragraph(vec![
            plain(format!("{what}, also on ")),
            code(command(next.hint())),
            plain(". That is a new proposal, for somebody to approve."),
        ]),
        Block::Buttons(vec![button]),
    ]
}

/// The line that asks for a repair.
pub fn command(hint: &ActionHint) -> String {
    let object = |target: &Target| {
        let namespace = target.namespace.as_deref().unwrap_or_default();
        format!("{}/{} -n {namespace}", target.kind.to_lowercase(), target.name)
    };
    match hint {
        ActionHint::RestartRollout { target } => format!("/fix restart {}", object(target)),
        ActionHint::UndoRollout { target, to_revision: None } => format!("/fix undo {}", object(target)),
        ActionHint::UndoRollout { target, to_revision: Some(revision) } => {
            format!("/fix undo {} --revision {revision}", object(target))
        }
        ActionHint::Scale { target, replicas } => format!("/fix scale {} --replicas {replicas}", object(target)),
        ActionHint::DeletePod { target } => format!("/fix delete-pod {}", object(target)),
    }
}

#[cfg(test)]
mod tests {
    use super::{command, follow_up, follow_up_label};
    use crate::{
        finding::{ActionHint, Target},
        repair::FollowUp,
    };
    use contract::{Block, Body, Button, ButtonStyle, parse, plain};

    #[test]
    fn what_did_not_help_is_offered_to_be_taken_back_by_button_and_by_command() {
        let target = Target::namespaced("Deployment", "shop", "checkout");
        let next = FollowUp::TakeBack(ActionHint::UndoRollout { target, to_revision: Some(4) });
        let label = follow_up_label(&next).to_owned();
        let button = Button { label, token: "again".into(), style: ButtonStyle::Primary };
        let body = Body::new(follow_up(&next, button));
        let line = "/fix undo deployment/checkout -n shop --revision 4";
        assert!(plain(&body).contains(line), "{}", plain(&body));
        assert!(matches!(body.blocks.last(), Some(Block::Buttons(row)) if row.len() == 1));
    }

    #[test]
    fn the_line_of_every_repair_reads_back() {
        let target = || Target::namespaced("Deployment", "shop", "checkout");
        for (hint, action) in [
            (ActionHint::RestartRollout { target: target() }, "restart"),
            (ActionHint::UndoRollout { target: target(), to_revision: None }, "undo"),
            (ActionHint::Scale { target: target(), replicas: 3 }, "scale"),
            (ActionHint::DeletePod { target: Target::namespaced("Pod", "shop", "checkout-x") }, "delete-pod"),
        ] {
            let read = parse(&command(&hint)).unwrap();
            assert_eq!((read.get("action"), read.get("namespace")), (Some(action), Some("shop")));
        }
    }
}
