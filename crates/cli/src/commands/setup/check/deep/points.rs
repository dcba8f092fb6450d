//! The newest restore point of each database: whether it is there, how old it is, and whether it decodes to its end.

use std::time::Duration;

use backout_core::data::{Level, RestorePoint};
use backout_core::id::DatabaseName;
use backout_core::port::{Database, Preflight};
use backout_core::report::check_text;
use backout_engine::World;

use crate::commands::data::newest_points;
use crate::commands::setup::check::finding::Finding;
use crate::error::CliError;
use crate::ui::ago;
use crate::wire::Setup;

/// How long reading one to its end may take.
const READS_WITHIN: Duration = Duration::from_secs(600);

/// One finding for each database that keeps restore points.
///
/// # Errors
/// A journal that cannot be read.
pub(super) async fn points(setup: &Setup, world: &World) -> Result<Vec<Finding>, CliError> {
    let newest = newest_points(setup).await?;
    let mut findings = Vec::new();
    for (name, database) in &world.databases {
        let is_backed_up = world.environment.databases.get(name).is_some_and(|found| found.backup.is_some());
        if !is_backed_up {
            continue;
        }
        findings.push(match newest.get(name) {
            None => Finding::note(check(name), "there is none yet")
                .hint(format!("take one: `{}`", setup.typed("backup create"))),
            Some(point) => of_point(world, database.as_ref(), (name, point), setup).await,
        });
    }
    Ok(findings)
}

fn check(name: &DatabaseName) -> String {
    format!("{name}: newest restore point")
}

async fn of_point(
    world: &World,
    database: &dyn Database,
    (name, point): (&DatabaseName, &RestorePoint),
    setup: &Setup,
) -> Finding {
    let age = ago(point.taken_at, world.clock.now());
    let again =
        format!("take another: `{}`; and see why: `{}`", setup.typed("backup create"), setup.typed("backup verify"));
    match database.is_stored(point).await {
        Preflight::Gone { why } => return Finding::fails(check(name), format!("{}: {why}", point.id)).hint(again),
        Preflight::Unknown { why } => return Finding::fails(check(name), format!("{}: {why}", point.id)).hint(again),
        Preflight::Present | Preflight::Fetched { .. } => {}
    }
    let read = tokio::select! {
        read = database.verify(point, Level::V1, None, world.ports()) => read,
        () = world.clock.sleep(READS_WITHIN) => {
            let what = format!("{}, {age}: stored; it takes long to read", point.id);
            return Finding::note(check(name), what).hint(format!("read it to its end: `{}`", setup.typed("backup verify")));
        }
    };
    match read {
        Ok(verification) if verification.reached >= Some(Level::V1) => {
            Finding::holds(check(name), format!("{}, {age}: stored, and decodes to its end", point.id))
        }
        Ok(verification) => {
            let failed: Vec<String> = verification.checks.iter().map(check_text).collect();
            Finding::fails(check(name), format!("{}, {age}: {}", point.id, failed.join("; "))).hint(again)
        }
        Err(error) => {
            Finding::fails(check(name), format!("{}, {age}: {}", point.id, error.what)).hint(error.hint.or(Some(again)))
        }
    }
}
