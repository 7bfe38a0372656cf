//! `spec` of a pod: where it runs, and what it runs, which it has in common with the other pods of its workload.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

use super::common::{Empty, Print, Shared};
use super::pod::PodContents;
use super::protobuf::{Malformed, Message, Repeats, Value, Wire, each_field};
use super::text::Str;

/// Where a pod runs; all the rest is reached as if it were here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodSpec {
    pub node_name: Str,
    contents: Shared<PodContents>,
}

/// The volume with the pod's token, which the API server adds under a name of its own for every pod: `kube-api-access-x7k2p`.
const TOKEN_VOLUME: &str = "kube-api-access";

/// Field numbers: k8s.io/api, `core/v1/generated.proto`.
const NODE_NAME: u32 = 10;
const VOLUMES: u32 = 1;
const CONTAINERS: u32 = 2;
const INIT_CONTAINERS: u32 = 20;
/// Of a container: its mounts, and the name of each.
const MOUNT_NAMES: &[u32] = &[9, 1];
/// Of a volume.
const NAME: &[u32] = &[1];

impl PodSpec {
    /// Whether both are known, without a comparison, to run the same.
    pub fn shares_contents(&self, other: &Self) -> bool {
        self.contents.is_same(&other.contents)
    }
}

impl Empty for PodContents {
    fn empty() -> &'static Self {
        static EMPTY: LazyLock<PodContents> = LazyLock::new(PodContents::default);
        &EMPTY
    }
}

impl Deref for PodSpec {
    type Target = PodContents;
    fn deref(&self) -> &PodContents {
        &self.contents
    }
}

impl DerefMut for PodSpec {
    fn deref_mut(&mut self) -> &mut PodContents {
        &mut self.contents
    }
}

impl From<PodContents> for PodSpec {
    fn from(mut contents: PodContents) -> Self {
        let node_name = std::mem::take(&mut contents.node_name);
        settle(&mut contents);
        Self { node_name, contents: contents.into() }
    }
}

impl<'de> Deserialize<'de> for PodSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PodContents::deserialize(deserializer).map(Self::from)
    }
}

impl Wire for PodSpec {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let message = value.bytes()?;
        if !self.node_name.is_empty() || !self.contents.is_empty() {
            // The second part of a spec in pieces, which Kubernetes does not send.
            self.contents.merge(message)?;
            let node_name = std::mem::take(&mut self.contents.node_name);
            if !node_name.is_empty() {
                self.node_name = node_name;
            }
            settle(&mut self.contents);
            return Ok(());
        }
        let mut node_name: &[u8] = &[];
        let print = Print::of::<PodContents, _>(|write| {
            each_field(message, |number, value, _| match number {
                NODE_NAME => {
                    node_name = value.bytes()?;
                    Ok(())
                }
                VOLUMES => feed(write, number, value, NAME),
                CONTAINERS | INIT_CONTAINERS => feed(write, number, value, MOUNT_NAMES),
                number if PodContents::NUMBERS.contains(&number) => feed(write, number, value, &[]),
                _ => Ok(()),
            })
        })?;
        let contents = Shared::common(print, || {
            let mut contents = PodContents::default();
            contents.merge(message)?;
            contents.node_name = Str::default();
            settle(&mut contents);
            Ok(contents)
        })?;
        *self = Self { node_name: Str::from_utf8_lossy(node_name), contents };
        Ok(())
    }
}

/// Feeds a field to a print, with the one at `path` below it as [`settled`].
fn feed(write: &mut dyn FnMut(&[u8]), number: u32, value: Value<'_>, path: &[u32]) -> Result<(), Malformed> {
    write(&number.to_le_bytes());
    match (value, path) {
        (Value::Number(value), _) => write(&value.to_le_bytes()),
        (Value::Bytes(bytes), []) => write(bytes),
        (Value::Bytes(bytes), [at, below @ ..]) => each_field(bytes, |number, value, _| match value {
            Value::Bytes(name) if number == *at && below.is_empty() => {
                write(settled(name));
                Ok(())
            }
            _ if number == *at => feed(write, number, value, below),
            _ => feed(write, number, value, &[]),
        })?,
    }
    Ok(())
}

