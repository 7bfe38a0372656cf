//! When things are due. The truth is what is stored and the clock; the ticker only says when to look.
//!
//! tokio-cron-scheduler is used as a clock and for nothing else: one job, every second, in UTC. Its own handling of
//! time zones freezes the offset when a job is created, and it catches up nothing after a restart; see `due`.

pub mod due;
mod rule;
mod zone;

use std::time::Duration;

use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

pub use due::{Due, MISSED_LIMIT, Misfire, Missed, due};
pub use rule::{Schedule, ScheduleError};
pub use zone::zone;

use crate::clock::Clock;

const EVERY_SECOND: &str = "* * * * * *";

/// If the scheduler's own tick stays away for this long, it is time to look anyway: its repeated jobs are known to
/// stop for good after a long stall.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says when to look at what is due. A tick is only a hint: several may come as one, and one may come for nothing.
#[derive(Debug)]
pub struct Ticker {
    beat: Beat,
    /// The first tick comes at once: what fell due while the process was down is to be looked at first.
    started: bool,
}

enum Beat {
    /// A manual clock: whoever moves it makes the tick.
    Clock(Clock),
    Scheduler {
        scheduler: JobScheduler,
        seconds: watch::Receiver<u64>,
    },
}

impl std::fmt::Debug for Beat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clock(clock) => f.debug_tuple("Clock").field(clock).finish(),
            Self::Scheduler { seconds, .. } => f.debug_tuple("Scheduler").field(&*seconds.borrow()).finish(),
        }
    }
}

/// The clock of the schedules could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler's clock failed: {0}")]
pub struct TickerError(#[from] JobSchedulerError);

impl Ticker {
    /// Ticks with the seconds of the system's clock, or with the moves of a manual one.
    pub async fn start(clock: Clock) -> Result<Self, TickerError> {
        if clock.is_manual() {
            return Ok(Self { beat: Beat::Clock(clock), started: false });
        }
        let (second, seconds) = watch::channel(0u64);
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(EVERY_SECOND, move |_, _| second.send_modify(|n| *n = n.wrapping_add(1)))?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self { beat: Beat::Scheduler { scheduler, seconds }, started: false })
    }

    /// Waits until it is time to look again; the first time not at all. Safe to drop while it waits.
    pub async fn tick(&mut self) {
        if !self.started {
            self.started = true;
            return;
        }
        match &mut self.beat {
            Beat::Clock(clock) => clock.changed().await,
            Beat::Scheduler { seconds, .. } => {
                let second = async {
                    if seconds.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                if tokio::time::timeout(PATIENCE, second).await.is_err() {
                    tracing::debug!("no tick of the scheduler for {PATIENCE:?}, looking anyway");
                }
            }
        }
    }

    /// Stops the scheduler behind it.
    pub async fn stop(self) -> Result<(), TickerError> {
        match self.beat {
            Beat::Clock(_) => Ok(()),
            Beat::Scheduler { mut scheduler, .. } => Ok(scheduler.shutdown().await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_system_clock_ticks_by_the_second() {
        let started = std::time::Instant::now();
        let mut ticker = Ticker::start(Clock::system()).await.unwrap();
        ticker.tick().await;
        ticker.tick().await;
        ticker.tick().await;
        assert!(started.elapsed() < PATIENCE, "the ticks did not come from the scheduler");
        ticker.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_manual_clock_ticks_when_it_is_moved_and_once_at_the_start() {
        let (clock, hand) = Clock::manual("2026-11-23T09:00:00Z".parse().unwrap());
        let mut ticker = Ticker::start(clock).await.unwrap();
        ticker.tick().await;
        {
            let tick = ticker.tick();
            tokio::pin!(tick);
            assert!(futures::poll!(&mut tick).is_pending());
            hand.advance(TimeDelta::minutes(1));
            tick.await;
        }
        hand.advance(TimeDelta::minutes(1));
        hand.advance(TimeDelta::minutes(1));
        ticker.tick().await;
        assert!(futures::poll!(std::pin::pin!(ticker.tick())).is_pending());
        ticker.stop().await.unwrap();
    }
}
