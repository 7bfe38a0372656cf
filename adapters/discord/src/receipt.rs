//! What the core keeps for us to answer one interaction: enough to do it after a restart.

use contract::Receipt;

/// What was pressed or typed; it decides what our first response has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A slash command, answered with a public "thinking" message (type 5).
    Command,
    /// A button, answered with nothing to see (type 6).
    Press,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Press => "press",
        }
    }

    /// The first response: deferred, because the work takes longer than the three seconds that Discord gives.
    pub(crate) fn deferred(self) -> u8 {
        match self {
            Self::Command => 5,
            Self::Press => 6,
        }
    }
}

/// One interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interaction {
    pub(crate) kind: Kind,
    pub(crate) application: String,
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) token: String,
}

impl Interaction {
    /// `kind:application:id:user:token`; the token is last because only it is not ours to know the alphabet of.
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt(format!("{}:{}:{}:{}:{}", self.kind.word(), self.application, self.id, self.user, self.token))
    }

    /// Reads a receipt; `None` for one that this adapter did not write.
    pub(crate) fn read(receipt: &Receipt) -> Option<Self> {
        let mut parts = receipt.as_str().splitn(5, ':');
        let kind = match parts.next()? {
            "command" => Kind::Command,
            "press" => Kind::Press,
            _ => return None,
        };
        let mut number = || parts.next().filter(|part| part.parse::<u64>().is_ok()).map(str::to_owned);
        let (application, id, user) = (number()?, number()?, number()?);
        let token = parts.next().filter(|token| !token.is_empty())?.to_owned();
        Some(Self { kind, application, id, user, token })
    }
}

#[cfg(test)]
mod tests {
    use super::{Interaction, Kind};
    use contract::Receipt;

    #[test]
    fn a_receipt_survives_storage_and_a_foreign_one_is_refused() {
        let interaction = Interaction {
            kind: Kind::Press,
            application: "1".into(),
            id: "2".into(),
            user: "3".into(),
            token: "aW50:x".into(),
        };
        assert_eq!(Interaction::read(&interaction.receipt()), Some(interaction));
        for foreign in ["", "press", "press:1:2:3", "press:1:2:3:", "press:x:2:3:t", "callback:1:2:3:t"] {
            assert_eq!(Interaction::read(&Receipt::from(foreign)), None, "{foreign}");
        }
    }
}
