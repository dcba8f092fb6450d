//! What people do today: `pg_dump` before, and drop and restore when it goes wrong.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::prober::{Prober, Seen};
use crate::failure::Failure;

/// One backup: how long it took, and how many bytes it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backup {
    pub(super) took: Duration,
    pub(super) bytes: u64,
}

impl Backup {
    /// Its size in megabytes of 1024 times 1024 bytes.
    pub(super) fn megabytes(&self) -> f64 {
        u32::try_from(self.bytes / 1024).map_or(f64::INFINITY, |kib| f64::from(kib) / 1024.0)
    }
}

/// `pg_dump` with those options into `name`.
pub(super) fn pg_dump(cluster: &Cluster, name: &str, options: &[&str]) -> Result<Backup, Failure> {
    let path = cluster.folder.join("base").join(name);
    if path.is_dir() {
        fs::remove_dir_all(&path).map_err(Failure::file(&path))?;
    }
    let begun = Instant::now();
    cluster.as_user("pg_dump").args(options).args(["-f"]).args([&path]).args(cluster.to("shop")).output()?;
    Ok(Backup { took: begun.elapsed(), bytes: size(&path)? })
}

/// Bytes of a file, or of every file in a folder.
pub(super) fn size(path: &Path) -> Result<u64, Failure> {
    if path.is_file() {
        return Ok(fs::metadata(path).map_err(Failure::file(path))?.len());
    }
    let mut all = 0;
    for entry in fs::read_dir(path).map_err(Failure::file(path))? {
        all += size(&entry.map_err(Failure::file(path))?.path())?;
    }
    Ok(all)
}

/// Ends sessions, drops the database, makes it anew and restores it, as runbooks have it; a client keeps trying.
pub(super) fn drop_and_restore(cluster: &Cluster, name: &str) -> Result<(Seen, Duration), Failure> {
    let path = cluster.folder.join("base").join(name);
    let prober = Prober::start(cluster.url("shop"))?;
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    cluster.sql("postgres", "DROP DATABASE shop WITH (FORCE)")?;
    cluster.sql("postgres", "CREATE DATABASE shop")?;
    // Its exit code is what such scripts pass over: rows that the client wrote meanwhile are in its way.
    let restore = cluster.as_user("pg_restore").args(["-j2", "-h", "127.0.0.1", "-p", &cluster.port.to_string()]);
    let _ = restore.args(["-U", "postgres", "-d", "shop"]).args([&path]).output();
    let took = begun.elapsed();
    std::thread::sleep(Duration::from_secs(1));
    Ok((prober.stop()?, took))
}
