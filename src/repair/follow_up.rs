//! What a repair that came to no good end leads to: it is taken back, or planned again. Pure; either is a new proposal
//! that somebody has to approve.

use super::{action::Action, proposal::Proposal, state::State};
use crate::finding::ActionHint;

/// What a finished card offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUp {
    /// It was carried out and did not help.
    TakeBack(ActionHint),
    /// It was not carried out.
    PlanAgain(ActionHint),
}

impl FollowUp {
    /// What is to be proposed.
    pub fn hint(&self) -> &ActionHint {
        match self {
            Self::TakeBack(hint) | Self::PlanAgain(hint) => hint,
        }
    }
}

/// What follows when a proposal has come from one state to another.
pub fn follow_up(before: &State, after: &Proposal) -> Option<FollowUp> {
    match &after.state {
        State::Failed { .. } if matches!(before, State::Verifying { .. }) => {
            after.inverse.clone().map(FollowUp::TakeBack)
        }
        // There is nothing left to cure.
        State::Superseded { .. } if matches!(before, State::Proposed) => None,
        State::Failed { .. } | State::Superseded { .. } | State::Expired { .. } => {
            Some(FollowUp::PlanAgain(wish(&after.action)))
        }
        State::Proposed
        | State::Approved { .. }
        | State::Executing { .. }
        | State::Verifying { .. }
        | State::Succeeded { .. }
        | State::Unproven { .. }
        // Nobody knows what it would be planned from.
        | State::Unknown { .. }
        | State::Rejected { .. } => None,
    }
}

/// The same wish, to be planned from what the cluster says then.
pub(super) fn wish(action: &Action) -> ActionHint {
    let target = action.target().found();
    match action {
        Action::RestartRollout { .. } => ActionHint::RestartRollout { target },
        Action::UndoRollout { to_revision, .. } => ActionHint::UndoRollout { target, to_revision: Some(*to_revision) },
        Action::Scale { to, .. } => ActionHint::Scale { target, replicas: *to },
        Action::DeletePod { .. } => ActionHint::DeletePod { target },
    }
}

#[cfg(test)]
mod tests {
    use super::{FollowUp, follow_up};
    use crate::{
        finding::{ActionHint, Target},
        repair::{Proposal, State, samples},
    };
    use chrono::TimeDelta;

    fn verifying() -> State {
        let since = samples::now();
        State::Verifying { by: "bob".into(), since, deadline: since + TimeDelta::minutes(3), execution: "x".into() }
    }

    fn failed() -> State {
        State::Failed { by: "bob".into(), at: samples::now(), why: "No pod is ready.".into() }
    }

    fn checkout() -> Target {
        Target::namespaced("Deployment", "shop", "checkout")
    }

    #[test]
    fn what_did_not_help_can_be_taken_back_where_there_is_a_way() {
        let inverse = ActionHint::UndoRollout { target: checkout(), to_revision: Some(4) };
        let undo = Proposal { inverse: Some(inverse.clone()), state: failed(), ..samples::proposal(samples::undo()) };
        assert_eq!(follow_up(&verifying(), &undo), Some(FollowUp::TakeBack(inverse)));
        let restart = Proposal { state: failed(), ..samples::proposal(samples::restart()) };
        assert_eq!(follow_up(&verifying(), &restart), None);
    }

    #[test]
    fn what_was_not_carried_out_can_be_planned_again() {
        let executing = State::Executing { by: "bob".into(), at: samples::now(), execution: "x".into() };
        let superseded = State::Superseded { at: samples::now(), why: "Somebody changed it.".into() };
        let expired = State::Expired { at: samples::now() };
        let again = FollowUp::PlanAgain(ActionHint::Scale { target: checkout(), replicas: 3 });
        for (before, state) in [(executing.clone(), failed()), (executing, superseded), (State::Proposed, expired)] {
            let inverse = Some(ActionHint::Scale { target: checkout(), replicas: 2 });
            let after = Proposal { state, inverse, ..samples::proposal(samples::scale(2, 3)) };
            assert_eq!(follow_up(&before, &after), Some(again.clone()), "{:?}", after.state);
        }
    }

    #[test]
    fn what_resolved_by_itself_is_not_planned_again() {
        let state = State::Superseded { at: samples::now(), why: "It is gone.".into() };
        let after = Proposal { state, ..samples::proposal(samples::undo()) };
        assert_eq!(follow_up(&State::Proposed, &after), None);
    }

    #[test]
    fn what_is_done_or_under_way_or_unclear_offers_nothing() {
        let (by, at) = (|| String::from("bob"), samples::now());
        for state in [
            State::Proposed,
            State::Approved { by: by(), at },
            verifying(),
            State::Succeeded { by: by(), at },
            State::Unproven { by: by(), at, why: String::new() },
            State::Unknown { by: by(), at, why: String::new() },
            State::Rejected { by: by(), at },
        ] {
            let after = Proposal { state, ..samples::proposal(samples::undo()) };
            assert_eq!(follow_up(&verifying(), &after), None, "{:?}", after.state);
        }
    }
}
