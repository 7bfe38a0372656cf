//! What an inspection costs, side by side with only downloading the same lists, on a real API server and etcd.
//!
//! ```console
//! cargo bench --bench scale                            # 1,000 and 10,000 pods
//! cargo bench --bench scale -- 50000 150000            # other sizes; docs/measured.md has what they need
//! ```
//!
//! For each size: a control plane of its own, a synthetic cluster written into it (`tests/synthetic`, seed 1, status through
//! `/status`), then in turn, several times each, in a process of its own:
//!
//! - `download`: every list that the inspection asked for, as JSON with `resourceVersion=0`, one after another, by a bare HTTP
//!   client that decodes nothing and keeps nothing: what the inspection is measured against;
//! - `download x5`: the same, five at a time, as the inspection does;
//! - `inspect`: all daily checks, from connecting to the finished report as JSON.
//!
//! Printed is the median of the runs. CPU is user and system time of that process alone, peak is its `VmHWM`; requests and bytes
//! are counted by who makes them. A profile: `cargo bench --bench scale -- --hold 10000` prints a command that inspects the
//! cluster once, and keeps it until standard input ends.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a benchmark that cannot do its work ends with what went wrong")]

mod child;
mod fill;
mod lists;
mod table;

use std::io::Read as _;

use control_plane::{ControlPlane, Identity, Profile};
use synthetic::Plan;

use child::{Measured, Mode};

const SIZES: &[usize] = &[1_000, 10_000];
const SEED: u64 = 1;
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == child::ARGUMENT) {
        return child::main(&arguments[1..]);
    }
    let hold = arguments.iter().any(|argument| argument == "--hold");
    let sizes: Vec<usize> =
        arguments.iter().filter(|argument| *argument != "--hold").map(|size| size.parse().unwrap()).collect();
    for &pods in if sizes.is_empty() { SIZES } else { &sizes } {
        measure(pods, hold);
    }
}

fn measure(pods: usize, hold: bool) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let plane = ControlPlane::start(Profile::Bare).unwrap();
    // Objects are as old as the server says, that is new: the inspection looks at them from two hours later.
    let now = roundsman::clock::Clock::system().now() + chrono::TimeDelta::hours(2);
    let plan = Plan::new(SEED, pods, now);
    let filled = runtime.block_on(fill::fill(&plane.kubeconfig(Identity::Admin), &plan));
    child::say(&format!("\n{filled}"));

    let kubeconfig = plane.kubeconfig(Identity::Reader);
    let lists = runtime.block_on(lists::of_an_inspection(&kubeconfig, now));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lists.join("\n")).unwrap();
    let run = |mode| child::run(mode, &kubeconfig, now, file.path());
    if hold {
        child::say(&child::command(Mode::Inspect, &kubeconfig, now, file.path()));
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        return;
    }
    // Once unmeasured: the server's own caches are warm then.
    for mode in Mode::ALL {
        run(*mode);
    }
    let mut rows: Vec<(Mode, Vec<Measured>)> = Mode::ALL.iter().map(|mode| (*mode, Vec::new())).collect();
    for _ in 0..RUNS {
        for (mode, measured) in &mut rows {
            measured.push(run(*mode));
        }
    }
    table::print(pods, lists.len(), &rows, &plane.processes());
}
