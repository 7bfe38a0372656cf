//! The thin binary: the only place that names the platforms.
fn main() {}
