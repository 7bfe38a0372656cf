//! Claims that fill up, by kubelets or Prometheus.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::inspection::finding::{Evidence, Severity};
use crate::snapshot::Resource::VolumeUses;
use crate::snapshot::VolumeUse;
use crate::texts::findings::storage as texts;
use chrono::TimeDelta;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pvc/nearly-full"),
        kind: "PVC",
        severity: Severity::Critical,
        set: Set::Extra,
        data: &[(VolumeUses, Walked)],
        gate: Some("85 %, 95 %"),
        means: "When it is full, whoever writes to it fails: databases stop.",
        advice: "Enlarge the claim if its class allows it, or make room.",
        find: nearly_full,
    },
    Check {
        id: CheckId::new("pvc/inodes-nearly-full"),
        kind: "PVC",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(VolumeUses, Walked)],
        gate: Some("90 %"),
        means: "No new file can be made, though there is space.",
        advice: "Find the folder with very many small files.",
        find: inodes_nearly_full,
    },
    Check {
        id: CheckId::new("pvc/fill-forecast"),
        kind: "PVC",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(VolumeUses, Walked)],
        gate: Some("72h"),
        means: "It will be full within days if nothing changes.",
        advice: "Enlarge the claim now, while there is time.",
        find: fill_forecast,
    },
];

fn percent(used: i64, of: i64) -> Option<u64> {
    let (used, of) = (u64::try_from(used).ok()?, u64::try_from(of).ok().filter(|of| *of > 0)?);
    Some((u128::from(used) * 100 / u128::from(of)) as u64)
}

fn nearly_full(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.volume_uses.iter().filter_map(|volume| {
        let full = percent(volume.used.used_bytes, volume.used.capacity_bytes)?;
        let severity = match full {
            full if full >= u64::from(scene.thresholds.volume_critical) => Severity::Critical,
            full if full >= u64::from(scene.thresholds.volume_high) => Severity::High,
            _ => return None,
        };
        let evidence =
            vec![Evidence::new("used", texts::of_capacity(volume.used.used_bytes, volume.used.capacity_bytes))];
        Some(Draft::about(target("PersistentVolumeClaim", &volume.meta), severity, texts::nearly_full(full), evidence))
    });
    drafts.collect()
}

fn inodes_nearly_full(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.volume_uses.iter().filter_map(|volume| {
        let full = percent(volume.used.inodes_used, volume.used.inodes)?;
        let evidence =
            vec![Evidence::new("inodes used", format!("{} of {}", volume.used.inodes_used, volume.used.inodes))];
        (full >= u64::from(scene.thresholds.inodes)).then(|| {
            let this = target("PersistentVolumeClaim", &volume.meta);
            Draft::about(this, Severity::High, texts::inodes_nearly_full(full), evidence)
        })
    });
    drafts.collect()
}

fn fill_forecast(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(known) = scene.history.memory().and_then(|memory| memory.claims.as_ref()) else { return Vec::new() };
    let drafts = scene.snapshot.volume_uses.iter().filter_map(|volume| {
        let key = format!("{}/{}", volume.meta.namespace, volume.meta.name);
        let mut points: Vec<(f64, f64)> = known
            .get(&key)?
            .iter()
            .filter(|fill| i64::try_from(fill.capacity) == Ok(volume.used.capacity_bytes))
            .map(|fill| ((fill.at - scene.now).num_seconds() as f64, fill.used as f64))
            .collect();
        points.push((0.0, volume.used.used_bytes as f64));
        let left = time_to_full(&points, volume)?;
        let almost = percent(volume.used.used_bytes, volume.used.capacity_bytes)?;
        // What is nearly full already is said as such.
        if left > scene.thresholds.fill_forecast || almost >= u64::from(scene.thresholds.volume_high) {
            return None;
        }
        let evidence = vec![
            Evidence::new("used", texts::of_capacity(volume.used.used_bytes, volume.used.capacity_bytes)),
            Evidence::new("inspections looked at", points.len().to_string()),
        ];
        let this = target("PersistentVolumeClaim", &volume.meta);
        Some(Draft::about(this, Severity::High, texts::fills_in(left), evidence))
    });
    drafts.collect()
}

/// When the line through the points (seconds from now, bytes) reaches the capacity; nothing where there are too few, the
/// volume does not fill, or the points are no line (coefficient of determination under 0.8).
fn time_to_full(points: &[(f64, f64)], volume: &VolumeUse) -> Option<TimeDelta> {
    const FEWEST: usize = 4;
    if points.len() < FEWEST {
        return None;
    }
    let count = points.len() as f64;
    let (x_mean, y_mean) =
        (points.iter().map(|(x, _)| x).sum::<f64>() / count, points.iter().map(|(_, y)| y).sum::<f64>() / count);
    let spread = |value: fn(&(f64, f64)) -> f64, mean: f64| {
        points.iter().map(|point| (value(point) - mean).powi(2)).sum::<f64>()
    };
    let (xx, yy) = (spread(|point| point.0, x_mean), spread(|point| point.1, y_mean));
    let xy: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    if xx <= 0.0 || yy <= 0.0 || xy <= 0.0 || xy * xy / (xx * yy) < 0.8 {
        return None;
    }
    let left = (volume.used.capacity_bytes - volume.used.used_bytes).max(0) as f64 / (xy / xx);
    TimeDelta::try_seconds(left as i64)
}
