//! Holds a control plane to try things on by hand: prints where it is, as JSON, and ends with its standard input.
//!
//! `cargo run -p roundsman-control-plane [-- bare|full|node-lifecycle]`
use std::io::{Read as _, Write as _};

use anyhow::bail;
use control_plane::{ControlPlane, Identity, Profile};
use serde_json::{Map, json};

fn main() -> anyhow::Result<()> {
    let profile = match std::env::args().nth(1).as_deref() {
        None | Some("full") => Profile::Full,
        Some("bare") => Profile::Bare,
        Some("node-lifecycle") => Profile::NodeLifecycle,
        Some(other) => bail!("{other} is none of bare, full, node-lifecycle"),
    };
    let plane = ControlPlane::start(profile)?;
    let kubeconfigs = Identity::ALL.map(|identity| (identity.user().to_owned(), json!(plane.kubeconfig(identity))));
    let processes = plane.processes().into_iter().map(|process| (process.name.to_owned(), json!(process.pid)));
    let about = json!({
        "url": plane.url(),
        "kubeconfigs": Map::from_iter(kubeconfigs),
        "processes": Map::from_iter(processes),
    });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{about:#}")?;
    writeln!(stdout, "ready")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
