//! `metadata` of a Secret: that of any object, and which write this is. What it holds is never compared.

use std::ops::{Deref, DerefMut};

use super::meta::ObjectMeta;
use super::protobuf::{Malformed, Repeats, Value, Wire, each_field};
use super::text::Str;

/// What every object has is reached as if it were here.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
pub struct SecretMeta {
    /// Another one after each write, also of a label.
    #[serde(rename = "resourceVersion", default)]
    pub resource_version: Str,
    #[serde(flatten)]
    meta: ObjectMeta,
}

/// Field number: k8s.io/apimachinery, `meta/v1/generated.proto`.
const RESOURCE_VERSION: u32 = 6;

impl Deref for SecretMeta {
    type Target = ObjectMeta;
    fn deref(&self) -> &ObjectMeta {
        &self.meta
    }
}

impl DerefMut for SecretMeta {
    fn deref_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

impl Wire for SecretMeta {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        each_field(value.bytes()?, |number, value, more| match number {
            RESOURCE_VERSION => self.resource_version.read(value, more),
            _ => Ok(()),
        })?;
        self.meta.read(value, more)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
    use crate::snapshot::protobuf::Item;

    #[test]
    fn both_forms_tell_the_name_and_the_version() {
        let json: Secret = serde_json::from_value(serde_json::json!({"metadata": {"name": "api", "namespace": "shop",
            "resourceVersion": "47", "managedFields": [{"manager": "kubectl"}]}}))
        .unwrap();
        let meta = [b"\x0a\x03api".as_slice(), b"\x1a\x04shop", b"\x32\x0247"].concat();
        let protobuf = Secret::decode(&[&[0x0a, meta.len() as u8], meta.as_slice()].concat()).unwrap();
        assert_eq!(protobuf, json);
        assert_eq!((json.meta.name.as_str(), json.meta.resource_version.as_str()), ("api", "47"));
    }
}
