//! Whether what the bot asks a cluster for in a test is compared with a real API server: the shapes that `tests/it/shapes.rs`
//! replays are those of one file, and a shape that is not in it fails the test that asked.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Shape;

/// The shapes that are replayed.
#[derive(Debug)]
pub struct Coverage {
    file: PathBuf,
    known: BTreeSet<Shape>,
}

/// Why a test fails that asked for something new.
#[derive(Debug, thiserror::Error)]
pub enum Uncovered {
    /// Shapes, as the lines that the file lacks.
    #[error(
        "nobody compares the demo's answer to this with a real API server's:\n{}\n`tests/shapes add` adds it to the shapes that are replayed.",
        .0.join("\n")
    )]
    Shapes(Vec<String>),
    #[error("{}: {error}", file.display())]
    File { file: PathBuf, error: io::Error },
}

impl Coverage {
    /// Reads the file of shapes; without one nothing is covered.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is no shape.
    pub fn of(file: &Path) -> Result<Self, Uncovered> {
        let failed = |error| Uncovered::File { file: file.to_owned(), error };
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(failed)?,
        };
        let known = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        Ok(Self { file: file.to_owned(), known: known.map_err(|error| failed(error.into()))? })
    }

    /// The shapes, in their order.
    pub fn shapes(&self) -> &BTreeSet<Shape> {
        &self.known
    }

    /// Asks that all of these are covered; notes those that are not beside the file, where `tests/shapes` looks for them.
    ///
    /// # Errors
    /// When one is not.
    pub fn require(&self, asked: impl IntoIterator<Item = Shape>) -> Result<(), Uncovered> {
        let new: BTreeSet<Shape> = asked.into_iter().filter(|shape| !self.known.contains(shape)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let file = self.file.with_extension("jsonl.new");
        let failed = |error| Uncovered::File { file: file.clone(), error };
        let lines: Result<Vec<String>, _> = new.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|error| failed(error.into()))?;
        // One write: other tests add theirs at the same time.
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let opened = OpenOptions::new().append(true).create(true).open(&file);
        opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(failed)?;
        Err(Uncovered::Shapes(lines))
    }
}
