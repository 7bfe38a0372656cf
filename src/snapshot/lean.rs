//! How a lean struct is declared: only the fields that checks use, every one of them absent or null without complaint.

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default value: old servers and hand-written manifests send it for empty lists and strings.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares structs that read what Kubernetes sends as JSON or as protobuf, skip what they do not name, and take absence and null
/// for the default. JSON knows a field by its name in camelCase, protobuf by the number that `generated.proto` gives it:
///
/// - `field: type = 5` is field 5; without a number a field is known in JSON only.
/// - `field: type = 2/19` is field 19 of the message in field 2, which JSON shows inline.
/// - `field: type = 10 | 11` is field 10 in one kind and field 11 in another.
/// - `field: type = 6 via function` is read by a function, where kinds differ in what is below it.
macro_rules! lean {
    (@inner) => { 0 };
    (@inner $inner:literal) => { $inner };
    (@outer $outer:literal $inner:literal) => { $outer };
    (@read) => { Wire::read };
    (@read $function:path) => { $function };
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty
        $( = $number:literal $( / $inner:literal )? $( | $other:literal )? $( via $function:path )? )? ),* $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[$field_meta])* #[serde(default, deserialize_with = "crate::snapshot::lean::nullable")] pub $field: $type, )*
        }

        const _: () = {
            use crate::snapshot::protobuf::{Malformed, Message, Repeats, Value, Wire, skip};

            impl Message for $name {
                const NUMBERS: &'static [u32] = &[ $( $( $number, )? )* ];
                const INLINE: &'static [u32] = &[ $( $( $( lean!(@outer $number $inner), )? )? )* ];

                #[allow(clippy::unnested_or_patterns, reason = "the patterns come from the declaration one by one")]
                fn field<'a>(
                    &mut self,
                    number: (u32, u32),
                    value: Value<'a>,
                    more: &mut Repeats<'_, 'a>,
                ) -> Result<(), Malformed> {
                    match number {
                        $( $( ($number, lean!(@inner $( $inner )?)) $( | ($other, 0) )? =>
                            lean!(@read $( $function )?)(&mut self.$field, value, more), )? )*
                        _ => skip(value, more),
                    }
                }
            }

            impl Wire for $name {
                fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
                    self.merge(value.bytes()?)
                }
            }
        };
    )* };
}
pub(crate) use lean;
