//! The message log on disk: one JSON line per change, flushed before anybody hears that it happened.

use crate::{
    config::BindError,
    message::{Entry, State},
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Rewritten when it has grown by this much more than what it holds.
const SLACK: u64 = 16 << 20;
const FORMAT: u32 = 1;

/// Where lines go.
#[derive(Debug)]
pub(crate) enum Log {
    /// Nowhere: the demo.
    Memory,
    /// A file.
    Disk(Disk),
    /// Nowhere any more: the console is gone.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Disk {
    path: PathBuf,
    file: File,
    /// Kept for its lock: the log itself is replaced by a rename.
    _lock: File,
    /// Bytes of whole lines.
    length: u64,
    /// A failed write could not be taken back, so the end of the file is not known.
    broken: bool,
}

impl Log {
    /// Opens or begins the log and folds it.
    pub(crate) fn open(path: Option<&Path>, kept: usize) -> Result<(Self, State), BindError> {
        let mut state = State::default();
        let Some(path) = path else {
            state.apply(Entry::Opened { format: FORMAT, epoch: new_epoch(), number: 0 }, 0, kept);
            return Ok((Self::Memory, state));
        };
        let disk = Disk::open(path, &mut state, kept)
            .map_err(|problem| BindError::Log { path: path.to_owned(), problem: problem.to_string() })?;
        Ok((Self::Disk(disk), state))
    }

    /// Appends one line; `Ok` means that it is on the disk. Returns the line's length.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<usize> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        match self {
            Self::Memory => Ok(line.len()),
            Self::Disk(disk) => disk.append(&line),
            Self::Closed => Err(io::Error::other("the console is closed")),
        }
    }

    /// Rewrites the log where it holds much that is over.
    pub(crate) fn tidy(&mut self, state: &State) -> io::Result<()> {
        match self {
            Self::Disk(disk) if disk.length > state.bytes() as u64 * 2 + SLACK => disk.rewrite(state),
            Self::Memory | Self::Disk(_) | Self::Closed => Ok(()),
        }
    }
}

impl Disk {
    fn open(path: &Path, state: &mut State, kept: usize) -> io::Result<Self> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent)?;
        }
        let lock = private().truncate(false).open(path.with_extension("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another process uses it"),
            TryLockError::Error(error) => error,
        })?;
        let mut file = private().truncate(false).open(path)?;
        let length = read(&file, state, kept)?;
        // A line that was cut short by a crash was never answered for: it goes.
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        let mut disk = Self { path: path.to_owned(), file, _lock: lock, length, broken: false };
        if state.epoch.is_empty() {
            let opened = Entry::Opened { format: FORMAT, epoch: new_epoch(), number: 0 };
            let mut line = serde_json::to_vec(&opened)?;
            line.push(b'\n');
            disk.append(&line)?;
            sync_directory(path)?;
            state.apply(opened, 0, kept);
        }
        Ok(disk)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("an earlier write failed half way; restart the bot"));
        }
        if let Err(error) = self.file.write_all(line).and_then(|()| self.file.sync_data()) {
            let taken_back = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::End(0)));
            self.broken = taken_back.is_err();
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(line.len())
    }

    fn rewrite(&mut self, state: &State) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let file = private().truncate(true).open(&fresh)?;
        let mut writer = BufWriter::new(file);
        for entry in state.lines(FORMAT) {
            serde_json::to_writer(&mut writer, &entry)?;
            writer.write_all(b"\n")?;
        }
        let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        sync_directory(&self.path)?;
        self.length = file.stream_position()?;
        self.file = file;
        Ok(())
    }
}

/// Folds the file and returns the length of its whole lines.
fn read(file: &File, state: &mut State, kept: usize) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut length, mut number) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(length);
        }
        number += 1;
        let entry = serde_json::from_slice(&line)
            .map_err(|error| io::Error::other(format!("line {number} cannot be read: {error}")))?;
        if let Entry::Opened { format, .. } = entry
            && format != FORMAT
        {
            return Err(io::Error::other(format!("it has format {format}, and this version reads {FORMAT}")));
        }
        state.apply(entry, bytes, kept);
        length += bytes as u64;
    }
}

/// Read and write for the owner only: logs and manifests of a cluster are in there.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a new name in the directory survive a power cut.
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn new_epoch() -> String {
    format!("{:08x}", rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::Log;
    use crate::message::{Content, Entry, Post};
    use chrono::DateTime;
    use contract::{Body, plain};
    use std::io::Write;

    fn posted(number: u64, text: &str) -> Entry {
        Entry::Posted {
            number,
            at: DateTime::UNIX_EPOCH,
            room: "ops".into(),
            outbound: format!("o{number}"),
            post: Post { reply_to: None, only: None, body: Body::text(text) },
        }
    }

    fn texts(path: &std::path::Path) -> Vec<String> {
        let (_, state) = Log::open(Some(path), 10).unwrap();
        state.rooms["ops"]
            .since(0)
            .map(|message| match &message.content {
                Content::Posted(post) => plain(&post.body),
                Content::Said(_) | Content::Removed { .. } => "other".into(),
            })
            .collect()
    }

    #[test]
    fn a_line_cut_short_is_dropped_and_the_log_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.jsonl");
        let (mut log, _) = Log::open(Some(&path), 10).unwrap();
        log.append(&posted(1, "one")).unwrap();
        drop(log);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"posted\":{\"num").unwrap();
        let (mut log, state) = Log::open(Some(&path), 10).unwrap();
        assert_eq!(state.number, 1);
        log.append(&posted(2, "two")).unwrap();
        drop(log);
        assert_eq!(texts(&path), ["one", "two"]);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_told_with_its_number() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.jsonl");
        let (mut log, _) = Log::open(Some(&path), 10).unwrap();
        log.append(&posted(1, "one")).unwrap();
        drop(log);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"garbage\n").unwrap();
        assert!(Log::open(Some(&path), 10).unwrap_err().to_string().contains("line 3"));
    }

    #[test]
    fn two_processes_do_not_share_a_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.jsonl");
        let first = Log::open(Some(&path), 10).unwrap();
        assert!(Log::open(Some(&path), 10).unwrap_err().to_string().contains("another process"));
        drop(first);
        Log::open(Some(&path), 10).unwrap();
    }

    #[test]
    fn a_rewritten_log_says_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.jsonl");
        let (mut log, mut state) = Log::open(Some(&path), 2).unwrap();
        for number in 1..=3 {
            let entry = posted(number, &format!("message {number}"));
            let bytes = log.append(&entry).unwrap();
            state.apply(entry, bytes, 2);
        }
        let Log::Disk(disk) = &mut log else { panic!("not on disk") };
        disk.rewrite(&state).unwrap();
        log.append(&posted(4, "message 4")).unwrap();
        let epoch = state.epoch.clone();
        drop(log);
        assert_eq!(texts(&path), ["message 2", "message 3", "message 4"]);
        let (_, state) = Log::open(Some(&path), 2).unwrap();
        assert_eq!(state.epoch, epoch);
        assert_eq!(state.number, 4);
        assert_eq!(state.delivered("o1"), Some(1), "a repeated delivery is recognised even when its message is gone");
    }
}
