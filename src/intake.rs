//! The door through which platforms hand in: a row in the inbox, and only then their acknowledgement.

use crate::{
    channel::button::BUTTONS,
    clock::Clock,
    health::Health,
    inbox::{self, Inbox},
    redact,
    store::Store,
};
use contract::{BoxFuture, Connection, Inbound, InboundKind, Intake, IntakeError, Platform};
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
        // In the place of a name can stand anything as well; a name as such is never taken for a secret.
        InboundKind::Command(invocation) => invocation.arguments.values_mut().for_each(clean),
        InboundKind::Press { .. } | InboundKind::Membership(_) | InboundKind::Moved { .. } => {}
    }
    inbound
}

fn clean(text: &mut String) {
    if let Cow::Owned(changed) = redact::text(text) {
        *text = changed;
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;
    use chrono::DateTime;
    use contract::{
        Actor, ArgumentKind, ChannelRef, GRAMMAR, Inbound, InboundId, InboundKind, Invocation, Platform, UserId,
    };

    #[test]
    fn no_argument_of_any_command_brings_a_secret_in() {
        for spec in GRAMMAR {
            let texts = spec.arguments.iter().filter(|argument| !matches!(argument.kind, ArgumentKind::Switch { .. }));
            let given = texts.map(|argument| (argument.name.to_owned(), "it is password=hunter2hunter2".to_owned()));
            let inbound = Inbound {
                id: InboundId::from("1"),
                at: DateTime::UNIX_EPOCH,
                channel: ChannelRef::new(Platform::Console, "rounds"),
                actor: Actor::Person { id: UserId::from("alice"), name: "alice".into() },
                reply_to: None,
                receipt: None,
                message: None,
                kind: InboundKind::Command(Invocation::new(spec.name, given).unwrap()),
            };
            let InboundKind::Command(cleaned) = without_secrets(inbound).kind else { panic!("/{}", spec.word) };
            for (name, value) in cleaned.arguments {
                assert_eq!(value, "it is password=[redacted]", "{name} of /{}", spec.word);
            }
        }
    }

    #[test]
    fn an_example_of_the_grammar_stays_as_it_is() {
        for spec in GRAMMAR {
            let invocation = contract::parse(spec.example).unwrap();
            for value in invocation.arguments.values() {
                assert_eq!(crate::redact::text(value), value.as_str(), "{}", spec.example);
            }
        }
    }
}
