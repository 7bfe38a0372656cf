//! Errors in the words of the real API server: reason, code, message and details of a `Status`.

use http::StatusCode;
use serde_json::{Value, json};

use super::request::Target;
use super::resources::{Resource, qualified};

/// What a request is refused with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// A `Status` object.
    Status(Box<Value>, StatusCode),
    /// A path that no API serves: the server's plain `404 page not found`.
    NoSuchPath,
}

fn failure(code: StatusCode, reason: &str, message: String, details: Option<Value>) -> Failure {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    if let Some(details) = details {
        super::json::put(&mut status, "/details", details);
    }
    Failure::Status(Box::new(status), code)
}

fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = json!({});
    for (field, words) in [("name", name), ("group", group), ("kind", kind)] {
        if !words.is_empty() {
            super::json::put(&mut details, &format!("/{field}"), json!(words));
        }
    }
    details
}

fn of(row: &Resource, name: &str) -> Option<Value> {
    Some(details(row.group, row.plural, name))
}

/// No object of this name.
pub(super) fn not_found(row: &Resource, name: &str) -> Failure {
    failure(StatusCode::NOT_FOUND, "NotFound", format!("{} \"{name}\" not found", row.qualified()), of(row, name))
}

/// A resource that a known group and version does not have.
pub(super) fn no_such_resource() -> Failure {
    failure(
        StatusCode::NOT_FOUND,
        "NotFound",
        "the server could not find the requested resource".to_owned(),
        Some(json!({})),
    )
}

/// The identity may not do that.
pub(super) fn forbidden(user: &str, verb: &str, target: &Target) -> Failure {
    let mut asked = target.resource.clone();
    if let Some(subresource) = &target.subresource {
        asked = format!("{asked}/{subresource}");
    }
    let whom = qualified(&target.resource, &target.group);
    let named = target.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let place = match &target.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let message = format!(
        "{whom}{named} is forbidden: User \"{user}\" cannot {verb} resource \"{asked}\" in API group \"{}\" {place}",
        target.group
    );
    let name = target.name.as_deref().unwrap_or_default();
    failure(StatusCode::FORBIDDEN, "Forbidden", message, Some(details(&target.group, &target.resource, name)))
}

/// The identity may not read that path.
pub(super) fn forbidden_path(user: &str, verb: &str, path: &str) -> Failure {
    let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
    failure(StatusCode::FORBIDDEN, "Forbidden", message, Some(json!({})))
}

/// An admission rule says no (a quota).
pub(super) fn refused(row: &Resource, name: &str, why: &str) -> Failure {
    failure(
        StatusCode::FORBIDDEN,
        "Forbidden",
        format!("{} \"{name}\" is forbidden: {why}", row.qualified()),
        of(row, name),
    )
}

/// The resourceVersion in the request is not the stored one.
pub(super) fn modified(row: &Resource, name: &str) -> Failure {
    let why = "the object has been modified; please apply your changes to the latest version and try again";
    let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", row.qualified());
    failure(StatusCode::CONFLICT, "Conflict", message, of(row, name))
}

/// A delete precondition does not hold. The server names the kind here and not the resource.
pub(super) fn precondition(row: &Resource, name: &str, why: &str) -> Failure {
    let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(row.kind, row.group));
    failure(StatusCode::CONFLICT, "Conflict", message, Some(details(row.group, row.kind, name)))
}

/// An object of that name is there already.
pub(super) fn exists(row: &Resource, name: &str) -> Failure {
    failure(
        StatusCode::CONFLICT,
        "AlreadyExists",
        format!("{} \"{name}\" already exists", row.qualified()),
        of(row, name),
    )
}

/// One field of the object is wrong.
pub(super) fn invalid(row: &Resource, name: &str, field: &str, problem: &str) -> Failure {
    invalid_kind(row.group, row.kind, name, field, problem)
}

/// One field of an object of this group and kind is wrong.
pub(super) fn invalid_kind(group: &str, kind: &str, name: &str, field: &str, problem: &str) -> Failure {
    let reason = if problem.starts_with("Required") { "FieldValueRequired" } else { "FieldValueInvalid" };
    let cause = json!({ "reason": reason, "message": problem, "field": field });
    let mut details = details(group, kind, name);
    let kind = qualified(kind, group);
    super::json::put(&mut details, "/causes", json!([cause]));
    let message = format!("{kind} \"{name}\" is invalid: {field}: {problem}");
    failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message, Some(details))
}

/// A JSON patch that does not apply, a failed `test` included.
pub(super) fn patch_rejected() -> Failure {
    let message = "the server rejected our request due to an error in our request";
    failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message.to_owned(), Some(json!({})))
}

/// The request makes no sense.
pub(super) fn bad_request(message: impl Into<String>) -> Failure {
    failure(StatusCode::BAD_REQUEST, "BadRequest", message.into(), None)
}

/// A body in a form that is not spoken here.
pub(super) fn unsupported_media() -> Failure {
    let message = "415: Unsupported Media Type".to_owned();
    failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message, Some(json!({})))
}

/// The caller takes no form that we can write.
pub(super) fn not_acceptable() -> Failure {
    let message = "406: Not Acceptable\n\nAvailable representations: application/json".to_owned();
    failure(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message, Some(json!({})))
}

/// A `dryRun` that is not `All`; `options` is the kind of the options, such as `PatchOptions`.
pub(super) fn unsupported_dry_run(options: &str, asked: &str) -> Failure {
    let problem = format!("Unsupported value: [\"{asked}\"]: supported values: \"All\"");
    let cause = json!({ "reason": "FieldValueNotSupported", "message": problem, "field": "dryRun" });
    let details = json!({ "group": "meta.k8s.io", "kind": options, "causes": [cause] });
    let message = format!("{options}.meta.k8s.io \"\" is invalid: dryRun: {problem}");
    failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message, Some(details))
}

/// The resource does not do this verb.
pub(super) fn method_not_allowed() -> Failure {
    let message = "the server does not allow this method on the requested resource";
    failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message.to_owned(), Some(json!({})))
}

/// A watch from a version that is no longer in the log.
pub(super) fn expired(asked: u64, oldest: u64) -> Failure {
    failure(StatusCode::GONE, "Expired", format!("too old resource version: {asked} ({oldest})"), None)
}

/// Something behind the server did not answer.
pub(super) fn internal(message: impl Into<String>) -> Failure {
    let message = message.into();
    let details = json!({ "causes": [{ "message": message }] });
    failure(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalError",
        format!("Internal error occurred: {message}"),
        Some(details),
    )
}
