//! The commands by which each tool undoes one migration, or applies it again. Pure.
//!
//! | tool | undo | apply |
//! |---|---|---|
//! | Django | `migrate APP PARENT` or `zero` | `migrate APP NAME` |
//! | Django, what is done and not written down | the same with `--fake` | the same with `--fake` |
//! | Alembic | `downgrade PARENT` or `base` | `upgrade REVISION` |
//! | Rails | `db:migrate:down VERSION=` | `db:migrate:up VERSION=` |
//! | Flyway, Liquibase (4.4 and newer), node-pg-migrate | the last one only | the next one only |

use backout_core::config::Migrations;
use backout_core::data::{Framework, Ledger, MigrationGraph, Revision};
use backout_core::port::PortError;

/// The command that undoes `revision`, which nothing that is applied needs.
pub(super) fn undo(
    migrations: &Migrations,
    graph: &MigrationGraph,
    ledger: &Ledger,
    revision: &Revision,
) -> Result<Vec<String>, PortError> {
    let needs = graph.migrations.iter().find(|it| it.revision == *revision).map(|it| it.needs.as_slice());
    let needs = needs.unwrap_or_default();
    let words: Vec<String> = match migrations.framework {
        Framework::Django => {
            let (app, _) = split(revision);
            let parent = needs.iter().find(|need| split(need).0 == app);
            let is_needed = |parent: &Revision| {
                let others =
                    graph.migrations.iter().filter(|it| it.revision != *revision && split(&it.revision).0 == app);
                others.into_iter().any(|it| it.needs.contains(parent) && ledger.applied.contains(&it.revision))
            };
            if parent.is_some_and(is_needed) {
                return Err(PortError::new(format!(
                    "Django cannot undo `{revision}` alone: it has a branch beside it"
                )));
            }
            let to = parent.map_or("zero", |parent| split(parent).1);
            words(&["migrate", app, to, "--noinput"])
        }
        Framework::Alembic => words(&["downgrade", needs.first().map_or("base", |parent| parent.0.as_str())]),
        Framework::Rails => vec!["db:migrate:down".to_owned(), format!("VERSION={revision}")],
        Framework::Flyway | Framework::Liquibase | Framework::NodePgMigrate => {
            if ledger.applied.last() != Some(revision) {
                let tool = migrations.framework;
                return Err(PortError::new(format!(
                    "{tool} undoes only what it applied last, and that is not `{revision}`"
                )));
            }
            match migrations.framework {
                Framework::Flyway => words(&["undo"]),
                Framework::Liquibase => words(&["rollback-count", "--count=1"]),
                _ => words(&["down", "1"]),
            }
        }
        other => return Err(PortError::new(format!("{other} has no command that undoes a migration"))),
    };
    Ok([program(migrations), words].concat())
}

/// The command that applies `revision` again, the others before it being there.
pub(super) fn apply(migrations: &Migrations, revision: &Revision) -> Result<Vec<String>, PortError> {
    let words: Vec<String> = match migrations.framework {
        Framework::Django => {
            let (app, name) = split(revision);
            words(&["migrate", app, name, "--noinput"])
        }
        Framework::Alembic => words(&["upgrade", &revision.0]),
        Framework::Rails => vec!["db:migrate:up".to_owned(), format!("VERSION={revision}")],
        Framework::Flyway => vec!["migrate".to_owned(), format!("-target={revision}")],
        Framework::Liquibase => words(&["update-count", "--count=1"]),
        Framework::NodePgMigrate => words(&["up", "1"]),
        other => return Err(PortError::new(format!("{other} has no command that applies one migration"))),
    };
    Ok([program(migrations), words].concat())
}

/// The commands that print what the tool would run to apply `revision`, and to undo it; `None` where a tool writes down
/// what it did in the transaction in which it did it, or is not known to print it.
pub(super) fn scripts(migrations: &Migrations, revision: &Revision) -> Option<(Vec<String>, Vec<String>)> {
    if migrations.framework != Framework::Django {
        return None;
    }
    let (app, name) = split(revision);
    let forth = [program(migrations), words(&["sqlmigrate", app, name, "--no-color"])].concat();
    Some((forth.clone(), [forth, words(&["--backwards"])].concat()))
}

/// What makes Django's `migrate` write down what it would do, and do nothing.
pub(super) const WRITE_DOWN: &str = "--fake";

/// The tool's own command: the configured one, else its usual one.
fn program(migrations: &Migrations) -> Vec<String> {
    let usual: &[&str] = match migrations.framework {
        Framework::Django => &["python3", "manage.py"],
        Framework::Alembic => &["alembic"],
        Framework::Rails => &["bin/rails"],
        Framework::NodePgMigrate => &["npx", "node-pg-migrate"],
        Framework::Flyway => &["flyway"],
        Framework::Liquibase => &["liquibase"],
        _ => &[],
    };
    migrations.command.clone().unwrap_or_else(|| words(usual))
}

/// Application and name of a Django migration.
fn split(revision: &Revision) -> (&str, &str) {
    revision.0.split_once('.').unwrap_or((&revision.0, ""))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
