//! Claims that fill up, by kubelets or Prometheus.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::inspection::history::{Fill, full};
use crate::snapshot::Resource::VolumeUses;
use crate::texts::findings::storage as texts;

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
        gate: Some("72h, seen for 6h"),
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
        let mut points = known.get(&key)?.clone();
        let used = u64::try_from(volume.used.used_bytes).ok()?;
        points.push(Fill { at: scene.now, used, capacity: u64::try_from(volume.used.capacity_bytes).ok()? });
        let forecast = full(&points)?;
        let left = forecast.full_at - scene.now;
        let almost = percent(volume.used.used_bytes, volume.used.capacity_bytes)?;
        // What is nearly full already is said as such.
        if left > scene.thresholds.fill_forecast || almost >= u64::from(scene.thresholds.volume_high) {
            return None;
        }
        let evidence = vec![
            Evidence::new("used", texts::of_capacity(volume.used.used_bytes, volume.used.capacity_bytes)),
            Evidence::new("inspections looked at", forecast.points.to_string()),
        ];
        let this = target("PersistentVolumeClaim", &volume.meta);
        Some(Draft::about(this, Severity::High, texts::fills_in(left), evidence))
    });
    drafts.collect()
}
