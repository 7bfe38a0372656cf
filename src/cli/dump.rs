//! `roundsman export` and `roundsman import`: everything that a bot has kept, as text, while it does not run.

use crate::store::{Dumped, Options, Store};
use anyhow::Context;
use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// `roundsman export`
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The configuration's `data_dir`
    #[arg(long)]
    data_dir: PathBuf,
    /// The file to write, which must not exist yet
    file: PathBuf,
}

/// `roundsman import`
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The configuration's `data_dir`; there must be no store in it
    #[arg(long)]
    data_dir: PathBuf,
    /// A file that `roundsman export` has written
    file: PathBuf,
}

/// Writes the whole store into a file.
///
/// # Errors
/// When the store is in use or damaged, or the file cannot be written.
pub(super) fn export(args: &ExportArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let dir = folder(&args.data_dir);
    anyhow::ensure!(dir.exists(), "there is no store in {}", args.data_dir.display());
    let store = Store::open(&dir, Options::default())?;
    let file = File::create_new(&args.file).with_context(|| format!("creating {}", args.file.display()))?;
    let mut writer = BufWriter::new(file);
    let dumped = store.export(&mut writer)?;
    writer.into_inner().context("writing the last of it")?.sync_all()?;
    writeln!(out, "{}: {}.", args.file.display(), said(dumped))?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a store from a file.
///
/// # Errors
/// When there is a store already, or the file is no whole export.
pub(super) fn import(args: &ImportArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let file = File::open(&args.file).with_context(|| format!("opening {}", args.file.display()))?;
    let dumped = Store::import(&folder(&args.data_dir), BufReader::new(file))?;
    writeln!(out, "{}: {}.", args.data_dir.display(), said(dumped))?;
    Ok(ExitCode::SUCCESS)
}

fn said(Dumped { rows, blobs }: Dumped) -> String {
    format!("{rows} rows and {blobs} files")
}

/// Where a bot keeps its store.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

#[cfg(test)]
mod tests {
    use super::{ExportArgs, ImportArgs, export, folder, import};
    use crate::{
        inbox::{SEEN, Seen},
        store::{Commit, Options, Store},
    };
    use std::path::PathBuf;

    #[tokio::test]
    async fn what_is_exported_comes_back_elsewhere_and_nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let [old, new, file] = ["old", "new", "export.jsonl"].map(|name| dir.path().join(name));
        let at = "2026-11-23T09:00:00Z".parse().unwrap();
        let from = ExportArgs { data_dir: old.clone(), file: file.clone() };
        let to = |data_dir: &PathBuf| ImportArgs { data_dir: data_dir.clone(), file: file.clone() };

        assert!(export(&from, &mut Vec::new()).unwrap_err().to_string().contains("there is no store"));
        {
            let store = Store::open(&folder(&old), Options::default()).unwrap();
            let mut commit = Commit::new();
            commit.put(&SEEN, "one", &Seen { at });
            store.commit(commit).await.unwrap();
        }
        let mut said = Vec::new();
        export(&from, &mut said).unwrap();
        assert!(String::from_utf8(said).unwrap().ends_with("export.jsonl: 1 rows and 0 files.\n"));
        assert!(export(&from, &mut Vec::new()).is_err(), "an export is not written over");
        import(&to(&new), &mut Vec::new()).unwrap();
        let store = Store::open(&folder(&new), Options::default()).unwrap();
        assert_eq!(store.get(&SEEN, "one").unwrap().unwrap().at, at);
        let error = import(&to(&old), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("is not empty"), "{error}");
    }
}
