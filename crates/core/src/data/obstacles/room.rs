//! Space, connections, and what takes them for nothing.

use super::surroundings::Surroundings;
use super::telling::{Found, blocks, warns, warns_of};
use crate::data::DatabaseReadiness;

/// How many connections a restore and a swap need beside those that are open.
const CONNECTIONS_NEEDED: u32 = 8;

pub(super) fn room(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let needed = seen.bytes.saturating_add(seen.bytes / 10 * 3);
    let (open, most) = around.connections;
    vec![
        seen.free_bytes.filter(|free| *free < needed).map(|free| {
            let what = format!(
                "{} MiB are free where the data is, and a restored copy needs {}",
                mebibytes(free),
                mebibytes(needed)
            );
            blocks("disk", what, "free some space, or add some: a copy is built beside the database")
        }),
        (most > 0 && open.saturating_add(CONNECTIONS_NEEDED) > most).then(|| {
            warns(
                "connections",
                format!("{open} of {most} connections are taken"),
                "a restore and a swap need some of their own: raise `max_connections`, or use a pooler",
            )
        }),
        warns_of(
            "invalid-database",
            &around.invalid_databases,
            "a `DROP DATABASE` was interrupted",
            "they only take space: drop them",
        ),
    ]
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}
