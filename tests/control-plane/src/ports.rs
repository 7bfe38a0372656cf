//! Free ports of the loopback.
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;

/// Below the range from which Linux takes ports for outgoing connections (32768 on): from there a client could take the port
/// between our look and the program's start.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// `N` ports that nobody listens on. Two processes start at different places; a clash is still possible, so starting is retried.
pub(crate) fn free<const N: usize>() -> anyhow::Result<[u16; N]> {
    let offset = std::process::id().wrapping_mul(97);
    let mut ports = [0; N];
    for port in &mut ports {
        *port = (0..COUNT)
            .filter_map(|_| {
                let step = NEXT.fetch_add(1, Ordering::Relaxed);
                u16::try_from(FIRST + offset.wrapping_add(step) % COUNT).ok()
            })
            .find(|candidate| TcpListener::bind((Ipv4Addr::LOCALHOST, *candidate)).is_ok())
            .context("no free port on the loopback")?;
    }
    Ok(ports)
}
