//! The `backout` command.
fn main() {}
