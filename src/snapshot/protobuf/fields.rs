//! The encoding itself: a message is a row of numbered fields, and says nothing of what they mean.

use super::Malformed;

/// The value of a field as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    /// A text, a message, or bytes.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(Malformed::Type),
        }
    }

    pub(crate) fn number(self) -> Result<u64, Malformed> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err(Malformed::Type),
        }
    }
}

/// Hands every field of a message to `read`: its number, its value, and the values that follow under the same number.
pub(crate) fn each_field<'a>(
    message: &'a [u8],
    mut read: impl FnMut(u32, Value<'a>, &mut Repeats<'_, 'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut rest = message;
    while let Some((number, value)) = field(&mut rest)? {
        read(number, value, &mut Repeats { rest: &mut rest, number })?;
    }
    Ok(())
}

/// The further values of a repeated field: Kubernetes sends them one after another.
#[derive(Debug)]
pub(crate) struct Repeats<'r, 'a> {
    rest: &'r mut &'a [u8],
    number: u32,
}

impl<'r, 'a> Repeats<'r, 'a> {
    /// Of a value that is no field.
    pub(crate) fn none(nothing: &'r mut &'a [u8]) -> Self {
        Self { rest: nothing, number: 0 }
    }

    /// How many are left.
    pub(crate) fn count(&self) -> Result<usize, Malformed> {
        let mut ahead = *self.rest;
        let mut ahead = Repeats { rest: &mut ahead, number: self.number };
        let mut count = 0;
        while ahead.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    pub(crate) fn next(&mut self) -> Result<Option<Value<'a>>, Malformed> {
        let mut ahead = *self.rest;
        match field(&mut ahead)? {
            Some((number, value)) if number == self.number => {
                *self.rest = ahead;
                Ok(Some(value))
            }
            _ => Ok(None),
        }
    }
}

/// Takes one field off the beginning of `rest`.
fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<(u32, Value<'a>)>, Malformed> {
    if rest.is_empty() {
        return Ok(None);
    }
    let tag = number(rest)?;
    let at = u32::try_from(tag >> 3).ok().filter(|number| *number > 0).ok_or(Malformed::Tag)?;
    let value = match tag & 7 {
        0 => Value::Number(number(rest)?),
        1 => Value::Number(u64::from_le_bytes(array(rest)?)),
        2 => {
            let length = usize::try_from(number(rest)?).map_err(|_| Malformed::Truncated)?;
            Value::Bytes(take(rest, length)?)
        }
        5 => Value::Number(u64::from(u32::from_le_bytes(array(rest)?))),
        // 3 and 4 were groups, which were given up before Kubernetes began.
        _ => return Err(Malformed::Tag),
    };
    Ok(Some((at, value)))
}

fn number(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let (number, length) = varint(rest)?.ok_or(Malformed::Truncated)?;
    take(rest, length)?;
    Ok(number)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    take(rest, N)?.try_into().map_err(|_| Malformed::Truncated)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
    *rest = left;
    Ok(taken)
}

/// The number that `bytes` begin with, and how many of them it takes; nothing if they end before it does.
pub(crate) fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Malformed> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        // The tenth byte has room for one bit.
        if at == 9 && *byte > 1 {
            return Err(Malformed::Varint);
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((number, at + 1)));
        }
    }
    Ok(None)
}

/// The content of the last field of that number; empty if there is none.
pub(crate) fn bytes_of(message: &[u8], number: u32) -> Result<&[u8], Malformed> {
    let mut content: &[u8] = &[];
    each_field(message, |at, value, _| {
        if at == number {
            content = value.bytes()?;
        }
        Ok(())
    })?;
    Ok(content)
}
