//! Conditions, which every kind has and which few kinds send alike.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::protobuf::{Malformed, Message, Repeats, Value, Wire, each_field, read_each};
use super::text::Str;

lean! {
    /// One condition of any kind; `status` is `True`, `False` or `Unknown`.
    pub struct Condition {
        #[serde(rename = "type")] type_: Str = 1,
        status: Str = 2,
        reason: Str = 5,
        message: Str = 6,
        last_transition_time: Option<DateTime<Utc>> = 4,
        /// Deployments say here when the rollout last made progress.
        last_update_time: Option<DateTime<Utc>>,
        /// Nodes say here when they were last heard.
        last_heartbeat_time: Option<DateTime<Utc>>,
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

    /// A Node's: its third field is the heartbeat.
    pub(super) fn read_of_node<'a>(&mut self, first: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.read_with(first, more, |condition, number, value, more| match number {
            3 => condition.last_heartbeat_time.read(value, more),
            _ => condition.field((number, 0), value, more),
        })
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
        read: fn(&mut Condition, u32, Value<'a>, &mut Repeats<'_, 'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        read_each(&mut self.0, first, more, |condition, value| {
            each_field(value.bytes()?, |number, value, more| read(condition, number, value, more))
        })
    }
}

impl Wire for Conditions {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.0.read(value, more)
    }
}
