//! The files of a release's migrations, as an archive.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use backout_core::config::Migrations;
use backout_core::data::Framework;
use backout_core::port::PortError;

use crate::Target;

/// Files by their names relative to the folder of the migrations.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Where a tool has its migrations unless it is told otherwise.
pub(crate) fn folder(migrations: &Migrations) -> &str {
    let usual = match migrations.framework {
        // Each application has its own folder, so that the project's is the one.
        Framework::Django => ".",
        Framework::Alembic => "alembic/versions",
        Framework::Rails => "db/migrate",
        Framework::Dbmate => "db/migrations",
        Framework::Prisma => "prisma/migrations",
        Framework::Flyway => "sql",
        Framework::Liquibase => "db/changelog",
        Framework::GolangMigrate | Framework::Sqlx | Framework::Refinery | Framework::Diesel => "migrations",
        Framework::NodePgMigrate => "migrations",
    };
    let folder = migrations.folder.as_deref().unwrap_or(usual);
    match migrations.framework {
        Framework::Django => project(folder),
        _ => folder,
    }
}

/// The folder of a Django project. Many name that of one application's migrations, which does not say the application's
/// name to whoever looks into it, and lacks the migrations that those of others need.
fn project(folder: &str) -> &str {
    let folder = folder.trim_end_matches('/');
    let Some(application) = folder.strip_suffix("/migrations") else { return folder };
    match application.trim_start_matches("./").rsplit_once('/') {
        Some(("", _)) => "/",
        Some(_) => application.rsplit_once('/').map_or(".", |(project, _)| project),
        None => ".",
    }
}

/// The archive of the migrations of what is deployed now, only with files that are migrations.
///
/// # Errors
/// Where the files cannot be had.
pub(crate) async fn fetch(target: &Target, migrations: &Migrations) -> Result<Vec<u8>, PortError> {
    let folder = folder(migrations);
    let files = match (&migrations.service, &target.inside) {
        (Some(service), Some(inside)) => unpacked(&inside.fetch(service, folder).await?)?,
        (Some(service), None) => {
            return Err(PortError::new(format!("nobody can look into service `{service}` for its migrations")));
        }
        (None, _) => {
            let folder = target.folder.join(folder);
            read(&folder).map_err(|error| PortError::new(format!("{} cannot be read: {error}", folder.display())))?
        }
    };
    let wanted = files.into_iter().filter(|(name, _)| is_migration(migrations.framework, name));
    packed(wanted.collect()).map_err(|error| PortError::new(format!("the migrations could not be packed: {error}")))
}

/// Whether a file belongs to a tool's migrations. For Django that is what lies in a folder `migrations`.
fn is_migration(framework: Framework, name: &str) -> bool {
    match framework {
        Framework::Django => {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            name.ends_with(".py") && folder.rsplit('/').next() == Some("migrations")
        }
        Framework::Alembic => name.ends_with(".py"),
        _ => true,
    }
}

/// The files of an archive.
///
/// # Errors
/// Where it is none.
pub(crate) fn unpacked(tar: &[u8]) -> Result<Files, PortError> {
    let failed = |error: std::io::Error| PortError::new(format!("the archive of migrations cannot be read: {error}"));
    let mut files = Files::new();
    for entry in tar::Archive::new(tar).entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().map_err(failed)?.to_string_lossy().trim_start_matches("./").to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(failed)?;
        files.insert(name, content);
    }
    Ok(files)
}

/// An archive of files; equal for equal files.
fn packed(files: Files) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_slice())?;
    }
    archive.into_inner()
}

fn read(folder: &Path) -> std::io::Result<Files> {
    let (mut files, mut open) = (Files::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                    drop(files.insert(name, std::fs::read(&path)?));
                }
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_of_one_application_mean_those_of_its_project() {
        let all = ["/app/shop/migrations", "/app/shop/migrations/", "/shop/migrations", "shop/migrations"];
        assert_eq!(all.map(project), ["/app", "/app", "/", "."]);
        assert_eq!(["./shop/migrations", "src/shop/migrations", "src", "."].map(project), [".", "src", "src", "."]);
    }
}
