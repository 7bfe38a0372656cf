//! Delete: preconditions, grace and dry runs as the real server has them.

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use super::controllers::pods;
use super::json::{at, items, name, namespace, number, put, text};
use super::read::one;
use super::request::{Call, Target};
use super::resources::{Kind, Resource};
use super::simulation::Simulation;
use super::status::{self, Failure};
use super::write::{Run, body, run};

/// DELETE of one object.
pub(super) fn delete(
    simulation: &mut Simulation,
    row: &'static Resource,
    target: &Target,
    call: &Call,
) -> Result<Answer, Failure> {
    let options = if call.body.is_empty() { json!({}) } else { body(call)? };
    let in_body = items(&options, "/dryRun").iter().filter_map(Value::as_str);
    let run = run("DeleteOptions", call.query("dryRun").into_iter().chain(in_body))?;
    let before = one(simulation, row, target)?;
    check(row, &before, &options)?;
    let asked = call.query("gracePeriodSeconds").and_then(|seconds| seconds.parse().ok());
    let grace = asked.or_else(|| number(&options, "/gracePeriodSeconds"));
    if row.id == Kind::Pod {
        let last = match run {
            Run::Dry => pods::leaving(&before, simulation.now, grace),
            Run::Real => pods::delete(simulation, &before, grace),
        };
        return Ok(Answer::Json(StatusCode::OK, last));
    }
    if run == Run::Real {
        let kind = if row.id == Kind::EventsV1Event { Kind::Event } else { row.id };
        simulation.objects.remove(kind, namespace(&before), name(&before));
    }
    let done = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details(row, &before),
    });
    Ok(Answer::Json(StatusCode::OK, done))
}

fn check(row: &Resource, before: &Value, options: &Value) -> Result<(), Failure> {
    for (field, what, happened) in
        [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")]
    {
        let wanted = at(options, &format!("/preconditions/{field}")).and_then(Value::as_str);
        let is = text(before, &format!("/metadata/{field}"));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != is) {
            let why = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record ({is}). The object might have been {happened}"
            );
            return Err(status::precondition(row, name(before), &why));
        }
    }
    Ok(())
}

fn details(row: &Resource, object: &Value) -> Value {
    let mut details = json!({ "name": name(object), "kind": row.plural, "uid": object["metadata"]["uid"] });
    if !row.group.is_empty() {
        put(&mut details, "/group", json!(row.group));
    }
    details
}
