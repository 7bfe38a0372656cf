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

/// Declares structs that read Kubernetes' camelCase JSON, skip what they do not name, and take absence and null for the default.
/// `field: type = 5` names the field's number in Kubernetes' protobuf; a field without one is known in JSON only.
macro_rules! lean {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty $( = $number:literal )? ),* $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $( $(#[$field_meta])* #[serde(default, deserialize_with = "crate::snapshot::lean::nullable")] pub $field: $type, )*
        }
    )* };
}
pub(crate) use lean;
