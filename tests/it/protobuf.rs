//! What the API server says in JSON and in protobuf is the same, for every list and every field that a lean struct names.

use base64::Engine as _;
use control_plane::{ControlPlane, Identity, Profile};
use http::{HeaderValue, header};
use roundsman::cluster::{Access, Cluster, ClusterConfig, ReadRequest, Sources};
use roundsman::snapshot::{Resource, Snapshot};
use std::collections::BTreeMap;
use std::time::Duration;

/// In the order in which they need one another.
const MANIFESTS: &[&str] = &["cluster.yaml", "pods.yaml", "workloads.yaml", "network.yaml", "extension.yaml"];

/// Of structs that built-in kinds share with custom ones, what only those have; and what is kept elsewhere.
const NEVER_SET: &[&str] = &["ConditionsOnly.observed_generation", "PodContents.node_name"];

fn furnish(plane: &ControlPlane) {
    let namespace = plane.namespace("wire");
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap().pem().unwrap();
    for name in MANIFESTS {
        let path = format!("{}/tests/data/protobuf/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.replace("NAMESPACE", &namespace);
        let text = text.replace("CA_BUNDLE", &base64(plane.ca_pem())).replace("REQUEST", &base64(&request));
        plane.apply(&namespace, &text);
        let with_status: Vec<&str> = text.split("\n---\n").filter(|one| one.contains("\nstatus:")).collect();
        plane.apply_status(&namespace, &with_status.join("\n---\n"));
    }
    plane.kubectl(&["delete", "configmap", "leaving", "-n", &namespace, "--wait=false"]);
}

/// The same server through a client that takes no protobuf.
async fn without_protobuf(plane: &ControlPlane) -> Cluster {
    let kubeconfig = kube::config::Kubeconfig::read_from(plane.kubeconfig(Identity::Admin)).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let service = tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        let client = client.clone();
        let accepted = request.headers().get(header::ACCEPT).map(|value| value.to_str().unwrap().to_owned());
        let json: Vec<_> = accepted.iter().flat_map(|all| all.split(',')).filter(|one| one.contains("json")).collect();
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_str(&json.join(",")).unwrap());
        async move { client.send(request).await }
    });
    Cluster::from_client("wire", kube::Client::new(service, "default"))
}

async fn with_protobuf(plane: &ControlPlane) -> Cluster {
    let config = ClusterConfig {
        name: "wire".to_owned(),
        reader: Access::Kubeconfig { path: Some(plane.kubeconfig(Identity::Admin)), context: None },
        writer: None,
        secrets: true,
        sources: Sources::default(),
        deadline: Duration::from_secs(60),
    };
    Cluster::connect(config).await.unwrap()
}

async fn read(cluster: &Cluster) -> BTreeMap<Resource, Snapshot> {
    let request = ReadRequest::new("2026-11-23T09:00:00Z".parse().unwrap()).with_secrets();
    let mut whole = cluster.read(&request).await.unwrap();
    let built_in = Resource::ALL.iter().copied().filter(|resource| resource.has_protobuf());
    let alone = built_in.map(|resource| {
        assert!(whole.has_read(resource), "{resource}: {:?}", whole.state_of(resource));
        let mut one = Snapshot::default();
        one.take(resource, &mut whole);
        (resource, one)
    });
    alone.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_says_the_same_in_both_forms_and_every_field_is_compared() {
    let plane = tokio::task::spawn_blocking(|| {
        let plane = ControlPlane::start(Profile::Bare).unwrap();
        furnish(&plane);
        plane
    });
    let plane = plane.await.unwrap();
    let (binary, text) = (with_protobuf(&plane).await, without_protobuf(&plane).await);

    // Leases are renewed and conditions of APIs are set meanwhile: compared is what stayed the same.
    let (same, protobuf, json) = loop {
        let (before, json, after) = (read(&binary).await, read(&text).await, read(&binary).await);
        if before == after {
            break (before.len(), before, json);
        }
    };
    assert!(same >= 39, "only {same} lists");
    let mut fields = BTreeMap::new();
    for (resource, list) in &protobuf {
        assert_eq!(list, &json[resource], "{resource}");
        assert!(list.count(*resource) > 0, "no object of {resource}");
        Seen { text: &format!("{list:?}"), at: 0, fields: &mut fields }.value();
    }
    // What a snapshot is besides its lists.
    fields.retain(|field, _| !field.starts_with("Snapshot.") && !field.starts_with("Reads."));
    let never: Vec<&String> = fields.iter().filter(|(_, set)| !**set).map(|(field, _)| field).collect();
    assert_eq!(never, NEVER_SET, "fields that no object in tests/data/protobuf sets");
    tokio::task::spawn_blocking(move || drop(plane)).await.unwrap();
}

/// Looks through a value as `{:?}` prints it and notes which fields of which structs were ever more than their default.
struct Seen<'a> {
    text: &'a str,
    at: usize,
    fields: &'a mut BTreeMap<String, bool>,
}

