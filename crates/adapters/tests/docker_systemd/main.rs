//! Units under a real systemd, over its real bus and through its real `systemctl`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod machine;
mod outside;
mod units;
mod world;
