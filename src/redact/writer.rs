//! The last look at what is logged: every line goes through here.

use super::text;
use std::io::{self, Write};

/// A writer that takes secrets out. Each call has to hold whole lines, as a line of a log comes.
#[derive(Debug)]
pub struct Redacting<W>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(text(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Redacting;
    use std::io::Write;

    #[test]
    fn a_line_of_the_log_has_no_secret() {
        let mut log = Vec::new();
        writeln!(Redacting(&mut log), "WARN it failed error=\"GET https://bob:s3cr3t@api/?token=s3cr3t\"").unwrap();
        let log = String::from_utf8(log).unwrap();
        assert!(!log.contains("s3cr3t") && log.contains("WARN it failed") && log.ends_with('\n'), "{log}");
    }
}
