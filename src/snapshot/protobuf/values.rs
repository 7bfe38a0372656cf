//! What the values of fields mean: texts, numbers, times, lists, maps.

use chrono::{DateTime, Utc};

use super::{Malformed, Repeats, Value, Wire, each_field};
use crate::snapshot::text::Str;

impl<T: Wire + Default> Wire for Option<T> {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.get_or_insert_default().read(value, more)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.as_mut().read(value, more)
    }
}

impl<T: Wire + Default> Wire for Vec<T> {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        read_each(self, value, more, T::read_alone)
    }
}

/// Takes all values of a repeated field into `list`.
pub(in crate::snapshot) fn read_each<'a, T: Default>(
    list: &mut Vec<T>,
    first: Value<'a>,
    more: &mut Repeats<'_, 'a>,
    mut read: impl FnMut(&mut T, Value<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let count = 1 + more.count()?;
    // A list that grows by itself makes room for four where there is one.
    if list.is_empty() {
        list.reserve_exact(count)
    } else {
        list.reserve(count)
    }
    let mut next = Some(first);
    while let Some(value) = next {
        let mut item = T::default();
        read(&mut item, value)?;
        list.push(item);
        next = more.next()?;
    }
    Ok(())
}

/// All entries of a map: its keys, which are texts, and their values, which are empty where they are not sent.
pub(in crate::snapshot) fn entries<'a>(
    first: Value<'a>,
    more: &mut Repeats<'_, 'a>,
    mut each: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut next = Some(first);
    while let Some(entry) = next {
        let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
        each_field(entry.bytes()?, |number, part, _| {
            match number {
                1 => key = part.bytes()?,
                2 => value = part.bytes()?,
                _ => {}
            }
            Ok(())
        })?;
        each(key, value)?;
        next = more.next()?;
    }
    Ok(())
}

impl Wire for Str {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = Self::from_utf8_lossy(value.bytes()?);
        Ok(())
    }
}

impl Wire for bool {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = value.number()? != 0;
        Ok(())
    }
}

impl Wire for i64 {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = value.number()?.cast_signed();
        Ok(())
    }
}

impl Wire for i32 {
    /// Negative ones are sent with 64 bits.
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = value.number()?.cast_signed().try_into().map_err(|_| Malformed::Value)?;
        Ok(())
    }
}

/// `Time` and `MicroTime`: seconds and nanoseconds. Empty is what Go calls zero and JSON null.
impl Wire for Option<DateTime<Utc>> {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let message = value.bytes()?;
        let (mut seconds, mut nanos) = (0, 0);
        each_field(message, |number, part, _| {
            match number {
                1 => seconds = part.number()?.cast_signed(),
                2 => nanos = u32::try_from(part.number()?).map_err(|_| Malformed::Value)?,
                _ => {}
            }
            Ok(())
        })?;
        *self = if message.is_empty() {
            None
        } else {
            Some(DateTime::from_timestamp(seconds, nanos).ok_or(Malformed::Value)?)
        };
        Ok(())
    }
}
