//! What Discord's rate headers say, kept so that a request that would be refused is not sent: ten thousand refusals
//! in ten minutes get the bot's address banned.

use contract::DeliveryError;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Routes kept in mind; the oldest waits are forgotten first.
const ROUTES: usize = 1_000;

/// The headers of one answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rate {
    /// `X-RateLimit-Remaining`.
    pub(crate) remaining: Option<u64>,
    /// `X-RateLimit-Reset-After` in seconds.
    pub(crate) reset_after: Option<f64>,
    /// `Retry-After` in seconds (only with 429).
    pub(crate) retry_after: Option<f64>,
    /// `X-RateLimit-Global`, or scope `global`: the whole bot must wait.
    pub(crate) global: bool,
}

/// Until when which route must wait.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    everything: Option<Instant>,
    routes: HashMap<String, Instant>,
}

/// How long to wait, and whether everything must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) after: Duration,
    pub(crate) everything: bool,
}

impl From<Wait> for DeliveryError {
    fn from(wait: Wait) -> Self {
        Self::RetryAfter { after: wait.after, everything: wait.everything }
    }
}

impl Limiter {
    /// Whether a request to the route must wait.
    pub(crate) fn wait(&self, route: &str, now: Instant) -> Option<Wait> {
        let left = |until: Instant| until.checked_duration_since(now).filter(|left| !left.is_zero());
        let everything = self.everything.and_then(left).map(|after| Wait { after, everything: true });
        let route = self.routes.get(route).copied().and_then(left).map(|after| Wait { after, everything: false });
        everything.or(route)
    }

    /// Takes note of an answer that was not a refusal.
    pub(crate) fn note(&mut self, route: &str, rate: &Rate, now: Instant) {
        if rate.remaining == Some(0)
            && let Some(after) = rate.reset_after
        {
            self.hold(route, now + seconds(after), now);
        }
    }

    /// Takes note of a 429, and says how long to wait.
    pub(crate) fn refused(&mut self, route: &str, rate: &Rate, now: Instant) -> Wait {
        let after = seconds(rate.retry_after.or(rate.reset_after).unwrap_or(1.0));
        if rate.global {
            self.everything = Some(now + after);
        } else {
            self.hold(route, now + after, now);
        }
        Wait { after, everything: rate.global }
    }

    fn hold(&mut self, route: &str, until: Instant, now: Instant) {
        if self.routes.len() >= ROUTES {
            self.routes.retain(|_, until| *until > now);
        }
        if self.routes.len() < ROUTES {
            self.routes.insert(route.to_owned(), until);
        }
    }
}

/// Seconds as Discord writes them; what is no sensible number counts as one second, and nothing as more than an hour.
fn seconds(number: f64) -> Duration {
    let sensible = if number.is_finite() && number >= 0.0 { number.min(3_600.0) } else { 1.0 };
    Duration::from_secs_f64(sensible)
}

#[cfg(test)]
mod tests {
    use super::{Limiter, Rate, Wait};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn an_exhausted_route_waits_alone_and_a_global_limit_holds_everything() {
        let now = Instant::now();
        let mut limiter = Limiter::default();
        limiter.note("a", &Rate { remaining: Some(1), reset_after: Some(5.0), ..Rate::default() }, now);
        assert_eq!(limiter.wait("a", now), None);
        limiter.note("a", &Rate { remaining: Some(0), reset_after: Some(1.5), ..Rate::default() }, now);
        assert_eq!(limiter.wait("a", now), Some(Wait { after: Duration::from_millis(1_500), everything: false }));
        assert_eq!(limiter.wait("b", now), None);
        assert_eq!(limiter.wait("a", now + Duration::from_millis(1_500)), None);
        limiter.refused("a", &Rate { retry_after: Some(3.0), global: true, ..Rate::default() }, now);
        assert_eq!(limiter.wait("b", now), Some(Wait { after: Duration::from_secs(3), everything: true }));
    }

    #[test]
    fn a_nonsensical_wait_is_one_second_and_the_table_does_not_grow_for_ever() {
        let now = Instant::now();
        let mut limiter = Limiter::default();
        for number in 0..3_000 {
            limiter.refused(&number.to_string(), &Rate { retry_after: Some(f64::NAN), ..Rate::default() }, now);
        }
        assert_eq!(limiter.routes.len(), super::ROUTES);
        assert_eq!(limiter.wait("0", now), Some(Wait { after: Duration::from_secs(1), everything: false }));
    }
}
