//! Programs and rights.

use super::surroundings::Surroundings;
use super::telling::{Found, blocks, listed};
use crate::data::DatabaseReadiness;

/// The oldest version that is supported, as `server_version_num`.
const OLDEST: u32 = 130_000;

pub(super) fn versions(seen: &DatabaseReadiness) -> Found {
    let (server, major) = (seen.server_version, seen.server_version / 10_000);
    let is_old = seen.client_version.is_some_and(|client| client / 10_000 < major);
    let client = seen.client_version.unwrap_or_default() / 10_000;
    vec![
        (server < OLDEST).then(|| {
            blocks(
                "old-server",
                format!("the server is PostgreSQL {major}"),
                "PostgreSQL 13 and newer are supported: upgrade the server",
            )
        }),
        seen.client_version.is_none().then(|| {
            blocks(
                "no-client",
                "`pg_dump` was not found",
                "install PostgreSQL's client programs, or name their folder in `tools`",
            )
        }),
        is_old.then(|| {
            let what = format!("`pg_dump` is of version {client} and the server of version {major}");
            blocks(
                "old-client",
                what,
                format!("`pg_dump` refuses a newer server: install the client programs of version {major}"),
            )
        }),
    ]
}

pub(super) fn rights(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let (role, is_superuser) = (&seen.role.0, seen.role.1);
    vec![
        around.is_pooled.then(|| {
            let hint = "it gives every transaction another session, and holds ours back together with everybody's: name the \
                server itself under `admin`; the pooler's own console goes under `pgbouncer`";
            blocks("pooler", "a pooler answers where the server itself is needed", hint)
        }),
        (!seen.is_owner && !is_superuser).then(|| {
            let hint = "only its owner can rename a database: name a role that is under `admin`";
            blocks("no-owner", format!("`{role}` does not own the database"), hint)
        }),
        (!seen.may_create && !is_superuser).then(|| {
            let hint = format!(
                "a database is restored beside the one in use: `ALTER ROLE \"{role}\" CREATEDB`, or \
                name another role under `admin`"
            );
            blocks("no-create", format!("`{role}` may not create databases"), hint)
        }),
        listed(&around.foreign_sessions).map(|roles| {
            let hint = format!(
                "a database with open sessions cannot be renamed: `GRANT pg_signal_backend TO \
                \"{role}\"` (sessions of superusers end only for a superuser), or name another role under `admin`"
            );
            blocks("no-terminate", format!("sessions are open that `{role}` may not end, of {roles}"), hint)
        }),
    ]
}
