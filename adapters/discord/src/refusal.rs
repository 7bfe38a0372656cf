//! What it means that Discord refuses a request, or that no answer comes.

use crate::limiter::Wait;
use contract::DeliveryError;

/// Why a request brought no answer of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Rate limited, by an answer or by what earlier answers said.
    Wait(Wait),
    /// Discord said no.
    Api(ApiError),
    /// No whole answer came.
    Transport {
        /// The request may have had its effect.
        sent: bool,
        /// What broke; without the URL, which may hold an interaction's token.
        why: String,
    },
}

/// A refusal in Discord's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    /// Discord's own error code, 0 where it gave none.
    pub(crate) code: u64,
    pub(crate) message: String,
}

/// Discord's error codes that decide something here.
pub(crate) mod code {
    pub(crate) const UNKNOWN_CHANNEL: u64 = 10_003;
    pub(crate) const UNKNOWN_MESSAGE: u64 = 10_008;
    pub(crate) const UNKNOWN_WEBHOOK: u64 = 10_015;
    pub(crate) const UNKNOWN_INTERACTION: u64 = 10_062;
    pub(crate) const ALREADY_ACKNOWLEDGED: u64 = 40_060;
    pub(crate) const CANNOT_MESSAGE_USER: u64 = 50_007;
    pub(crate) const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
    pub(crate) const INVALID_FORM_BODY: u64 = 50_035;
}

impl CallError {
    /// The interaction can be answered no longer (15 minutes are over), or never could (no first response).
    pub(crate) fn is_void_interaction(&self) -> bool {
        matches!(self, Self::Api(error) if matches!(
            error.code,
            code::UNKNOWN_WEBHOOK | code::INVALID_WEBHOOK_TOKEN | code::UNKNOWN_INTERACTION
        ))
    }

    /// The same request may succeed at once.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Api(error) => error.status >= 500,
            Self::Wait(_) => false,
        }
    }

    /// The message is not there (any more).
    pub(crate) fn is_unknown_message(&self) -> bool {
        matches!(self, Self::Api(error) if error.code == code::UNKNOWN_MESSAGE)
    }

    /// What the outbox shall do about it, where sending the same again can do no harm.
    pub(crate) fn repeatable(self) -> DeliveryError {
        match self {
            Self::Wait(wait) => wait.into(),
            Self::Transport { why, .. } => DeliveryError::Transient(why),
            Self::Api(error) => error.into(),
        }
    }

    /// The same for a request that has its effect twice when it is sent twice.
    pub(crate) fn unrepeatable(self) -> DeliveryError {
        match self {
            Self::Transport { sent: true, why } => DeliveryError::Ambiguous(why),
            other => other.repeatable(),
        }
    }
}

impl From<ApiError> for DeliveryError {
    fn from(error: ApiError) -> Self {
        let text = format!("Discord answered {} ({}): {}", error.status, error.code, error.message);
        match (error.status, error.code) {
            // A person mends that, and what waits until then is still to be said.
            (401, _) => Self::Transient(crate::texts::TOKEN_REFUSED.to_owned()),
            (_, code::INVALID_FORM_BODY) => Self::Malformed(text),
            (_, code::UNKNOWN_MESSAGE | code::CANNOT_MESSAGE_USER) => Self::Rejected(text),
            // Without a code it is not Discord that speaks, but what stands before it.
            (403, 0) | (500.., _) => Self::Transient(text),
            (403, _) | (404, code::UNKNOWN_CHANNEL) => Self::ChannelGone(text),
            (_, _) => Self::Rejected(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiError, CallError};
    use contract::DeliveryError;

    fn api(status: u16, code: u64) -> DeliveryError {
        CallError::Api(ApiError { status, code, message: "no".into() }).repeatable()
    }

    #[test]
    fn a_refusal_says_what_to_do_next() {
        assert!(matches!(api(401, 0), DeliveryError::Transient(text) if text.contains("token")));
        assert!(matches!(api(403, 50_001), DeliveryError::ChannelGone(_)));
        assert!(matches!(api(404, 10_003), DeliveryError::ChannelGone(_)));
        assert!(matches!(api(404, 10_008), DeliveryError::Rejected(_)));
        assert!(matches!(api(403, 50_007), DeliveryError::Rejected(_)));
        assert!(matches!(api(400, 50_035), DeliveryError::Malformed(_)));
        assert!(matches!(api(400, 50_006), DeliveryError::Rejected(_)));
        assert!(matches!(api(502, 0), DeliveryError::Transient(_)));
        assert!(matches!(api(403, 0), DeliveryError::Transient(_)), "a page of the network before Discord");
        let cut = CallError::Transport { sent: true, why: "cut".into() };
        assert!(matches!(cut.clone().repeatable(), DeliveryError::Transient(_)));
        assert!(matches!(cut.unrepeatable(), DeliveryError::Ambiguous(_)));
    }
}
