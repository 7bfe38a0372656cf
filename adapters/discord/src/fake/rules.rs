//! Discord's limits on what a bot sends, each refused as Discord refuses it.

use super::rest::{Answer, refuse};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One wrong field.
struct Problem {
    field: String,
    what: String,
}

fn problem(field: impl Into<String>, what: impl Into<String>) -> Problem {
    Problem { field: field.into(), what: what.into() }
}

/// 50035 with what is wrong where.
fn invalid_form(problems: Vec<Problem>) -> Result<(), Answer> {
    if problems.is_empty() {
        return Ok(());
    }
    let mut answer = refuse(400, 50_035, "Invalid Form Body");
    for Problem { field, what } in problems {
        answer.body["errors"][field] = json!({ "_errors": [{ "code": "BASE_TYPE", "message": what }] });
    }
    Err(answer)
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// Checks a message's body.
pub(super) fn message(body: &Value, files: &[Vec<u8>]) -> Result<(), Answer> {
    if files.iter().any(|file| file.len() > 10 * 1024 * 1024) {
        return Err(refuse(413, 40_005, "Request entity too large"));
    }
    let mut problems = Vec::new();
    if length(&body["content"]) > 2_000 {
        problems.push(problem("content", "Must be 2000 or fewer in length."));
    }
    if length(&body["nonce"]) > 25 {
        problems.push(problem("nonce", "Must be 25 or fewer in length."));
    }
    if files.len() > 10 {
        problems.push(problem("attachments", "Must be 10 or fewer in length."));
    }
    embeds(&body["embeds"], &mut problems);
    components(&body["components"], &mut problems);
    invalid_form(problems)
}

fn embeds(embeds: &Value, problems: &mut Vec<Problem>) {
    let embeds = embeds.as_array().map_or(&[][..], Vec::as_slice);
    if embeds.len() > 10 {
        problems.push(problem("embeds", "Must be 10 or fewer in length."));
    }
    let mut total = 0;
    for (index, embed) in embeds.iter().enumerate() {
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        let mut check = |name: &str, value: &Value, limit: usize| {
            total += length(value);
            if length(value) > limit {
                problems
                    .push(problem(format!("embeds.{index}.{name}"), format!("Must be {limit} or fewer in length.")));
            }
        };
        check("title", &embed["title"], 256);
        check("description", &embed["description"], 4_096);
        check("footer.text", &embed["footer"]["text"], 2_048);
        check("author.name", &embed["author"]["name"], 256);
        for field in fields {
            check("fields.name", &field["name"], 256);
            check("fields.value", &field["value"], 1_024);
        }
        if fields.len() > 25 {
            problems.push(problem(format!("embeds.{index}.fields"), "Must be 25 or fewer in length."));
        }
    }
    if total > 6_000 {
        problems.push(problem("embeds", "Embed size exceeds maximum size of 6000"));
    }
}

fn components(rows: &Value, problems: &mut Vec<Problem>) {
    let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() > 5 {
        problems.push(problem("components", "Must be between 1 and 5 in length."));
    }
    let mut seen = BTreeSet::new();
    for (place, row) in rows.iter().enumerate() {
        let buttons = row["components"].as_array().map_or(&[][..], Vec::as_slice);
        if row["type"] != 1 || buttons.is_empty() || buttons.len() > 5 {
            problems.push(problem(format!("components.{place}"), "An action row holds between 1 and 5 buttons."));
        }
        for (index, button) in buttons.iter().enumerate() {
            let field = format!("components.{place}.components.{index}");
            if button["type"] != 2 || !(1..=4).contains(&button["style"].as_u64().unwrap_or_default()) {
                problems.push(problem(&field, "This fake knows only buttons of the styles 1 to 4."));
            }
            if !(1..=80).contains(&length(&button["label"])) {
                problems.push(problem(format!("{field}.label"), "Must be between 1 and 80 in length."));
            }
            if !(1..=100).contains(&length(&button["custom_id"])) {
                problems.push(problem(format!("{field}.custom_id"), "Must be between 1 and 100 in length."));
            }
            if !seen.insert(button["custom_id"].as_str().unwrap_or_default()) {
                problems.push(problem(format!("{field}.custom_id"), "Component custom id cannot be duplicated"));
            }
        }
    }
}

/// Checks the body of a bulk overwrite of commands.
pub(super) fn commands(body: &Value) -> Result<(), Answer> {
    let commands = body.as_array().map_or(&[][..], Vec::as_slice);
    let mut problems = Vec::new();
    if !body.is_array() || commands.len() > 100 {
        problems.push(problem("commands", "Must be an array of at most 100."));
    }
    let named = |name: &Value| {
        let text = name.as_str().unwrap_or_default();
        (1..=32).contains(&text.chars().count())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    let mut words = BTreeSet::new();
    for command in commands {
        let word = command["name"].as_str().unwrap_or_default();
        let options = command["options"].as_array().map_or(&[][..], Vec::as_slice);
        if !named(&command["name"]) || !words.insert(word) {
            problems.push(problem(format!("{word}.name"), "Names are unique, 1 to 32 of a-z, 0-9, - and _."));
        }
        if !(1..=100).contains(&length(&command["description"])) {
            problems.push(problem(format!("{word}.description"), "Must be between 1 and 100 in length."));
        }
        if options.len() > 25 {
            problems.push(problem(format!("{word}.options"), "Must be 25 or fewer in length."));
        }
        let mut optional = false;
        for option in options {
            if !named(&option["name"]) || !(1..=100).contains(&length(&option["description"])) {
                problems.push(problem(format!("{word}.options"), "An option has no proper name or description."));
            }
            let required = option["required"].as_bool().unwrap_or_default();
            if required && optional {
                problems.push(problem(format!("{word}.options"), "Required options must be placed before others."));
            }
            optional |= !required;
        }
    }
    invalid_form(problems)
}
