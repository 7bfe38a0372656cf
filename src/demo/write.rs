//! Create, update, patch, scale and delete: preconditions, dry runs and conflicts as the real server has them.

use http::StatusCode;
use serde_json::{Value, json};

use super::controllers::{pods, quota};
use super::json::{count, items, name, namespace, put, put_default, take, text};
use super::read::one;
use super::request::{Call, Target};
use super::resources::{Kind, Resource, Verbs};
use super::simulation::Simulation;
use super::status::{self, Failure, bad_request};
use super::{Answer, Identity, defaults, managed, names, validate};

/// The patch types that are spoken here.
const PATCHES: &[&str] = &["application/json-patch+json", "application/merge-patch+json"];

/// Whether a write is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Real,
    Dry,
}

fn run<'a>(asked: impl Iterator<Item = &'a str>) -> Result<Run, Failure> {
    let mut run = Run::Real;
    for word in asked {
        if word != "All" {
            let problem =
                format!("Invalid value: [\"{word}\"]: Unsupported value: \"{word}\": supported values: \"All\"");
            return Err(bad_request(problem));
        }
        run = Run::Dry;
    }
    Ok(run)
}

fn run_of(call: &Call) -> Result<Run, Failure> {
    run(call.query("dryRun").into_iter())
}

fn manager(call: &Call, identity: Identity) -> String {
    call.query("fieldManager").unwrap_or_else(|| identity.user()).to_owned()
}

fn body(call: &Call) -> Result<Value, Failure> {
    serde_json::from_slice(&call.body).map_err(|error| bad_request(error.to_string()))
}

/// The `Scale` of an object.
pub(super) fn scale_of(row: &Resource, object: &Value) -> Value {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &object["metadata"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": count(object, "/spec/replicas") },
        "status": {
            "replicas": count(object, "/status/replicas"),
            "selector": if row.id == Kind::Pod { String::new() } else { selector.join(",") },
        },
    })
}

/// PATCH of an object or of its scale.
pub(super) fn patch(
    simulation: &mut Simulation,
    identity: Identity,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let stored = one(simulation, row, target)?;
    let scale = target.subresource.as_deref() == Some("scale");
    let before = if scale { scale_of(row, &stored) } else { stored };
    let mut after = before.clone();
    match call.content_type.split(';').next().unwrap_or_default().trim() {
        "application/merge-patch+json" => json_patch::merge(&mut after, &body(call)?),
        "application/json-patch+json" => {
            let patch: json_patch::Patch =
                serde_json::from_slice(&call.body).map_err(|error| bad_request(error.to_string()))?;
            json_patch::patch(&mut after, &patch).map_err(|_| status::patch_rejected())?;
        }
        _ => return Err(status::unsupported_media(PATCHES)),
    }
    replace(simulation, identity, row, target, call, after)
}

/// PUT of an object or of its scale.
pub(super) fn update(
    simulation: &mut Simulation,
    identity: Identity,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let after = body(call)?;
    replace(simulation, identity, row, target, call, after)
}

