//! What is printed.

use control_plane::Process;

use crate::child::{Measured, Mode, say};

pub(crate) fn print(pods: usize, lists: usize, rows: &[(Mode, Vec<Measured>)], server: &[Process]) {
    say(&format!("\n{pods} pods, {lists} lists"));
    say("                  wall s   (least)   CPU s   peak MB   requests      MB   objects   findings");
    for (mode, measured) in rows {
        let middle = |key: fn(&Measured) -> u64| {
            let mut values: Vec<u64> = measured.iter().map(key).collect();
            values.sort_unstable();
            values[values.len() / 2]
        };
        let seconds = |nanos: u64| nanos as f64 / 1e9;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let least = measured.iter().map(|each| each.wall).min().unwrap_or_default();
        say(&format!(
            "{:<14} {:>9.3} {:>9.3} {:>7.2} {:>9.1} {:>10} {:>7.1} {:>9} {:>10}",
            mode.name(),
            seconds(middle(|each| each.wall.as_nanos() as u64)),
            least.as_secs_f64(),
            seconds(middle(|each| each.cpu.as_nanos() as u64)),
            megabytes(middle(|each| each.peak)),
            middle(|each| each.requests),
            megabytes(middle(|each| each.bytes)),
            middle(|each| each.objects),
            middle(|each| each.findings),
        ));
    }
    let memory = server.iter().map(|process| {
        let (now, most) = process.memory().unwrap();
        format!("{} {} MB (at most {} MB)", process.name, now >> 20, most >> 20)
    });
    say(&format!("server: {}", memory.collect::<Vec<_>>().join(", ")));
}
