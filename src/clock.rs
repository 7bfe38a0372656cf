//! The one place that asks the machine what time it is, so that tests, the demo and `--now` can decide it instead.
//!
//! Dates and ages come from here; time-outs of I/O use tokio's own clock.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// How long a sleeper on the system clock trusts one sleep. The wall clock may be corrected meanwhile, so it looks again.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(30);

/// Where the time comes from. Cheap to clone; clones of a manual clock move together.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(watch::Receiver<DateTime<Utc>>),
}

/// The hand that moves a manual clock. Once the last one is dropped the clock stands still.
#[derive(Clone, Debug)]
pub struct ManualClock {
    time: watch::Sender<DateTime<Utc>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { source: Source::System }
    }

    /// A clock that stands still at `at`: what `--now` gives.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::manual(at).0
    }

    /// A clock that moves only by its hand.
    pub fn manual(start: DateTime<Utc>) -> (Self, ManualClock) {
        let (time, seen) = watch::channel(start);
        (Self { source: Source::Manual(seen) }, ManualClock { time })
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.source {
            Source::System => Utc::now(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Whether the time moves by hand, so that waiting has to follow the hand and not the machine.
    pub fn is_manual(&self) -> bool {
        match self.source {
            Source::System => false,
            Source::Manual(_) => true,
        }
    }

    /// Resolves when a manual clock was moved since this handle last looked; never for the system's clock, nor for
    /// one whose hand is gone. Safe to drop while it waits.
    pub async fn changed(&mut self) {
        let moved = match &mut self.source {
            Source::System => false,
            Source::Manual(time) => time.changed().await.is_ok(),
        };
        if !moved {
            std::future::pending::<()>().await;
        }
    }

    /// Resolves once the clock shows `at` or later. Safe to drop while it waits.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        match &self.source {
            Source::System => loop {
                let left = at - self.now();
                if left <= TimeDelta::zero() {
                    return;
                }
                let left = left.to_std().unwrap_or(LOOK_AGAIN);
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            },
            Source::Manual(time) => {
                let arrived = time.clone().wait_for(|now| *now >= at).await.is_ok();
                if !arrived {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

impl ManualClock {
    /// Puts the clock to `at`, forwards or backwards.
    pub fn set(&self, at: DateTime<Utc>) {
        self.time.send_replace(at);
    }

    /// Moves the clock on by `step` and gives the new time.
    pub fn advance(&self, step: TimeDelta) -> DateTime<Utc> {
        self.time.send_modify(|now| *now += step);
        *self.time.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_manual_clock_moves_only_by_its_hand() {
        let (mut clock, hand) = Clock::manual(at("2026-11-23T09:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-23T09:00:00Z"));

        let other = clock.clone();
        assert_eq!(hand.advance(TimeDelta::minutes(5)), at("2026-11-23T09:05:00Z"));
        assert_eq!(other.now(), at("2026-11-23T09:05:00Z"));
        clock.changed().await;

        hand.set(at("2026-11-23T08:00:00Z"));
        clock.changed().await;
        assert_eq!(clock.now(), at("2026-11-23T08:00:00Z"));
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let (clock, hand) = Clock::manual(at("2026-11-23T09:00:00Z"));
        let sleeping = clock.sleep_until(at("2026-11-23T10:00:00Z"));
        tokio::pin!(sleeping);
        hand.advance(TimeDelta::minutes(59));
        assert!(futures::poll!(&mut sleeping).is_pending());
        hand.advance(TimeDelta::minutes(1));
        sleeping.await;
    }

    #[tokio::test]
    async fn a_fixed_clock_stands_still_and_wakes_nobody() {
        let mut clock = Clock::fixed(at("2026-11-23T09:00:00Z"));
        {
            let changed = clock.changed();
            tokio::pin!(changed);
            assert!(futures::poll!(changed).is_pending());
        }
        assert_eq!(clock.now(), at("2026-11-23T09:00:00Z"));
        clock.sleep_until(at("2026-11-23T09:00:00Z")).await;
    }

    #[tokio::test]
    async fn the_system_clock_goes_on() {
        let clock = Clock::system();
        let before = clock.now();
        clock.sleep_until(before + TimeDelta::milliseconds(2)).await;
        assert!(clock.now() > before);
        assert!(!clock.is_manual());
    }
}