/// The name of a volume without what makes the token's different in every pod.
fn settled(name: &[u8]) -> &[u8] {
    if name.starts_with(TOKEN_VOLUME.as_bytes()) { TOKEN_VOLUME.as_bytes() } else { name }
}

fn settle(contents: &mut PodContents) {
    let PodContents { volumes, containers, init_containers, .. } = contents;
    for variable in containers.iter_mut().chain(init_containers.iter_mut()).flat_map(|container| &mut container.env) {
        variable.value.settle(&variable.name);
    }
    let mounts = containers.iter_mut().chain(init_containers).flat_map(|container| &mut container.volume_mounts);
    let names = volumes.iter_mut().map(|volume| &mut volume.name).chain(mounts.map(|mount| &mut mount.name));
    for name in names.filter(|name| name.starts_with(TOKEN_VOLUME)) {
        *name = Str::from(TOKEN_VOLUME);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Interner, Pod};
    use crate::snapshot::protobuf::Item;

    fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
        [&[field << 3 | 2, content.len() as u8], content].concat()
    }

    /// A pod on a node, with its image and the suffix of its token.
    fn pod(node: &str, image: &str, suffix: &str) -> Vec<u8> {
        let token = format!("kube-api-access-{suffix}");
        let mount = bytes(9, &[bytes(1, token.as_bytes()), bytes(3, b"/var/run")].concat());
        let container = [bytes(1, b"app"), bytes(2, image.as_bytes()), mount].concat();
        let spec = [
            bytes(1, &bytes(1, token.as_bytes())),
            bytes(2, &container),
            bytes(10, node.as_bytes()),
            // Of no interest, and different in every pod: the deprecated service account.
            bytes(9, node.as_bytes()),
        ];
        bytes(2, &spec.concat())
    }

    #[test]
    fn pods_of_one_workload_share_what_they_run() {
        let mut interner = Interner::default();
        let [a, b, other] = interner.scope(|| {
            [pod("n1", "acme/api:1", "aaaaa"), pod("n2", "acme/api:1", "bbbbb"), pod("n1", "acme/api:2", "aaaaa")]
                .map(|bytes| Pod::decode(&bytes).unwrap())
        });
        assert!(a.spec.contents.is_same(&b.spec.contents) && !a.spec.contents.is_same(&other.spec.contents));
        assert_eq!((a.spec.node_name.as_str(), b.spec.node_name.as_str()), ("n1", "n2"));
        assert_eq!(other.spec.containers[0].image, "acme/api:2");
        assert_eq!(a.spec.volumes[0].name, "kube-api-access");
        assert_eq!(a.spec.containers[0].volume_mounts[0].name, "kube-api-access");
        assert_eq!(Pod::decode(&pod("n1", "acme/api:1", "ccccc")).unwrap(), a, "also without an interner");
    }

    #[test]
    fn both_forms_read_alike_and_who_changes_a_spec_changes_its_own() {
        let json: Pod = serde_json::from_value(serde_json::json!({"spec": {"nodeName": "n1",
            "volumes": [{"name": "kube-api-access-zzzzz"}],
            "containers": [{"name": "app", "image": "acme/api:1", "volumeMounts": [{"name": "kube-api-access-zzzzz", "mountPath": "/var/run"}]}]}}))
        .unwrap();
        let mut interner = Interner::default();
        let (a, mut b) = interner.scope(|| {
            let read = || Pod::decode(&pod("n1", "acme/api:1", "aaaaa")).unwrap();
            (read(), read())
        });
        assert_eq!(a, json);
        b.spec.containers.clear();
        assert_eq!((a.spec.containers.len(), b.spec.containers.len()), (1, 0));
        assert_eq!(serde_json::from_str::<Pod>(r#"{"spec": {}}"#).unwrap(), Pod::default());
    }
}
