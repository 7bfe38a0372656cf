//! The adapter against the fake Discord: what comes in, what goes out, what goes wrong, and the fake's own rules.

mod deliver;
mod faults;
mod receive;
mod rules;
mod walk;
mod world;
