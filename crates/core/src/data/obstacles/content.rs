//! What in the database asks for care.

use super::surroundings::Surroundings;
use super::telling::{Found, warns, warns_of};
use crate::data::{DatabaseReadiness, ObjectName};

pub(super) fn content(seen: &DatabaseReadiness, around: &Surroundings) -> Found {
    let names = |names: &[ObjectName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let restored_by_default = "a test restore on a server of its own puts them into its default one; see that there is \
        space in each for a copy";
    let large = (seen.large_objects > 0).then(|| {
        let hint = "they come back only with the whole database, not with single tables";
        warns("large-objects", format!("{} large objects", seen.large_objects), hint)
    });
    let unlogged = "a dump has their rows; recovery to a moment in the log brings them back empty";
    let no_key = "their lost rows can be listed, and not be merged back one by one";
    let event_trigger = "they are restored last and fire on later migrations; only a superuser can restore them";
    let changed = "such indexes may miss rows: `REINDEX DATABASE`, then `ALTER DATABASE … REFRESH COLLATION VERSION`";
    vec![
        warns_of("unlogged", &names(&seen.unlogged), "tables are unlogged", unlogged),
        warns_of("no-key", &names(&seen.without_key), "tables have no primary key", no_key),
        warns_of("tablespace", &around.tablespaces, "tables are in other tablespaces", restored_by_default),
        large,
        warns_of("event-trigger", &around.event_triggers, "event triggers", event_trigger),
        warns_of("collation", &around.collations, "collations have changed since indexes were built", changed),
    ]
}

pub(super) fn extensions(seen: &DatabaseReadiness) -> Found {
    let told = seen.extensions.iter().map(|extension| {
        let what = format!("extension `{}` {} is installed", extension.name, extension.version);
        Some(warns("extension", what, extension_hint(&extension.name)?))
    });
    told.collect()
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
