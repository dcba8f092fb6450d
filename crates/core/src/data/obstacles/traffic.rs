//! Who uses the database, and who follows it.

use super::surroundings::Surroundings;
use super::telling::{Found, blocks, listed, warns_of};
use crate::data::{DatabaseReadiness, LogicalSlot};

pub(super) fn traffic(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let prepared = listed(&seen.prepared).map(|names| {
        let hint = "a database with one cannot be renamed: `COMMIT PREPARED` or `ROLLBACK PREPARED` each";
        blocks("prepared-transaction", format!("prepared transactions hold the database: {names}"), hint)
    });
    let slots: Vec<String> = seen.slots.iter().map(in_words).collect();
    let slot = "a slot stays with the database that is put aside, and its consumer must start anew: a swap wants \
        `--break-slots`";
    let subscription = "it is disabled during a swap; enable it on the restored database yourself, never on both";
    let replica = "sessions there go on reading the old database after a swap: name the replicas under `replicas`, so \
        that they are ended";
    let long = "migrations wait for them, and a swap ends them";
    let dump = "migrations wait for it, and everybody else for the migration: deploy after it has ended";
    vec![
        prepared,
        warns_of("slot", &slots, "logical slots follow the database", slot),
        warns_of("subscription", &seen.subscriptions, "the database subscribes to another one", subscription),
        warns_of("replica", &seen.replicas, "replicas follow the server", replica),
        warns_of("long-transaction", &seen.long_transactions, "transactions are open for long", long),
        warns_of("running-dump", &around.running_dumps, "the database is being dumped", dump),
    ]
}

fn in_words(slot: &LogicalSlot) -> String {
    let active = if slot.is_active { "read from now" } else { "not read from now" };
    format!("{} ({}, {active})", slot.name, slot.plugin)
}
