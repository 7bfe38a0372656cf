//! Conditions, which every kind has and which few kinds send alike.

use std::num::NonZeroU32;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::common::{Empty, Shared};
use super::lean::lean;
use super::protobuf::{Malformed, Message, Repeats, Value, Wire, each_field, read_each};
use super::text::Str;

lean! {
    /// A condition as most kinds send it.
    pub struct WireCondition {
        #[serde(rename = "type")] type_: Str = 1,
        status: Str = 2,
        reason: Str = 5,
        message: Str = 6,
        last_transition_time: Option<DateTime<Utc>> = 4,
        last_update_time: Option<DateTime<Utc>>,
    }
}

/// One condition of any kind: what it says, and since when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    said: Shared<Statement>,
    pub last_transition_time: Option<DateTime<Utc>>,
    /// In seconds since 1970: few kinds have it, and there are several conditions for each pod.
    updated: Option<NonZeroU32>,
}

impl Condition {
    /// Deployments say here when the rollout last made progress.
    pub fn last_update_time(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.updated?.get().into(), 0)
    }
}

/// What a condition says; many objects say the same, each since another time. `status` is `True`, `False` or `Unknown`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statement {
    pub type_: Str,
    pub status: Str,
    pub reason: Str,
    pub message: Str,
}

impl Empty for Statement {
    fn empty() -> &'static Self {
        static EMPTY: LazyLock<Statement> = LazyLock::new(Statement::default);
        &EMPTY
    }
}

impl Deref for Condition {
    type Target = Statement;
    fn deref(&self) -> &Statement {
        &self.said
    }
}

impl DerefMut for Condition {
    fn deref_mut(&mut self) -> &mut Statement {
        &mut self.said
    }
}

impl From<WireCondition> for Condition {
    fn from(wire: WireCondition) -> Self {
        let WireCondition { type_, status, reason, message, .. } = wire;
        let said = Statement { type_, status, reason, message };
        Self {
            said: Shared::known(said, |said, write| {
                [&said.type_, &said.status, &said.reason, &said.message].iter().for_each(|text| write(text.as_bytes()));
            }),
            last_transition_time: wire.last_transition_time,
            updated: wire.last_update_time.and_then(|time| u32::try_from(time.timestamp()).ok()?.try_into().ok()),
        }
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WireCondition::deserialize(deserializer).map(Self::from)
    }
}

/// Conditions, found by type and never by index.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
pub struct Conditions(pub Vec<Condition>);

impl Conditions {
    /// The condition of that type.
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == type_)
    }
    /// Whether the condition of that type exists and has that status.
    pub fn is(&self, type_: &str, status: &str) -> bool {
        self.get(type_).is_some_and(|condition| condition.status == status)
    }
    /// All of them, in the server's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Condition> {
        self.0.iter()
    }

    /// A Deployment's.
    pub(super) fn read_of_deployment<'a>(
        &mut self,
        first: Value<'a>,
        more: &mut Repeats<'_, 'a>,
    ) -> Result<(), Malformed> {
        self.read_with(first, more, |condition, number, value, more| match number {
            4 => condition.reason.read(value, more),
            5 => condition.message.read(value, more),
            6 => condition.last_update_time.read(value, more),
            7 => condition.last_transition_time.read(value, more),
            _ => condition.field((number, 0), value, more),
        })
    }

    /// A CertificateSigningRequest's: its status, which came later, is the last.
    pub(super) fn read_of_request<'a>(
        &mut self,
        first: Value<'a>,
        more: &mut Repeats<'_, 'a>,
    ) -> Result<(), Malformed> {
        self.read_with(first, more, |condition, number, value, more| match number {
            2 => condition.reason.read(value, more),
            3 => condition.message.read(value, more),
            4 => condition.last_update_time.read(value, more),
            5 => condition.last_transition_time.read(value, more),
            6 => condition.status.read(value, more),
            _ => condition.field((number, 0), value, more),
        })
    }

    /// Those that know no probe, whose fields are therefore one less: ReplicaSets, StatefulSets, DaemonSets,
    /// autoscalers, extensions of the API server.
    pub(super) fn read_without_probe<'a>(
        &mut self,
        first: Value<'a>,
        more: &mut Repeats<'_, 'a>,
    ) -> Result<(), Malformed> {
        self.read_with(first, more, |condition, number, value, more| match number {
            1 | 2 => condition.field((number, 0), value, more),
            3..=5 => condition.field((number + 1, 0), value, more),
            _ => Ok(()),
        })
    }

    fn read_with<'a>(
        &mut self,
        first: Value<'a>,
        more: &mut Repeats<'_, 'a>,
        read: fn(&mut WireCondition, u32, Value<'a>, &mut Repeats<'_, 'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        read_each(&mut self.0, first, more, |condition, value| {
            let mut wire = WireCondition::default();
            each_field(value.bytes()?, |number, value, more| read(&mut wire, number, value, more))?;
            *condition = wire.into();
            Ok(())
        })
    }
}

impl Wire for Conditions {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.read_with(value, more, |condition, number, value, more| condition.field((number, 0), value, more))
    }
}
