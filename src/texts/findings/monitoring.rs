//! Titles about what Prometheus and its Alertmanager say.

use super::{brief, verb};

pub(crate) fn reload_failed(error: &str) -> String {
    let failed = "its configuration cannot be loaded; it works with the last good one";
    if error.is_empty() { failed.to_owned() } else { format!("{failed}: {}", brief(error)) }
}

/// A job whose relabeling keeps nothing.
pub(crate) fn all_dropped(job: &str, targets: u64) -> String {
    let found = if targets == 1 { "1 target".to_owned() } else { format!("{targets} targets") };
    format!("job {job} finds {found}, and its relabeling drops all of them")
}

pub(crate) fn no_scrape_config() -> String {
    "it has nothing to scrape: its configuration names no job".to_owned()
}

pub(crate) fn times(alerts: usize) -> String {
    if alerts == 1 { "fires".to_owned() } else { format!("fires {alerts} times") }
}

pub(crate) fn firing(name: &str, summary: &str) -> String {
    if summary.is_empty() { format!("alert {name} fires") } else { format!("alert {name}: {}", brief(summary)) }
}

pub(crate) fn target_down(count: usize, error: &str) -> String {
    let down = format!("{count} of its targets {} not answer", verb(count, "does", "do"));
    if error.is_empty() { down } else { format!("{down}: {}", brief(error)) }
}
