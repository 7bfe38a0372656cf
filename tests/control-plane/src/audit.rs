//! What the API server was asked, by whom: its audit log, read as values.
//!
//! The server writes a line when a request arrives and one when it was answered, and answers only after the first is written.
//! So every request that a test has seen answered is in the log; reading waits for the second line, which may come a moment later.
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Identity;

/// How long an answer may take after the request was logged.
const SETTLE: Duration = Duration::from_secs(20);

/// A place in the log, to ask later what came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(u64);

impl Cursor {
    /// Before the first request.
    pub const START: Cursor = Cursor(0);
}

/// One request. Watches and followed logs count once, from their start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it arrived, as RFC 3339 with microseconds.
    pub at: String,
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for other paths the method in lower case.
    pub verb: String,
    /// Path and query.
    pub uri: String,
    /// Empty for the core group, and for paths that name no resource.
    pub group: String,
    /// Plural, as in `deployments`; empty for paths that name no resource.
    pub resource: String,
    /// As in `scale` or `log`, or empty.
    pub subresource: String,
    /// Empty for cluster-wide requests.
    pub namespace: String,
    /// Empty for lists.
    pub name: String,
    pub dry_run: bool,
    /// What a changing request sent: an object, a patch, or the options of a deletion.
    pub body: Option<Value>,
    /// The status of the answer; `None` while it is being answered.
    pub code: Option<u16>,
    pub user_agent: String,
}

impl Request {
    /// Asks to change the cluster for good: neither a dry run nor a question that is put as an object to create.
    pub fn is_write(&self) -> bool {
        let changes = ["create", "update", "patch", "delete", "deletecollection"].contains(&self.verb.as_str());
        let question = self.group == "authorization.k8s.io" || self.group == "authentication.k8s.io";
        changes && !question && !self.dry_run
    }

    pub fn succeeded(&self) -> bool {
        self.code.is_some_and(|code| (200..300).contains(&code))
    }

    /// `deployments/scale`, or the path where no resource is named.
    pub fn what(&self) -> String {
        match (self.resource.as_str(), self.subresource.as_str()) {
            ("", _) => self.uri.clone(),
            (resource, "") => resource.to_owned(),
            (resource, subresource) => format!("{resource}/{subresource}"),
        }
    }
}

/// The log, read anew with each question.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    pub(crate) fn new(path: PathBuf) -> Audit {
        Audit { path }
    }

    /// The end of the log now.
    #[track_caller]
    pub fn cursor(&self) -> Cursor {
        Cursor(self.lines(Cursor::START).len() as u64)
    }

    /// All requests that arrived after `since`, in the order of arrival. None of the admin's and the control plane's own.
    #[track_caller]
    pub fn since(&self, since: Cursor) -> Vec<Request> {
        let until = Instant::now() + SETTLE;
        loop {
            let requests = parse(&self.lines(since));
            if requests.iter().all(|request| request.code.is_some()) {
                return requests;
            }
            // Then something is being answered for long: it is told as it is.
            if Instant::now() > until {
                return requests;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What `identity` asked after `since`.
    #[track_caller]
    pub fn requests(&self, since: Cursor, identity: Identity) -> Vec<Request> {
        let mut requests = self.since(since);
        requests.retain(|request| request.user == identity.user());
        requests
    }

    /// What `identity` asked to change for good after `since`, refused attempts included.
    #[track_caller]
    pub fn writes(&self, since: Cursor, identity: Identity) -> Vec<Request> {
        let mut requests = self.requests(since, identity);
        requests.retain(Request::is_write);
        requests
    }

    /// The whole lines after `since`; one that is being written has no end yet.
    #[track_caller]
    fn lines(&self, since: Cursor) -> String {
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(since.0))?;
            BufReader::new(file).read_to_string(&mut text)
        });
        match read {
            Ok(_) => {}
            // The server makes the file with the first line.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("the audit log cannot be read: {error}"),
        }
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        text
    }
}

#[track_caller]
fn parse(lines: &str) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in lines.lines() {
        let event: Event =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("not an audit event: {error}: {line}"));
        if event.stage == "RequestReceived" {
            places.insert(event.audit_id.clone(), requests.len());
            requests.push(event.into());
        // Of a request that arrived before the cursor only the answer is here: it belongs to the question before.
        } else if let Some(request) = places.get(&event.audit_id).and_then(|place| requests.get_mut(*place)) {
            *request = event.into();
        }
    }
    requests
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    request_object: Option<Value>,
    response_status: Option<ResponseStatus>,
    request_received_timestamp: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct ResponseStatus {
    code: Option<u16>,
}

impl From<Event> for Request {
    fn from(event: Event) -> Request {
        let query = event.request_uri.split_once('?').map_or("", |(_, query)| query);
        // A deletion says it in its options, which some clients send as the body.
        let options = event.request_object.as_ref().filter(|_| event.verb.starts_with("delete"));
        let in_options = options.is_some_and(|options| options["dryRun"] == json!(["All"]));
        Request {
            dry_run: in_options || query.split('&').any(|pair| pair == "dryRun=All"),
            body: event.request_object,
            at: event.request_received_timestamp,
            user: event.user.username,
            verb: event.verb,
            uri: event.request_uri,
            group: event.object_ref.api_group,
            resource: event.object_ref.resource,
            subresource: event.object_ref.subresource,
            namespace: event.object_ref.namespace,
            name: event.object_ref.name,
            code: event.response_status.and_then(|status| status.code),
            user_agent: event.user_agent,
        }
    }
}
