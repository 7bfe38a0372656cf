//! Finding the time zone that a person means.

use chrono_tz::{TZ_VARIANTS, Tz};

use super::rule::ScheduleError;

/// The time zone of an IANA name, in any case.
pub fn zone(name: &str) -> Result<Tz, ScheduleError> {
    let found = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| ScheduleError::UnknownZone {
        given: name.to_owned(),
        meant: meant(name).map(|zone| zone.name().to_owned()),
    })
}

/// The zone whose name or city is nearest, if any is near.
fn meant(name: &str) -> Option<Tz> {
    let name = name.to_ascii_lowercase().replace([' ', '-'], "_");
    let distance = |zone: &Tz| {
        let full = zone.name().to_ascii_lowercase();
        let city = full.rsplit('/').next().unwrap_or(&full).to_owned();
        nearness(&name, &full).min(nearness(&name, &city))
    };
    let nearest = TZ_VARIANTS.iter().map(|zone| (distance(zone), zone)).min_by_key(|(distance, _)| *distance)?;
    (nearest.0 <= tolerance(&name)).then_some(*nearest.1)
}

/// Which of `words` is meant by a misspelt `given`.
pub(super) fn nearest_word<'a>(given: &str, words: &[&'a str]) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    let nearest = words.iter().map(|word| (nearness(&given, word), *word)).min()?;
    (nearest.0 <= tolerance(&given)).then_some(nearest.1)
}

/// How many typing mistakes are forgiven: one in three letters, three at most.
fn tolerance(text: &str) -> usize {
    (text.len() / 3).min(3)
}

/// The number of letters to add, drop, change or swap with their neighbour to get from one text to the other.
fn nearness(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let swapped: &Vec<usize> = &before;
                best = best.min(swapped[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_in_any_case_and_misspelt_ones_are_guessed() {
        assert_eq!(zone("europe/berlin"), Ok(Tz::Europe__Berlin));
        assert_eq!(zone("UTC"), Ok(Tz::UTC));
        for (given, expected) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("Eruope/Berlin", Some("Europe/Berlin")),
            ("berlin", Some("Europe/Berlin")),
            ("America/NewYork", Some("America/New_York")),
            ("new york", Some("America/New_York")),
            ("Lord Howe", Some("Australia/Lord_Howe")),
            ("Mars/Olympus", None),
            ("x", None),
            ("", None),
        ] {
            let Err(ScheduleError::UnknownZone { meant, .. }) = zone(given) else { panic!("{given} is no zone") };
            assert_eq!(meant.as_deref(), expected, "{given}");
        }
    }
}
