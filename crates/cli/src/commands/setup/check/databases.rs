//! The databases: what a rollback of each will meet, and what that means.

use backout_core::data::{DatabaseFact, DatabaseReadiness, KeptDatabase, Obstacle};
use backout_core::id::DatabaseName;
use backout_core::report::bytes_text;
use backout_engine::World;
use jiff::Timestamp;

use super::finding::Finding;
use crate::ui::date_time;

/// Every database looked at closely once.
pub(super) async fn databases(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, database) in &world.databases {
        match database.readiness().await {
            Ok(readiness) => {
                findings.extend(of_database(name, &readiness));
                findings.extend(kept(&database.look().await, world.clock.now()));
            }
            Err(error) => findings.push(Finding::fails(format!("database {name}"), error.what).hint(error.hint)),
        }
        let is_backed_up = world.environment.databases.get(name).is_some_and(|found| found.backup.is_some());
        if !is_backed_up {
            findings.push(
                Finding::note(format!("{name}: backup"), "no restore points are kept: its rows cannot go back")
                    .hint("add `backup: { store: \"file:backups/\" }` to it".to_owned()),
            );
        }
    }
    findings
}

fn of_database(name: &DatabaseName, readiness: &DatabaseReadiness) -> Vec<Finding> {
    let mut findings = vec![Finding::holds(format!("database {name}"), seen(readiness))];
    findings.extend(readiness.obstacles.iter().map(|obstacle| of_obstacle(name, obstacle)));
    findings
}

/// What rollbacks have put aside beside it.
fn kept(fact: &DatabaseFact, now: Timestamp) -> Vec<Finding> {
    let kept = fact.state().map(|state| state.kept.as_slice()).unwrap_or_default();
    let finding = |kept: &KeptDatabase| {
        let until = match kept.until > now {
            true => format!("kept until {}", date_time(kept.until)),
            false => "need not be kept any longer".to_owned(),
        };
        let what = format!("`{}`, {}, {until}", kept.dbname, bytes_text(kept.bytes));
        let hint = format!("`backout backup drop-aside {}` drops it when it is needed no more", kept.dbname);
        Finding::note(format!("{}: put aside", fact.database), what).hint(hint)
    };
    kept.iter().map(finding).collect()
}

fn of_obstacle(name: &DatabaseName, obstacle: &Obstacle) -> Finding {
    let check = format!("{name}: {}", obstacle.name);
    let finding =
        if obstacle.blocks { Finding::fails(check, &obstacle.what) } else { Finding::note(check, &obstacle.what) };
    finding.hint(obstacle.hint.clone())
}

fn seen(readiness: &DatabaseReadiness) -> String {
    let (role, is_superuser) = &readiness.role;
    let version = readiness.server_version;
    let rank = if *is_superuser { "superuser " } else { "" };
    let free = readiness.free_bytes.map_or_else(String::new, |free| format!(", {} free", bytes_text(free)));
    let bytes = bytes_text(readiness.bytes);
    format!("PostgreSQL {}.{}, {bytes}{free}, as {rank}`{role}`", version / 10_000, version % 10_000)
}