/// What patch and update share: the new object takes the place of the old one, if it may.
fn replace(
    simulation: &mut Simulation,
    identity: Identity,
    row: &'static Resource,
    target: &Target,
    call: &Call,
    wanted: Value,
) -> Result<Answer, Failure> {
    let run = run_of(call)?;
    let before = one(simulation, row, target)?;
    let own = name(&before);
    if name(&wanted) != own {
        return Err(bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({own})",
            name(&wanted)
        )));
    }
    if namespace(&wanted) != namespace(&before) {
        return Err(bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let version = text(&wanted, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(&before, "/metadata/resourceVersion") {
        return Err(status::modified(row, own));
    }
    let scale = target.subresource.as_deref() == Some("scale");
    let mut after = if scale {
        let mut after = before.clone();
        put(&mut after, "/spec/replicas", wanted["spec"]["replicas"].clone());
        after
    } else {
        wanted
    };
    validate::identity(row, &before, &after)?;
    for field in ["uid", "creationTimestamp", "generation", "deletionTimestamp", "managedFields", "selfLink"] {
        match before["metadata"].get(field) {
            Some(kept) => put(&mut after, &format!("/metadata/{field}"), kept.clone()),
            None => drop(take(&mut after, "/metadata", field)),
        }
    }
    let writes_status = target.subresource.as_deref() == Some("status");
    if writes_status {
        let status = after["status"].clone();
        after = before.clone();
        put(&mut after, "/status", status);
    } else if row.subresources.contains(&"status") {
        match before.get("status") {
            Some(kept) => put(&mut after, "/status", kept.clone()),
            None => drop(take(&mut after, "", "status")),
        }
    }
    defaults::apply(row.id, &mut after);
    validate::update(row, &before, &after)?;
    managed::record(&before, &mut after, &manager(call, identity), target.subresource.as_deref(), simulation.now);
    let after = match run {
        Run::Dry => simulation.objects.next(row.id, after),
        Run::Real => (*simulation.objects.update(row.id, after)).clone(),
    };
    Ok(Answer::Json(StatusCode::OK, if scale { scale_of(row, &after) } else { after }))
}

/// POST of a new object, or of a question.
pub(super) fn create(
    simulation: &mut Simulation,
    identity: Identity,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let mut value = body(call)?;
    if row.verbs == Verbs::CreateOnly {
        let answer = if row.id == Kind::SelfSubjectRulesReview {
            identity.rules_review()
        } else {
            identity.access_review(value)
        };
        return Ok(Answer::Json(StatusCode::CREATED, answer));
    }
    if row.namespaced() {
        let Some(within) = target.namespace.as_deref() else {
            return Err(status::method_not_allowed());
        };
        put_default(&mut value, "/metadata/namespace", json!(within));
        if namespace(&value) != within {
            return Err(bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        if !simulation.objects.has(Kind::Namespace, "", within) {
            return Err(status::not_found(Kind::Namespace.row(), within));
        }
    }
    let prefix = text(&value, "/metadata/generateName").to_owned();
    if name(&value).is_empty() && !prefix.is_empty() {
        let ending = names::suffix(&format!("{prefix}{}", simulation.objects.version()), 5);
        put(&mut value, "/metadata/name", json!(format!("{prefix}{ending}")));
    }
    if name(&value).is_empty() {
        return Err(status::invalid(row, "", "metadata.name", "Required value: name or generateName is required"));
    }
    if simulation.objects.has(row.id, namespace(&value), name(&value)) {
        return Err(status::exists(row, name(&value)));
    }
    let run = run_of(call)?;
    defaults::apply(row.id, &mut value);
    validate::create(row, &value)?;
    if row.id == Kind::Pod {
        quota::admit(simulation, &value).map_err(|why| status::refused(row, name(&value), &why))?;
    }
    managed::record(&json!({}), &mut value, &manager(call, identity), None, simulation.now);
    let now = simulation.now;
    let created = match run {
        Run::Dry => simulation.objects.prepare(row.id, value, now),
        Run::Real => {
            let own = name(&value).to_owned();
            (*simulation.objects.insert(row.id, value, now).ok_or_else(|| status::exists(row, &own))?).clone()
        }
    };
    Ok(Answer::Json(StatusCode::CREATED, created))
}

/// DELETE of one object.
pub(super) fn delete(
    simulation: &mut Simulation,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let before = one(simulation, row, target)?;
    let options = if call.body.is_empty() { json!({}) } else { body(call)? };
    let in_body = items(&options, "/dryRun").iter().filter_map(Value::as_str);
    let run = run(call.query("dryRun").into_iter().chain(in_body))?;
    for (field, what) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let wanted = options.pointer(&format!("/preconditions/{field}")).and_then(Value::as_str);
        let is = text(&before, &format!("/metadata/{field}"));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != is) {
            let happened = if field == "uid" { "deleted and then recreated" } else { "modified" };
            let why = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record ({is}). The object might have been {happened}"
            );
            return Err(status::precondition(row, name(&before), &why));
        }
    }
    let done = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details(row, &before),
    });
    let grace = call
        .query("gracePeriodSeconds")
        .and_then(|seconds| seconds.parse().ok())
        .or_else(|| options.pointer("/gracePeriodSeconds").and_then(Value::as_i64));
    if row.id == Kind::Pod {
        let last = match run {
            Run::Dry => before,
            Run::Real => pods::delete(simulation, &before, grace),
        };
        return Ok(Answer::Json(StatusCode::OK, last));
    }
    if run == Run::Real {
        let kind = if row.id == Kind::EventsV1Event { Kind::Event } else { row.id };
        simulation.objects.remove(kind, namespace(&before), name(&before));
    }
    Ok(Answer::Json(StatusCode::OK, done))
}

fn details(row: &Resource, object: &Value) -> Value {
    let mut details = json!({ "name": name(object), "kind": row.plural, "uid": object["metadata"]["uid"] });
    if !row.group.is_empty() {
        put(&mut details, "/group", json!(row.group));
    }
    details
}