impl Seen<'_> {
    /// Whether the value that begins here is more than the default.
    fn value(&mut self) -> bool {
        let rest = &self.text[self.at..];
        match rest.as_bytes()[0] {
            b'"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                self.at += end.unwrap() + 2;
                end.unwrap() > 0
            }
            b'[' => self.list(']') > 0,
            b'(' => self.list(')') > 0,
            _ => self.named(),
        }
    }

    /// The elements between brackets: how many there are, and for a tuple how many are more than the default.
    fn list(&mut self, end: char) -> usize {
        self.at += 1;
        let (mut elements, mut set) = (0, 0);
        while !self.text[self.at..].starts_with(end) {
            set += usize::from(self.value());
            elements += 1;
            self.skip(", ");
        }
        self.at += 1;
        if end == ']' { elements } else { set }
    }

    /// A struct, an enum's variant, or anything that is printed as bare text.
    fn named(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let length = rest.find([',', ')', ']', '}', '(', '{']).unwrap_or(rest.len());
        let name = rest[..length].trim_end().to_owned();
        self.at += length;
        if self.text[self.at..].starts_with('(') {
            let set = self.list(')') > 0;
            return set || name == "Some";
        }
        if !self.text[self.at..].starts_with('{') {
            return !matches!(name.as_str(), "None" | "false" | "0" | "0 bytes");
        }
        self.at += 1;
        let mut any = false;
        loop {
            self.skip(" ");
            self.skip(", ");
            if self.text[self.at..].starts_with('}') {
                self.at += 1;
                return any;
            }
            let colon = self.text[self.at..].find(": ").unwrap();
            let field = self.text[self.at..self.at + colon].to_owned();
            self.at += colon + 2;
            let set = self.value();
            any |= set;
            *self.fields.entry(format!("{name}.{field}")).or_default() |= set;
        }
    }

    fn skip(&mut self, what: &str) {
        if self.text[self.at..].starts_with(what) {
            self.at += what.len();
        }
    }
}

#[test]
fn a_field_that_is_never_set_is_noticed() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "only printed")]
    struct Inner {
        text: &'static str,
        number: i32,
    }
    #[derive(Debug)]
    #[expect(dead_code, reason = "only printed")]
    struct Outer {
        inner: Inner,
        list: Vec<Inner>,
        maybe: Option<bool>,
        pair: (i32, &'static str),
        none: Option<Inner>,
        bare: f64,
    }
    let inner = |number| Inner { text: "", number };
    let outer = Outer {
        inner: inner(0),
        list: vec![inner(0), inner(7)],
        maybe: Some(false),
        pair: (0, "a \\\"}"),
        none: None,
        bare: 1.5,
    };
    let mut fields = BTreeMap::new();
    assert!(Seen { text: &format!("{outer:?}"), at: 0, fields: &mut fields }.value());
    let never: Vec<_> = fields.iter().filter(|(_, set)| !**set).map(|(field, _)| field.as_str()).collect();
    assert_eq!(never, ["Inner.text", "Outer.inner", "Outer.none"]);
}
