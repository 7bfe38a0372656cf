//! What containers have printed: files in the format of the CRI, which kwok serves as a kubelet would.
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::{ControlPlane, Identity, PATIENCE, run, said};

/// The lines that a container has printed, each without its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContainerLogs<'a> {
    pub current: &'a str,
    /// Of the container before its last restart.
    pub previous: &'a str,
}

pub(crate) fn set(
    plane: &ControlPlane,
    namespace: &str,
    container: &str,
    logs: &ContainerLogs<'_>,
) -> anyhow::Result<()> {
    let name = format!("{namespace}.{container}");
    let folder = plane.dir.join("pod-logs");
    let current = folder.join(format!("{name}.log"));
    let previous = folder.join(format!("{name}.previous.log"));
    write(&previous, logs.previous)?;
    write(&current, logs.current)?;
    let object = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": { "name": name },
        "spec": {
            "selector": { "matchNamespaces": [namespace] },
            "logs": [{ "containers": [container], "logsFile": current, "previousLogsFile": previous }],
        },
    });
    plane.apply(namespace, &object.to_string());
    served(plane, namespace, container)
}

/// kwok watches the objects: waits until it answers for this one. Its port asks for no token, and for no pod either.
fn served(plane: &ControlPlane, namespace: &str, container: &str) -> anyhow::Result<()> {
    let path = format!("/containerLogs/{namespace}/any/{container}");
    let until = Instant::now() + PATIENCE;
    loop {
        let mut command = plane.kubectl_command(Identity::Nobody);
        command.arg(format!("--server=https://127.0.0.1:{}", plane.kubelet_port)).args(["get", "--raw", &path]);
        let output = run(command, "")?;
        if output.status.success() {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("kwok does not serve it: {}", said(&output));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One line of the CRI: time, stream, F for a full line, text. Replaced whole: a reader sees the old or the new file.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the API server filters these lines by its own clock, the machine's")]
    let now = SystemTime::now();
    let at = rfc3339(now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO));
    let mut lines = String::new();
    for line in text.lines() {
        writeln!(lines, "{at} stdout F {line}").context("no line")?;
    }
    let new = path.with_extension("new");
    fs::write(&new, lines)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Seconds since 1970 as a UTC time (Howard Hinnant's days-from-civil, backwards): not worth a dependency.
fn rfc3339(since: Duration) -> String {
    let seconds = since.as_secs();
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year_of_era + era * 400 + carry;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:09}Z", since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000000000Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), text);
        }
    }
}
