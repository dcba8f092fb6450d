//! Who uses the database now, and who follows it.

use backout_core::data::LogicalSlot;
use backout_core::port::PortError;
use tokio_postgres::{Client, Row};

use crate::look::catalog::{row, rows};

/// Who uses the database, and who follows it.
pub(super) struct Traffic {
    pub(super) slots: Vec<LogicalSlot>,
    pub(super) subscriptions: Vec<String>,
    pub(super) replicas: Vec<String>,
    pub(super) prepared: Vec<String>,
    pub(super) long_transactions: Vec<String>,
    pub(super) running_dumps: Vec<String>,
    pub(super) foreign_sessions: Vec<String>,
}

pub(super) async fn traffic(client: &Client) -> Result<Traffic, PortError> {
    let slots = rows(client, "the replication slots", SLOTS).await?;
    let lists = row(client, "the sessions", &format!("SELECT {}", LISTS.join(", "))).await?;
    Ok(Traffic {
        slots: slots.iter().map(slot).collect(),
        subscriptions: lists.get(0),
        replicas: lists.get(1),
        prepared: lists.get(2),
        long_transactions: lists.get(3),
        running_dumps: lists.get(4),
        foreign_sessions: lists.get(5),
    })
}

fn slot(row: &Row) -> LogicalSlot {
    LogicalSlot { name: row.get(0), plugin: row.get(1), is_active: row.get(2) }
}

/// Logical slots on the database. Ours (`backout_…`) are given up with the restore point that they belong to.
const SLOTS: &str = "SELECT slot_name::text, plugin::text, active FROM pg_replication_slots \
    WHERE database = current_database() AND slot_type = 'logical' AND NOT temporary AND NOT slot_name ^@ 'backout_' \
    ORDER BY slot_name";

/// One array each, in the order of [`Traffic`]. `pg_stat_activity` shows everybody's names and programs to everybody, and
/// what they do, and what kind of
/// process they are, only to some.
const LISTS: [&str; 6] = [
    "ARRAY(SELECT s.subname::text FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid \
      WHERE d.datname = current_database() ORDER BY 1)",
    // A replica and not a copy of the moment: those are in state `backup`, or are no server.
    "ARRAY(SELECT coalesce(nullif(r.application_name, ''), 'pid ' || r.pid) || coalesce(' at ' || host(r.client_addr), '') \
      FROM pg_stat_replication r WHERE coalesce(r.state, '') <> 'backup' \
        AND coalesce(r.application_name, '') NOT IN ('pg_receivewal', 'pg_basebackup', 'pg_recvlogical') \
        AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical') \
      ORDER BY 1)",
    "ARRAY(SELECT format('`%s` of %s since %s', gid, owner, date_trunc('second', prepared)) FROM pg_prepared_xacts \
      WHERE database = current_database() ORDER BY 1)",
    "ARRAY(SELECT format('%s of %s (pid %s) for %s s, %s', coalesce(nullif(application_name, ''), 'a program'), \
        usename, pid, extract(epoch FROM clock_timestamp() - xact_start)::int8, coalesce(state, 'unknown')) \
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND backend_type = 'client backend' AND xact_start < clock_timestamp() - interval '5 s' ORDER BY xact_start)",
    "ARRAY(SELECT format('by %s (pid %s)', usename, pid) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name IN ('pg_dump', 'pg_dumpall') ORDER BY pid)",
    // A superuser's session ends only for a superuser, another role's for its members and `pg_signal_backend`.
    "ARRAY(SELECT DISTINCT s.usename::text FROM pg_stat_activity s JOIN pg_roles o ON o.oid = s.usesysid \
        JOIN pg_roles me ON me.rolname = current_user \
      WHERE s.datname = current_database() AND s.pid <> pg_backend_pid() \
        AND coalesce(s.backend_type, 'client backend') = 'client backend' \
        AND NOT me.rolsuper AND (o.rolsuper \
          OR NOT (pg_has_role(s.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))) ORDER BY 1)",
];
