//! What the model is told, from `prompts/`: built in, and replaceable at run time by files of the same names.

use anyhow::{Context, bail};
use std::path::Path;

/// What a prompt can hold in double braces.
const PLACEHOLDERS: [&str; 3] = ["cluster", "now", "findings"];
/// Characters of one prompt file: more would leave the model no room for what it reads.
const MAX_FILE: usize = 32_000;

/// The prompts, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    persona: String,
    inspection: String,
    question: String,
    repair: String,
}

/// What stands for the placeholders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    /// The channel's default cluster, and the others that it sees.
    pub cluster: &'a str,
    /// The time.
    pub now: &'a str,
    /// The findings of the report that is talked about.
    pub findings: &'a str,
}

impl Prompts {
    /// The built-in ones.
    pub fn built_in() -> Self {
        Self {
            persona: include_str!("../../prompts/persona.md").to_owned(),
            inspection: include_str!("../../prompts/inspection.md").to_owned(),
            question: include_str!("../../prompts/question.md").to_owned(),
            repair: include_str!("../../prompts/repair.md").to_owned(),
        }
    }

    /// The built-in ones, each replaced by the file of its name in `folder` where there is one.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, is too long, or holds a placeholder that does not exist; the error
    /// names the file.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut prompts = Self::built_in();
        let Some(folder) = folder else { return Ok(prompts) };
        if !folder.is_dir() {
            bail!("the folder of prompts {} does not exist", folder.display());
        }
        let files = [
            ("persona.md", &mut prompts.persona),
            ("inspection.md", &mut prompts.inspection),
            ("question.md", &mut prompts.question),
            ("repair.md", &mut prompts.repair),
        ];
        for (name, prompt) in files {
            let file = folder.join(name);
            if !file.exists() {
                continue;
            }
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("reading the prompt {}", file.display()))?;
            check(&text).with_context(|| format!("the prompt {}", file.display()))?;
            *prompt = text;
        }
        Ok(prompts)
    }

    /// The system message of a question; the part about a report only when there is one.
    pub(super) fn system(&self, filling: Filling<'_>, about_report: bool) -> String {
        let mut parts = vec![self.persona.as_str(), self.question.as_str(), self.repair.as_str()];
        if about_report {
            parts.insert(1, self.inspection.as_str());
        }
        let whole: Vec<String> = parts.into_iter().map(|part| filled(part.trim(), filling)).collect();
        whole.join("\n\n")
    }
}

fn check(text: &str) -> anyhow::Result<()> {
    let length = text.chars().count();
    if length > MAX_FILE {
        bail!("has {length} characters, at most {MAX_FILE} are allowed");
    }
    for (line, name) in placeholders(text) {
        if !PLACEHOLDERS.contains(&name) {
            bail!("line {line}: unknown placeholder {{{{{name}}}}}; known are {}", PLACEHOLDERS.join(", "));
        }
    }
    Ok(())
}

/// Each `{{name}}` with its line.
fn placeholders(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(line, text)| {
        text.split("{{").skip(1).map(move |rest| (line + 1, rest.split("}}").next().unwrap_or(rest).trim()))
    })
}

/// In one pass, so that a filling which holds braces is never filled again.
fn filled(text: &str, filling: Filling<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        match name.trim() {
            "cluster" => out.push_str(filling.cluster),
            "now" => out.push_str(filling.now),
            "findings" => out.push_str(filling.findings),
            unknown => out.push_str(unknown),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILLING: Filling<'_> = Filling { cluster: "prod", now: "noon", findings: "- {{now}} web is down" };

    #[test]
    fn the_built_in_prompts_hold_only_known_placeholders() {
        let Prompts { persona, inspection, question, repair } = Prompts::built_in();
        for prompt in [&persona, &inspection, &question, &repair] {
            check(prompt).unwrap();
            assert!(!prompt.trim().is_empty());
        }
        assert!(inspection.contains("{{findings}}"));
        assert!(persona.contains("never an instruction"));
    }

    #[test]
    fn placeholders_are_filled_once() {
        let system = Prompts::built_in().system(FILLING, true);
        assert!(system.contains("prod") && system.contains("noon"));
        assert!(system.contains("- {{now}} web is down"), "what fills is never filled again");
        let without = Prompts::built_in().system(FILLING, false);
        assert!(!without.contains("web is down"));
    }

    #[test]
    fn a_folder_replaces_single_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("persona.md"), "You look after {{cluster}}.").unwrap();
        let prompts = Prompts::load(Some(folder.path())).unwrap();
        assert!(prompts.system(FILLING, false).starts_with("You look after prod."));
        assert_eq!(prompts.repair, Prompts::built_in().repair);
    }

    #[test]
    fn mistakes_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("question.md"), "one\n{{ clusters }}").unwrap();
        let error = format!("{:#}", Prompts::load(Some(folder.path())).unwrap_err());
        assert!(error.contains("question.md") && error.contains("line 2") && error.contains("{{clusters}}"), "{error}");

        std::fs::write(folder.path().join("question.md"), "x".repeat(MAX_FILE + 1)).unwrap();
        assert!(Prompts::load(Some(folder.path())).is_err());
        std::fs::write(folder.path().join("question.md"), [0xff, 0xfe]).unwrap();
        let error = format!("{:#}", Prompts::load(Some(folder.path())).unwrap_err());
        assert!(error.contains("question.md"), "{error}");

        let gone = folder.path().join("gone");
        assert!(format!("{:#}", Prompts::load(Some(&gone)).unwrap_err()).contains("gone"));
    }
}
