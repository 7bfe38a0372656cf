//! The door through which platforms hand in: a row in the inbox, and only then their acknowledgement.

use crate::{
    channel::button::BUTTONS,
    clock::Clock,
    health::Health,
    inbox::{self, Inbox},
    redact,
    store::Store,
};
use contract::{BoxFuture, CommandName, Connection, Inbound, InboundKind, Intake, IntakeError, Platform};
use std::borrow::Cow;

/// The intake of one platform.
#[derive(Debug, Clone)]
pub struct Door {
    /// Which platform stands before it.
    pub platform: Platform,
    /// Where the rows go.
    pub inbox: Inbox,
    /// For the meaning of buttons.
    pub store: Store,
    /// Where the connection's state is kept.
    pub health: Health,
    /// For the time of that.
    pub clock: Clock,
}

impl Intake for Door {
    fn accept<'a>(&'a self, inbound: Inbound) -> BoxFuture<'a, Result<(), IntakeError>> {
        Box::pin(async move {
            let proposal = self.proposal(&inbound)?;
            let lane = inbox::lane(&inbound, proposal.as_deref());
            self.inbox.accept(without_secrets(inbound), lane).await.map_err(|error| IntakeError(error.to_string()))
        })
    }

    fn connection(&self, connection: Connection) {
        self.health.connection(self.platform, connection, self.clock.now());
    }
}

impl Door {
    /// The proposal that a press decides about: it goes into that proposal's lane.
    fn proposal(&self, inbound: &Inbound) -> Result<Option<String>, IntakeError> {
        let InboundKind::Press { token } = &inbound.kind else { return Ok(None) };
        let meaning = self.store.get(&BUTTONS, token.as_str()).map_err(|error| IntakeError(error.to_string()))?;
        Ok(meaning.and_then(|meaning| meaning.purpose.proposal().map(str::to_owned)))
    }
}

/// What people paste can hold a secret, which then is not even stored.
fn without_secrets(mut inbound: Inbound) -> Inbound {
    match &mut inbound.kind {
        InboundKind::Text(text) => clean(text),
        InboundKind::Misread { problem } => clean(problem),
        InboundKind::Command(invocation) if invocation.command == CommandName::Ask => {
            invocation.arguments.values_mut().for_each(clean);
        }
        // Names of objects and of schedules.
        InboundKind::Command(_)
        | InboundKind::Press { .. }
        | InboundKind::Membership(_)
        | InboundKind::Moved { .. } => {}
    }
    inbound
}

fn clean(text: &mut String) {
    if let Cow::Owned(changed) = redact::text(text) {
        *text = changed;
    }
}
