//! Base backups that we make, and let go of.
//!
//! Contract: one is there whole, or not at all: it is made, and goes, under a name that nobody takes for one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backout_core::config::Recovery;
use backout_core::data::BaseBackup;
use backout_core::port::{PortError, Progress};
use jiff::Timestamp;

use super::archive::{Archive, size};
use crate::Target;
use crate::pipe::{bare, blocking};
use crate::seal::failed;
use crate::words;

/// How long making one may take.
const MADE_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// Time between two looks how far it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The folder that base backups are kept in, and that of the log; `None` where another program keeps them, or nobody.
fn folders(target: &Target) -> Option<(PathBuf, PathBuf)> {
    match &target.configured.recovery {
        Some(Recovery::Archive { base, log }) => Some((target.folder.join(base), target.folder.join(log))),
        Some(Recovery::PgBackRest { .. }) | None => None,
    }
}

/// Makes a base backup in the folder that is configured. Answers with its path. It is there whole, or not at all.
///
/// # Errors
/// Where no folder is configured, or the server gives none: the role needs `REPLICATION`, and tablespaces cannot be taken.
pub(crate) async fn base_backup(target: &Target, progress: &dyn Progress) -> Result<PathBuf, PortError> {
    let Some((folder, _)) = folders(target) else {
        return Err(PortError::new(format!("database `{}` has no folder for base backups", target.configured.name))
            .hint("name it: `recovery: { archive: { base: FOLDER, log: FOLDER } }`; pgBackRest makes its own"));
    };
    let name = target.clock.now().strftime("base-%Y%m%dT%H%M%SZ").to_string();
    let (part, path) = (folder.join(format!(".{name}.part")), folder.join(&name));
    let failed = |error| failed(&format!("could not make a base backup in {}", folder.display()), &error);
    fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder).map_err(failed)?;
    swept(&folder, target.clock.now()).map_err(failed)?;
    let words = ["--format=plain", "--wal-method=stream", "--checkpoint=fast", "--no-password", "-D"];
    let command = target.program("pg_basebackup", &target.admin_address().await?)?.args(words).arg(&part);
    let command = bare(command).limit(MADE_WITHIN);
    let of = whole(target).await;
    let made = tokio::select! {
        made = command.run() => made,
        never = told(&part, of, progress) => match never {},
    };
    made.map_err(|error| {
        PortError::new(format!("could not make a base backup: {error}"))
            .hint("its role needs REPLICATION, and the server `wal_level = replica` and a line in `pg_hba.conf`")
    })?;
    fs::rename(&part, &path).and_then(|()| File::open(&folder)?.sync_all()).map_err(failed)?;
    Ok(path)
}

/// Tells how much is there, again and again.
async fn told(part: &Path, of: Option<u64>, progress: &dyn Progress) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let part = part.to_owned();
        // Files come and go while it is made: what cannot be seen now is seen the next time.
        if let Ok(done) = blocking(move || Ok(size(&part).ok())).await.map(Option::unwrap_or_default) {
            progress.moved("base backup", done, of);
        }
    }
}

/// About how much there will be: the sizes of all databases, where the role may see them.
async fn whole(target: &Target) -> Option<u64> {
    let session = target.maintenance().await.ok()?;
    let query = "SELECT sum(pg_database_size(oid))::int8 FROM pg_database WHERE datallowconn";
    let row = session.query_one(query, &[]).await.map_err(|error| words::failed("sizes", &error)).ok()?;
    row.get::<_, Option<i64>>(0).map(i64::unsigned_abs)
}

/// Every base backup that is kept in the folder that is configured, the oldest first; none where no folder is.
///
/// # Errors
/// Where the folder cannot be read.
pub(crate) async fn base_backups(target: &Target) -> Result<Vec<BaseBackup>, PortError> {
    let Some((folder, log)) = folders(target).filter(|(folder, _)| folder.is_dir()) else { return Ok(Vec::new()) };
    blocking(move || {
        let mut bases = Vec::new();
        for base in Archive::new(folder.clone(), log).list()? {
            let bytes = size(&folder.join(&base.name)).unwrap_or_default();
            bases.push(BaseBackup { name: base.name, ended_at: base.ended_at, bytes });
        }
        bases.sort_by(|a, b| (a.ended_at, &a.name).cmp(&(b.ended_at, &b.name)));
        Ok(bases)
    })
    .await
}

/// Removes a base backup.
///
/// # Errors
/// What could not be removed; it is none any more then, and the next that is made or removed takes the rest away.
pub(crate) async fn release_base(target: &Target, base: &BaseBackup) -> Result<(), PortError> {
    let Some((folder, _)) = folders(target) else { return Ok(()) };
    let (name, now) = (base.name.clone(), target.clock.now());
    blocking(move || {
        let failed = |error| failed(&format!("could not remove the base backup {name}"), &error);
        let (path, gone) = (folder.join(&name), folder.join(format!(".{name}.gone")));
        if path.is_dir() {
            fs::rename(&path, &gone).and_then(|()| File::open(&folder)?.sync_all()).map_err(failed)?;
        }
        swept(&folder, now).map_err(failed)
    })
    .await
}

/// Takes away what an interrupted run has left: what was being removed, and what was begun longer ago than making one may
/// take. Another environment may be making one in the same folder.
fn swept(folder: &Path, now: Timestamp) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let age = || Some(now.duration_since(Timestamp::try_from(entry.metadata().ok()?.modified().ok()?).ok()?));
        let is_old = || age().and_then(|age| Duration::try_from(age).ok()).is_some_and(|age| age > MADE_WITHIN);
        if name.starts_with(".base-") && (name.ends_with(".gone") || name.ends_with(".part") && is_old()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
