//! Who uses the database, and who follows it.

use super::surroundings::Surroundings;
use super::telling::{Found, blocks, some, warns};
use crate::data::DatabaseReadiness;

pub(super) fn traffic(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let slots: Vec<String> = seen
        .slots
        .iter()
        .map(|slot| {
            let active = if slot.is_active { "read from now" } else { "not read from now" };
            format!("{} ({}, {active})", slot.name, slot.plugin)
        })
        .collect();
    vec![
        some(&seen.prepared, |names| {
            blocks(
                "prepared-transaction",
                format!("prepared transactions hold the database: {names}"),
                "a database with one cannot be renamed: `COMMIT PREPARED` or `ROLLBACK PREPARED` each",
            )
        }),
        some(&slots, |names| {
            warns(
                "slot",
                format!("logical slots follow the database: {names}"),
                "a slot stays with the database that is put aside, and its consumer must start anew: a swap wants \
                    `--break-slots`",
            )
        }),
        some(&seen.subscriptions, |names| {
            warns(
                "subscription",
                format!("the database subscribes to another one: {names}"),
                "it is disabled during a swap; enable it on the restored database yourself, never on both",
            )
        }),
        some(&seen.replicas, |names| {
            warns(
                "replica",
                format!("replicas follow the server: {names}"),
                "sessions there go on reading the old database after a swap: name the replicas under `replicas`, so \
                    that they are ended",
            )
        }),
        some(&seen.long_transactions, |names| {
            warns(
                "long-transaction",
                format!("transactions are open for long: {names}"),
                "migrations wait for them, and a swap ends them",
            )
        }),
        some(&around.running_dumps, |names| {
            warns(
                "running-dump",
                format!("the database is being dumped: {names}"),
                "migrations wait for it, and everybody else for the migration: deploy after it has ended",
            )
        }),
    ]
}
