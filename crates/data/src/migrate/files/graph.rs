//! The migrations of a release, read from its files by the rules of each tool.

use backout_core::data::{Framework, Migration, MigrationGraph, Revision};

use super::{Files, numbered, python, sections};

/// The migrations that the files of a tool make up. Files that are no migrations are passed over.
pub(crate) fn graph(framework: Framework, files: &Files) -> MigrationGraph {
    let texts: Vec<(&str, String)> =
        files.iter().map(|(name, content)| (name.as_str(), String::from_utf8_lossy(content).into_owned())).collect();
    let migrations: Vec<Migration> = match framework {
        Framework::Django => texts.iter().filter_map(|(name, text)| python::django(name, text)).collect(),
        Framework::Alembic => texts.iter().filter_map(|(_, text)| python::alembic(text)).collect(),
        Framework::GolangMigrate => in_line(numbered::pairs(&texts)),
        Framework::Sqlx => numbered::pairs(&texts),
        Framework::Diesel => numbered::folders(&texts),
        Framework::Flyway => numbered::flyway(&texts),
        Framework::Refinery => numbered::refinery(&texts),
        Framework::Prisma => numbered::prisma(&texts),
        Framework::Dbmate => texts.iter().filter_map(|(name, text)| sections::dbmate(name, text)).collect(),
        Framework::Liquibase => texts.iter().flat_map(|(_, text)| sections::liquibase(text)).collect(),
        Framework::Rails => texts.iter().filter_map(|(name, text)| sections::rails(name, text)).collect(),
        Framework::NodePgMigrate => texts.iter().filter_map(|(name, text)| sections::node(name, text)).collect(),
    };
    MigrationGraph { migrations }
}

/// A migration without needs: most tools apply whatever is missing, whatever else is there.
pub(super) fn migration(revision: &str, up: Option<&str>, down: Option<&str>) -> Migration {
    let is_there = |text: &&str| !backout_core::migrate::split(text).is_empty();
    let declared = up.into_iter().chain(down).find_map(declared);
    Migration {
        revision: Revision(revision.to_owned()),
        needs: Vec::new(),
        has_inverse: Some(down.filter(is_there).is_some()),
        compatibility: declared,
        up: up.map(str::to_owned),
        down: down.filter(is_there).map(str::to_owned),
    }
}

/// `backout: expand` or `backout: contract` in a comment.
pub(super) fn declared(text: &str) -> Option<String> {
    let said = text.split("backout:").nth(1)?.split_whitespace().next()?;
    ["expand", "contract"].contains(&said).then(|| said.to_owned())
}

/// The tool knows one version, and applies them one after the other.
fn in_line(mut migrations: Vec<Migration>) -> Vec<Migration> {
    migrations.sort_by_key(|it| it.revision.0.parse::<u64>().unwrap_or(u64::MAX));
    for at in 1..migrations.len() {
        let before = migrations[at - 1].revision.clone();
        migrations[at].needs.push(before);
    }
    migrations
}
