//! A line on the terminal while something takes its time, so that nobody wonders whether it hangs.

use crate::texts;
use std::{
    io::{IsTerminal, Write},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// What is done sooner needs no words.
const PATIENCE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(1);
/// Back to the beginning of the line, and nothing after it.
const CLEAR: &str = "\r\x1b[K";

/// Waits for what is found out about a cluster; a terminal is told meanwhile.
pub(super) fn looking_at<'a, T: 'a>(
    cluster: &'a str,
    work: impl Future<Output = T> + 'a,
) -> impl Future<Output = T> + 'a {
    // It is large, and would be moved from one stack to the next.
    let work = Box::pin(work);
    async move {
        let stderr = std::io::stderr();
        if stderr.is_terminal() { told(cluster, work, stderr).await } else { work.await }
    }
}

async fn told<T>(cluster: &str, mut work: impl Future<Output = T> + Unpin, mut terminal: impl Write) -> T {
    let begun = Instant::now();
    let mut ticks = interval_at(begun + PATIENCE, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut is_shown = false;
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                if is_shown {
                    // A terminal that takes no words is no reason to lose the answer.
                    drop(write!(terminal, "{CLEAR}").and_then(|()| terminal.flush()));
                }
                return done;
            }
            _ = ticks.tick() => {
                let line = texts::cluster::looking_at(cluster, begun.elapsed().as_secs());
                is_shown = write!(terminal, "{CLEAR}{line}").and_then(|()| terminal.flush()).is_ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use std::time::Duration;

    async fn seen(takes: Duration) -> String {
        let mut terminal = Vec::new();
        told("prod", Box::pin(tokio::time::sleep(takes)), &mut terminal).await;
        String::from_utf8(terminal).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_quick_is_done_without_a_word() {
        assert_eq!(seen(Duration::from_millis(1900)).await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_its_time_counts_the_seconds_and_leaves_nothing_behind() {
        let said = "\r\x1b[KLooking at prod: 2 s …\r\x1b[KLooking at prod: 3 s …\r\x1b[K";
        assert_eq!(seen(Duration::from_millis(3500)).await, said);
    }
}
