//! The standard output, read by somebody who may have seen enough (`| head`).

use std::io::{self, ErrorKind, StdoutLock, Write};

/// Takes everything, also when nobody reads it any more: that is no failure of ours, and the exit status still says
/// what was found.
#[derive(Debug)]
pub(super) struct Out(StdoutLock<'static>);

impl Out {
    pub(super) fn new() -> Self {
        Self(io::stdout().lock())
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_gone(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_gone(self.0.flush(), ())
    }
}

fn unless_gone<T>(done: io::Result<T>, otherwise: T) -> io::Result<T> {
    match done {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(otherwise),
        done => done,
    }
}
