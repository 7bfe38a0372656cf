//! The two API servers that are compared, each with a client per identity.

use bytes::Bytes;
use control_plane::ControlPlane;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};
use roundsman::demo::{Demo, Identity, replay::Reply};
use serde_json::Value;

/// One of the two.
pub(crate) struct Side {
    reader: Client,
    writer: Client,
    admin: Client,
}

/// A kind that is served, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `/api/v1` or `/apis/apps/v1`
    pub(crate) root: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<String>,
}

impl Kind {
    /// The list of a namespace, or of all.
    pub(crate) fn path(&self, namespace: &str) -> String {
        match namespace {
            "" => format!("{}/{}", self.root, self.plural),
            namespace => format!("{}/namespaces/{namespace}/{}", self.root, self.plural),
        }
    }

    /// One object.
    pub(crate) fn path_of(&self, object: &Value) -> String {
        format!("{}/{}", self.path(text(object, "/metadata/namespace")), text(object, "/metadata/name"))
    }

    pub(crate) fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }
}

/// The text at a JSON pointer, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, or nothing.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The owner that controls an object, if one does.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    items(object, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) identity: Identity,
    pub(crate) method: Method,
    pub(crate) uri: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) body: &'a Value,
}

impl Side {
    pub(crate) fn demo(demo: &Demo) -> Self {
        let [reader, writer, admin] =
            [Identity::Reader, Identity::Writer, Identity::Admin].map(|identity| demo.client(identity));
        Self { reader, writer, admin }
    }

    /// The demo's reader may read Secrets: so does this one.
    pub(crate) async fn real(plane: &ControlPlane) -> Self {
        roundsman::cluster::init_tls();
        let client = async |identity| {
            let file = Kubeconfig::read_from(plane.kubeconfig(identity)).unwrap();
            let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
            Client::try_from(config).unwrap()
        };
        Self {
            reader: client(control_plane::Identity::SecretsReader).await,
            writer: client(control_plane::Identity::Writer).await,
            admin: client(control_plane::Identity::Admin).await,
        }
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Reply {
        let client = match ask.identity {
            Identity::Reader => &self.reader,
            Identity::Writer => &self.writer,
            Identity::Admin => &self.admin,
        };
        let mut request = Request::builder().method(ask.method).uri(ask.uri);
        for (name, value) in [(header::CONTENT_TYPE, ask.content_type), (header::ACCEPT, ask.accept)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let body = if ask.body.is_null() { Vec::new() } else { ask.body.to_string().into_bytes() };
        let response = client.send(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body: Bytes = body.collect().await.unwrap().to_bytes();
        let content_type = parts.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        Reply {
            code: parts.status.as_u16(),
            content_type: content_type.unwrap_or_default(),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// As the cluster's admin; what comes of it is for the caller to judge.
    pub(crate) async fn admin(&self, method: Method, uri: &str, kind: &str, body: &Value) -> (u16, Value) {
        let ask = Ask { identity: Identity::Admin, method, uri, content_type: kind, accept: "application/json", body };
        let reply = self.ask(ask).await;
        (reply.code, serde_json::from_str(&reply.body).unwrap_or_default())
    }

    /// The object or list at a path.
    pub(crate) async fn get(&self, uri: &str) -> Option<Value> {
        let (code, value) = self.admin(Method::GET, uri, "", &Value::Null).await;
        (code == 200).then_some(value)
    }

    /// The objects of a list.
    pub(crate) async fn list(&self, uri: &str) -> Vec<Value> {
        let list = self.get(uri).await.unwrap_or_else(|| panic!("{uri} cannot be listed"));
        items(&list, "/items").to_vec()
    }

    /// What is served, in the preferred version of each group.
    pub(crate) async fn kinds(&self) -> Vec<Kind> {
        let groups = self.get("/apis").await.unwrap();
        let groups = items(&groups, "/groups").iter().map(|group| text(group, "/preferredVersion/groupVersion"));
        let mut kinds = Vec::new();
        for root in std::iter::once("/api/v1".to_owned()).chain(groups.map(|group| format!("/apis/{group}"))) {
            let document = self.get(&root).await.unwrap();
            let own = text(&document, "/groupVersion").to_owned();
            let (group, version) = own.split_once('/').unwrap_or(("", &own));
            let own = items(&document, "/resources").iter().filter(|resource| !text(resource, "/name").contains('/'));
            kinds.extend(own.map(|resource| Kind {
                root: root.clone(),
                group: group.to_owned(),
                version: version.to_owned(),
                plural: text(resource, "/name").to_owned(),
                kind: text(resource, "/kind").to_owned(),
                namespaced: resource["namespaced"] == true,
                verbs: items(resource, "/verbs").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            }));
        }
        kinds
    }

    /// Makes an object, which has to work, and returns it.
    pub(crate) async fn create(&self, uri: &str, object: &Value) -> Value {
        let (code, made) = self.admin(Method::POST, uri, "application/json", object).await;
        assert!(code == 201 || code == 409, "{uri}: {code} {}\n{object}", made["message"]);
        made
    }

    /// Changes an object by a merge patch, which has to work.
    pub(crate) async fn patch(&self, uri: &str, patch: &Value) -> Value {
        let (code, made) = self.admin(Method::PATCH, uri, "application/merge-patch+json", patch).await;
        assert_eq!(code, 200, "{uri}: {}\n{patch}", made["message"]);
        made
    }
}
