//! Fields of which checks need little: that they are there, or an address as a number.

use std::net::IpAddr;

use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::protobuf::{Malformed, Repeats, Value, Wire};

/// Something of which nothing matters but that it is there. A list of them takes no memory.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IgnoredAny).map(|_| Self)
    }
}

impl Wire for Present {
    fn read<'a>(&mut self, _: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        Ok(())
    }
}

/// An address; none where it is not one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Address(pub Option<IpAddr>);

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(text.parse().ok())
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

impl Wire for Address {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = std::str::from_utf8(value.bytes()?).map(Self::from).unwrap_or_default();
        Ok(())
    }
}
