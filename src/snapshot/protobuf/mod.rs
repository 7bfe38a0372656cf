//! Kubernetes' protobuf, read straight into the lean structs: one pass over the bytes, and what no struct names is skipped.

mod fields;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use fields::{Repeats, Value, bytes_of, each_field, varint};
pub(super) use values::{entries, read_each};

/// The bytes are not the message that they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the message breaks off")]
    Truncated,
    #[error("a number is longer than 64 bits")]
    Varint,
    #[error("a field has no number, or a form that Kubernetes does not use")]
    Tag,
    #[error("a field holds another type than Kubernetes gives it")]
    Type,
    #[error("a value is none that Kubernetes could mean")]
    Value,
}

/// What the value of a field can be read into.
pub(crate) trait Wire {
    /// Takes a value, and those that follow it where the field is a repeated one. A message that is sent twice is merged.
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed>;

    /// Takes a value that stands for itself.
    fn read_alone(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        self.read(value, &mut Repeats::none(&mut &[][..]))
    }
}

/// A struct whose fields may have numbers.
pub(crate) trait Message: Default {
    /// Those that it names; what has none is known in JSON only.
    const NUMBERS: &'static [u32];
    /// Fields that hold a message whose own fields JSON shows as if they were ours.
    const INLINE: &'static [u32];

    /// Takes the value of a field, named by its number, and by the number inside of it where it is an inline one (else 0).
    fn field<'a>(&mut self, number: (u32, u32), value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed>;

    fn merge(&mut self, message: &[u8]) -> Result<(), Malformed> {
        each_field(message, |number, value, more| {
            if Self::INLINE.contains(&number) {
                each_field(value.bytes()?, |inner, value, more| self.field((number, inner), value, more))
            } else {
                self.field((number, 0), value, more)
            }
        })
    }
}

/// Leaves out what no struct names.
pub(super) fn skip<'a>(_: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
    Ok(())
}

/// What an item of a list can be read into.
pub(super) trait Item: Sized {
    /// Whether it can be read from protobuf at all.
    const NUMBERED: bool;
    fn decode(message: &[u8]) -> Result<Self, Malformed>;
}

impl<M: Message> Item for M {
    const NUMBERED: bool = !M::NUMBERS.is_empty();
    fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut item = Self::default();
        item.merge(message)?;
        Ok(item)
    }
}
