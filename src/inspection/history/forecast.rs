//! When something will be full, where past inspections show a clear trend: a straight line through them, and silence
//! where they do not lie on one.

use super::series::Fill;
use chrono::{DateTime, TimeDelta, Utc};

/// Fewer points than this are no trend.
const LEAST_POINTS: usize = 4;
/// A shorter time than this is no trend either.
const LEAST_SPAN: TimeDelta = TimeDelta::hours(6);
/// How much of the change the line must explain (the coefficient of determination).
const LEAST_FIT: f64 = 0.8;

/// What a trend leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// When nothing is left.
    pub full_at: DateTime<Utc>,
    /// How fast it fills, in bytes a day.
    pub per_day: f64,
    /// From how many inspections.
    pub points: usize,
    /// Over which time.
    pub over: TimeDelta,
}

/// When a claim will be full, by the line through its points of one capacity, the oldest first; None where there is
/// no clear trend upwards. What was resized begins anew.
pub fn full(points: &[Fill]) -> Option<Forecast> {
    let last = points.last()?;
    let resized = points.iter().rposition(|point| point.capacity != last.capacity).map_or(0, |at| at + 1);
    let points = points.get(resized..)?;
    let first = points.first()?;
    let over = last.at - first.at;
    if points.len() < LEAST_POINTS || over < LEAST_SPAN {
        return None;
    }
    let line = Line::through(points.iter().map(|point| (days(point.at - first.at), point.used as f64)))?;
    if line.slope <= 0.0 || line.fit < LEAST_FIT {
        return None;
    }
    // From where it is now, not from where the line is: it cannot be full before.
    let left = last.capacity.saturating_sub(last.used) as f64 / line.slope;
    let full_at = last.at.checked_add_signed(TimeDelta::try_seconds((left * 86_400.0) as i64)?)?;
    Some(Forecast { full_at, per_day: line.slope, points: points.len(), over })
}

fn days(span: TimeDelta) -> f64 {
    span.num_seconds() as f64 / 86_400.0
}

/// A line by least squares.
struct Line {
    slope: f64,
    /// 1: every point is on it; 0: it explains nothing.
    fit: f64,
}

impl Line {
    fn through(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        let count = points.clone().count() as f64;
        let mean_x = points.clone().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = points.clone().map(|(_, y)| y).sum::<f64>() / count;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in points {
            let (x, y) = (x - mean_x, y - mean_y);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        (xx > 0.0 && yy > 0.0).then(|| Self { slope: xy / xx, fit: xy * xy / (xx * yy) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Forecast, full};
    use crate::inspection::history::Fill;
    use chrono::{DateTime, TimeDelta};

    const GIB: u64 = 1 << 30;

    /// One point every six hours.
    fn points(used: &[u64], capacity: u64) -> Vec<Fill> {
        let at = |place: usize| DateTime::UNIX_EPOCH + TimeDelta::hours(6 * place as i64);
        used.iter().enumerate().map(|(place, used)| Fill { at: at(place), used: *used, capacity }).collect()
    }

    fn forecast(used: &[u64]) -> Option<Forecast> {
        full(&points(used, 100 * GIB))
    }

    #[test]
    fn a_steady_rise_says_when() {
        let rise = forecast(&[60 * GIB, 65 * GIB, 70 * GIB, 75 * GIB, 80 * GIB]);
        let expected = Forecast {
            full_at: DateTime::UNIX_EPOCH + TimeDelta::hours(48),
            per_day: (20 * GIB) as f64,
            points: 5,
            over: TimeDelta::hours(24),
        };
        assert_eq!(rise, Some(expected));
    }

    #[test]
    fn no_trend_is_no_forecast() {
        for (why, used) in [
            ("too few", vec![1, 2, 3]),
            ("level", vec![50, 50, 50, 50, 50]),
            ("falling", vec![50, 40, 30, 20]),
            ("up and down", vec![10, 60, 15, 70, 12, 65]),
            ("nothing at all", Vec::new()),
        ] {
            assert_eq!(forecast(&used), None, "{why}");
        }
        let mut quick = points(&[1, 2, 3, 4, 5], 10);
        for (place, point) in quick.iter_mut().enumerate() {
            point.at = DateTime::UNIX_EPOCH + TimeDelta::minutes(place as i64);
        }
        assert_eq!(full(&quick), None, "too short a time");
    }

    #[test]
    fn a_rise_with_noise_is_still_one_and_what_is_full_is_full_now() {
        let rise = forecast(&[60 * GIB, 66 * GIB, 69 * GIB, 76 * GIB, 79 * GIB]).unwrap();
        let hours = (rise.full_at - DateTime::UNIX_EPOCH).num_hours();
        assert!((47..=51).contains(&hours), "{hours}");
        let full = forecast(&[70 * GIB, 80 * GIB, 90 * GIB, 100 * GIB]).unwrap();
        assert_eq!(full.full_at, DateTime::UNIX_EPOCH + TimeDelta::hours(18));
    }

    #[test]
    fn what_was_resized_begins_anew() {
        let mut grown = points(&[6, 7, 8, 9, 10], 10);
        for point in &mut grown[3..] {
            point.capacity = 20;
        }
        assert_eq!(full(&grown), None);
    }
}
