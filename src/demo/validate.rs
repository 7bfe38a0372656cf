//! The validations that a repair can run into: immutable fields, impossible numbers, templates that their selector misses.

use serde_json::Value;

use super::json::{count, items, map, name, text, uid};
use super::resources::{Kind, Resource};
use super::status::{Failure, invalid, invalid_kind};

/// An object keeps its uid.
pub(super) fn identity(row: &Resource, before: &Value, after: &Value) -> Result<(), Failure> {
    let wanted = uid(after);
    if !wanted.is_empty() && wanted != uid(before) {
        let problem = format!("Invalid value: \"{wanted}\": field is immutable");
        return Err(invalid(row, name(before), "metadata.uid", &problem));
    }
    Ok(())
}

/// What an update may not change, and what every object of the kind has to be.
pub(super) fn update(row: &Resource, before: &Value, after: &Value) -> Result<(), Failure> {
    let fixed: &[&str] = match row.id {
        Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet => &["selector"],
        Kind::StatefulSet => &["selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"],
        Kind::Job => &["selector", "template", "completionMode"],
        _ => &[],
    };
    for field in fixed {
        if before["spec"].get(*field) != after["spec"].get(*field) {
            let problem = format!("Invalid value: {}: field is immutable", after["spec"][*field]);
            return Err(invalid(row, name(before), &format!("spec.{field}"), &problem));
        }
    }
    create(row, after)
}

/// What a `Scale` has to be.
pub(super) fn scale(name: &str, scale: &Value) -> Result<(), Failure> {
    let replicas = count(scale, "/spec/replicas");
    if replicas < 0 {
        let problem = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(invalid_kind("autoscaling", "Scale", name, "spec.replicas", &problem));
    }
    Ok(())
}

/// What every object of the kind has to be.
pub(super) fn create(row: &Resource, value: &Value) -> Result<(), Failure> {
    let own = name(value);
    let scaled = matches!(row.id, Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet);
    let replicas = &value["spec"]["replicas"];
    if scaled {
        match replicas.as_i64() {
            Some(number) if number < 0 => {
                let problem = format!("Invalid value: {number}: must be greater than or equal to 0");
                return Err(invalid(row, own, "spec.replicas", &problem));
            }
            Some(_) => {}
            None => {
                let problem = format!("Invalid value: {replicas}: json: cannot unmarshal into a field of type int32");
                return Err(invalid(row, own, "spec.replicas", &problem));
            }
        }
    }
    if !scaled && row.id != Kind::DaemonSet {
        return Ok(());
    }
    let selector = map(value, "/spec/selector/matchLabels");
    let labels = map(value, "/spec/template/metadata/labels");
    let meets = selector.is_some_and(|selector| {
        selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    });
    if !meets {
        let shown = labels.map(|labels| Value::Object(labels.clone()).to_string()).unwrap_or_else(|| "null".to_owned());
        let problem = format!("Invalid value: {shown}: `selector` does not match template `labels`");
        return Err(invalid(row, own, "spec.template.metadata.labels", &problem));
    }
    let containers = items(value, "/spec/template/spec/containers");
    if containers.is_empty() {
        return Err(invalid(row, own, "spec.template.spec.containers", "Required value"));
    }
    for (index, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if text(container, &format!("/{field}")).is_empty() {
                return Err(invalid(
                    row,
                    own,
                    &format!("spec.template.spec.containers[{index}].{field}"),
                    "Required value",
                ));
            }
        }
    }
    Ok(())
}
