//! The numbers that the configuration can change, each with its unit in its name.

use super::Thresholds;
use chrono::TimeDelta;
use std::ops::RangeInclusive;

/// A threshold as the configuration names it.
#[derive(Debug)]
pub struct Knob {
    /// With its unit.
    pub name: &'static str,
    /// What makes sense.
    pub bounds: RangeInclusive<u64>,
    set: fn(&mut Thresholds, u64),
}

macro_rules! knobs {
    ($( $field:ident $ending:literal $unit:ident $low:literal..=$high:literal; )*) => {
        impl Thresholds {
            /// Every number that the configuration can change.
            pub const KNOBS: &[Knob] = &[ $( Knob {
                name: concat!(stringify!($field), $ending),
                bounds: $low..=$high,
                set: |all, number| all.$field = $unit(number),
            } ),* ];
        }
    };
}

knobs! {
    settle "_minutes" minutes 0..=1440;
    address "_minutes" minutes 0..=1440;
    resize "_minutes" minutes 0..=10080;
    deletion "_minutes" minutes 0..=10080;
    finalizers "_minutes" minutes 0..=10080;
    snapshot "_minutes" minutes 0..=10080;
    left_over "_days" days 0..=3650;
    fill_forecast "_hours" hours 1..=2400;
    volume_critical "_percent" number 1..=100;
    volume_high "_percent" number 1..=100;
    inodes "_percent" number 1..=100;
    attachments "_percent" number 1..=100;
    ready_changes "" number 1..=20;
    node_usage "_percent" number 1..=100;
    node_memory_high "_percent" number 1..=100;
    requests_full "_percent" number 1..=100;
    limits_overcommit "_percent" number 1..=10000;
    pod_capacity "_percent" number 1..=100;
    window "_hours" hours 1..=720;
    restarts "" number 1..=10000;
    quota_high "_percent" number 1..=100;
    addresses "_percent" number 1..=100;
    quota_medium "_percent" number 1..=100;
    certificate_critical "_days" days 0..=3650;
    certificate_high "_days" days 0..=3650;
    certificate_medium "_days" days 0..=3650;
    pending "_minutes" minutes 0..=10080;
    init "_minutes" minutes 0..=10080;
    pod_resize "_minutes" minutes 0..=10080;
    restarts_total "" number 1..=100000;
    restarts_window "_days" days 1..=365;
    probe_failures "" number 1..=10000;
    finished_pods "" number 1..=100000;
    memory_near_limit "_percent" number 1..=100;
    cpu_near_limit "_percent" number 1..=100;
    cpu_near_request "_percent" number 1..=1000;
    cpu_throttled "_percent" number 1..=100;
    ephemeral_storage "_percent" number 1..=100;
    at_max "_hours" hours 0..=2400;
    finished_jobs "" number 1..=100000;
    held "_hours" hours 0..=2400;
    node_claim "_minutes" minutes 0..=10080;
    old_replica_sets "" number 1..=100000;
    over_requested "_percent" number 1..=10000;
    reaction "_minutes" minutes 0..=10080;
    rescales "" number 1..=100000;
    rollout "_minutes" minutes 0..=10080;
    running "_hours" hours 0..=2400;
    running_times "" number 1..=100000;
    surplus "_minutes" minutes 0..=10080;
    suspended "_hours" hours 0..=2400;
    under_requested "_percent" number 1..=10000;
    usages "" number 1..=100000;
    slow_answers "_seconds" seconds 1..=3600;
    leader "_seconds" seconds 15..=3600;
    kubelet "_seconds" seconds 15..=3600;
    etcd_critical "_percent" number 1..=100;
    zone_difference "" number 1..=1000;
    objects "_percent" number 1..=10000;
    etcd_size "_percent" number 1..=100;
    leader_changes "" number 1..=10000;
    certificate_api "_days" days 0..=3650;
    capacity "_percent" number 1..=100;
    warning_events "" number 1..=1000000;
    repeated_event "" number 1..=1000000;
    growth "_percent" number 1..=10000;
    condition "_minutes" minutes 0..=10080;
    out_of_sync "_hours" hours 0..=2400;
    webhook_timeout "_seconds" number 1..=30;
    config_map_size "_kibibytes" number 1..=1024;
    renewal "_hours" hours 0..=2400;
    challenge "_minutes" minutes 0..=10080;
    release "_minutes" minutes 0..=10080;
    namespace "_minutes" minutes 0..=10080;
    empty_namespace "_days" days 0..=3650;
}

impl Thresholds {
    /// Sets a number by its name; what has no such name changes nothing.
    pub fn set(&mut self, name: &str, number: u64) {
        if let Some(knob) = Self::KNOBS.iter().find(|knob| knob.name == name) {
            (knob.set)(self, number);
        }
    }
}

fn seconds(count: u64) -> TimeDelta {
    TimeDelta::seconds(number(count))
}

fn minutes(count: u64) -> TimeDelta {
    TimeDelta::minutes(number(count))
}

fn hours(count: u64) -> TimeDelta {
    TimeDelta::hours(number(count))
}

fn days(count: u64) -> TimeDelta {
    TimeDelta::days(number(count))
}

/// Bounds are checked where numbers are read.
fn number<T: TryFrom<u64> + Default>(count: u64) -> T {
    T::try_from(count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Thresholds;
    use std::collections::BTreeSet;

    /// The fields with their values, as far as they are numbers or times.
    fn fields(thresholds: &Thresholds) -> Vec<(String, String)> {
        let text = format!("{thresholds:?}");
        let fields = text.trim_start_matches("Thresholds { ").split(", allowed:").next().unwrap_or_default().to_owned();
        let fields = fields.split(", ").filter_map(|field| field.split_once(": "));
        // A time prints as seconds and nanoseconds.
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in fields.map(|(name, value)| (name.to_owned(), value.to_owned())) {
            match found.last_mut() {
                Some((_, time)) if name == "nanos" => time.push_str(&value),
                Some(_) | None => found.push((name, value)),
            }
        }
        found
    }

    #[test]
    fn every_number_has_one_knob_and_every_knob_turns_one_number() {
        let before = Thresholds::default();
        let mut turned = BTreeSet::new();
        for knob in Thresholds::KNOBS {
            let mut after = before.clone();
            // One of the ends is not the default.
            after.set(knob.name, *knob.bounds.start());
            if after == before {
                after.set(knob.name, *knob.bounds.end());
            }
            let changed: Vec<String> = fields(&before)
                .into_iter()
                .zip(fields(&after))
                .filter(|(before, after)| before != after)
                .map(|(before, _)| before.0)
                .collect();
            assert_eq!(changed.len(), 1, "{}: {changed:?}", knob.name);
            assert!(knob.name.starts_with(&changed[0]), "{} turns {changed:?}", knob.name);
            turned.extend(changed);
        }
        let all: BTreeSet<String> = fields(&before).into_iter().map(|(name, _)| name).collect();
        assert_eq!(turned, all, "a threshold needs its line in knobs!");
    }
}
