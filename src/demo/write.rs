//! Create, update, patch and scale: preconditions, dry runs and conflicts as the real server has them.

use http::StatusCode;
use serde_json::{Value, json};

use super::controllers::quota;
use super::json::{count, name, namespace, put, put_default, take, text};
use super::read::one;
use super::request::{Call, Target};
use super::resources::{Kind, Resource, Verbs};
use super::simulation::Simulation;
use super::status::{self, Failure, bad_request};
use super::{Answer, Identity, defaults, managed, names, validate};

/// Whether a write is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Real,
    Dry,
}

pub(super) fn run<'a>(options: &str, mut asked: impl Iterator<Item = &'a str>) -> Result<Run, Failure> {
    match asked.next() {
        None => Ok(Run::Real),
        Some("All") => Ok(Run::Dry),
        Some(other) => Err(status::unsupported_dry_run(options, other)),
    }
}

fn run_of(options: &str, call: &Call) -> Result<Run, Failure> {
    run(options, call.query("dryRun").into_iter())
}

fn manager(call: &Call, identity: Identity) -> String {
    call.query("fieldManager").unwrap_or_else(|| identity.user()).to_owned()
}

pub(super) fn body(call: &Call) -> Result<Value, Failure> {
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
        "application/merge-patch+json" => {
            let patch = body(call).map_err(|_| bad_request("invalid JSON patch"))?;
            json_patch::merge(&mut after, &patch);
        }
        "application/json-patch+json" => {
            let patch: json_patch::Patch = serde_json::from_slice(&call.body)
                .map_err(|error| bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut after, &patch).map_err(|_| status::patch_rejected())?;
        }
        _ => return Err(status::unsupported_media()),
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
    let options = if call.method == http::Method::PUT { "UpdateOptions" } else { "PatchOptions" };
    let run = run_of(options, call)?;
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
    if scale {
        validate::scale(own, &wanted)?;
    }
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
    let run = run_of("CreateOptions", call)?;
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
