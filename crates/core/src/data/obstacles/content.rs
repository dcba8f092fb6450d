//! What in the database asks for care.

use super::surroundings::Surroundings;
use super::telling::{Found, some, warns};
use crate::data::{DatabaseReadiness, ObjectName};

pub(super) fn content(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let names = |names: &[ObjectName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    vec![
        some(&names(&seen.unlogged), |names| {
            warns(
                "unlogged",
                format!("tables are unlogged: {names}"),
                "a dump has their rows; recovery to a moment \
                in the log brings them back empty",
            )
        }),
        some(&names(&seen.without_key), |names| {
            warns(
                "no-key",
                format!("tables have no primary key: {names}"),
                "their lost rows can be listed and not \
                be merged back one by one",
            )
        }),
        some(&around.tablespaces, |names| {
            warns(
                "tablespace",
                format!("tables are in other tablespaces: {names}"),
                "a test restore on a server of \
                its own puts them into its default one; see that there is space in each for a copy",
            )
        }),
        (seen.large_objects > 0).then(|| {
            warns(
                "large-objects",
                format!("{} large objects", seen.large_objects),
                "they come back only with the \
                whole database, not with single tables",
            )
        }),
        some(&around.event_triggers, |names| {
            warns(
                "event-trigger",
                format!("event triggers: {names}"),
                "they are restored last and fire on later \
                migrations; only a superuser can restore them",
            )
        }),
        some(&around.collations, |names| {
            warns(
                "collation",
                format!("collations have changed since indexes were built: {names}"),
                "such indexes \
                may miss rows: `REINDEX DATABASE`, then `ALTER DATABASE … REFRESH COLLATION VERSION`",
            )
        }),
    ]
}

pub(super) fn extensions(seen: &DatabaseReadiness) -> Found {
    seen.extensions
        .iter()
        .map(|extension| {
            let hint = extension_hint(&extension.name)?;
            Some(warns(
                "extension",
                format!(
                    "extension `{}` {} is \
                installed",
                    extension.name, extension.version
                ),
                hint,
            ))
        })
        .collect()
}

/// What an extension asks of a restore; `None` for those that ask nothing.
fn extension_hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "timescaledb" => {
            "its tables are restored between `timescaledb_pre_restore()` and `timescaledb_post_restore()`, by the \
                same version: test a restore first"
        }
        "postgis" => {
            "its version must be installed where a dump is restored; rows of `spatial_ref_sys` of your own are in \
                the dump"
        }
        "pg_cron" => "its jobs run in the database that its settings name: pause them before going back",
        _ => return None,
    })
}
