//! The adapter against the fake Discord: what comes in, what goes out, what goes wrong, and the fake's own rules.

// `cfg(test)` is always on here; it tells clippy that the helpers are test code, too.
#[cfg(test)]
mod deliver;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod log;
#[cfg(test)]
mod receive;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod world;
