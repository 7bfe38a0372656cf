//! Get and list: selectors, pages, and the forms that objects are shown in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::json::{name, namespace, put, take};
use super::request::{Call, Form, Target};
use super::resources::{Kind, Resource};
use super::select::{Fields, Labels};
use super::simulation::Simulation;
use super::status::{Failure, bad_request, not_acceptable, not_found};
use super::{Answer, events};

/// The stored objects of a row; the two event APIs are two views of one kind.
pub(super) fn stored(simulation: &Simulation, row: &Resource, within: Option<&str>) -> Vec<Value> {
    if row.id == Kind::EventsV1Event {
        return simulation.objects.list(Kind::Event, within).iter().map(|event| events::as_v1(event)).collect();
    }
    simulation.objects.list(row.id, within).iter().map(|object| (**object).clone()).collect()
}

/// One object, or 404.
pub(super) fn one(simulation: &Simulation, row: &'static Resource, target: &Target) -> Result<Value, Failure> {
    let wanted = target.name.as_deref().unwrap_or_default();
    let within = if row.namespaced() { target.namespace.as_deref().unwrap_or_default() } else { "" };
    let kind = if row.id == Kind::EventsV1Event { Kind::Event } else { row.id };
    let found = simulation.objects.get(kind, within, wanted).ok_or_else(|| not_found(row, wanted))?;
    Ok(if row.id == Kind::EventsV1Event { events::as_v1(&found) } else { (*found).clone() })
}

/// An object in the form that the caller asked for.
pub(super) fn shown(object: Value, form: Form) -> Result<Value, Failure> {
    match form {
        Form::Whole => Ok(object),
        Form::Metadata => Ok(json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
        })),
        Form::AggregatedDiscovery | Form::Unknown => Err(not_acceptable()),
    }
}

/// GET of one object; `/status` shows the whole object, `/scale` its replicas.
pub(super) fn get(
    simulation: &Simulation,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let object = one(simulation, row, target)?;
    let object = match target.subresource.as_deref() {
        Some("scale") => super::write::scale_of(row, &object),
        Some(_) | None => object,
    };
    Ok(Answer::Json(StatusCode::OK, shown(object, call.form())?))
}

/// The selectors of a list or a watch.
pub(super) fn selectors(row: &Resource, call: &Call) -> Result<(Labels, Fields), Failure> {
    let labels = Labels::parse(call.query("labelSelector").unwrap_or_default())?;
    let fields = Fields::parse(call.query("fieldSelector").unwrap_or_default(), row)?;
    Ok((labels, fields))
}

/// GET of many objects.
pub(super) fn list(
    simulation: &Simulation,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let (labels, fields) = selectors(row, call)?;
    let form = call.form();
    let mut found = stored(simulation, row, target.namespace.as_deref());
    found.retain(|object| labels.matches(object) && fields.matches(object));

    let mut metadata = json!({ "resourceVersion": simulation.objects.version().to_string() });
    // The watch cache answers resourceVersion=0 and pays no attention to the limit.
    let from_cache = call.query("resourceVersion") == Some("0") && call.query("continue").is_none();
    let limit = match call.query("limit") {
        Some(words) if !from_cache => {
            words.parse::<usize>().map_err(|_| bad_request(format!("invalid limit: {words:?}")))?
        }
        Some(_) | None => 0,
    };
    if let Some(token) = call.query("continue") {
        let after = token_key(token).ok_or_else(|| bad_request("continue key is not valid: illegal base64 data"))?;
        found.retain(|object| key(object) > after);
    }
    if limit > 0 && found.len() > limit {
        if fields.is_empty() && call.query("labelSelector").is_none() {
            metadata["remainingItemCount"] = json!(found.len() - limit);
        }
        found.truncate(limit);
        if let Some(last) = found.last() {
            metadata["continue"] = json!(token(last));
        }
    }

    let mut items = Vec::with_capacity(found.len());
    for mut object in found {
        if form == Form::Whole {
            // Built-in lists carry the type once, in their own header.
            take(&mut object, "", "kind");
            take(&mut object, "", "apiVersion");
        }
        items.push(shown(object, form)?);
    }
    let (kind, api_version) = match form {
        Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
        Form::Whole => (format!("{}List", row.kind), row.api_version()),
        Form::AggregatedDiscovery | Form::Unknown => return Err(not_acceptable()),
    };
    let mut list = json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata });
    // An empty list of metadata alone is null in the real server.
    let none = form == Form::Metadata && items.is_empty();
    put(&mut list, "/items", if none { Value::Null } else { Value::Array(items) });
    Ok(Answer::Json(StatusCode::OK, list))
}

fn key(object: &Value) -> (String, String) {
    (namespace(object).to_owned(), name(object).to_owned())
}

fn token(object: &Value) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{}", namespace(object), name(object)))
}

fn token_key(token: &str) -> Option<(String, String)> {
    let words = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (namespace, name) = words.split_once('/')?;
    Some((namespace.to_owned(), name.to_owned()))
}
