//! Recovery to a named moment in the server's log: a base backup and an archived log, as a person would have them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, as_postgres};
use super::loss;
use super::opponents::{Backup, size};
use super::ours::{Extra, GoneBack, Ours};
use crate::failure::Failure;

/// The moment's name.
const NAME: &str = "before_deploy";
/// Time between two looks whether the server beside answers.
const PAUSE: Duration = Duration::from_millis(50);
/// What a database has: rows and their contents, whatever their order. What the probing client writes is left out.
const CONTENTS: &str = "SELECT string_agg(found, ' ') FROM (\
    SELECT count(*) || ':' || sum(hash_record_extended(t, 0)::numeric) AS found FROM pgbench_accounts t \
    UNION ALL SELECT count(*) || ':' || sum(hash_record_extended(t, 0)::numeric) FROM pgbench_history t \
    UNION ALL SELECT count(*) || ':' || sum(hash_record_extended(t, 0)::numeric) FROM pgbench_tellers t \
    UNION ALL SELECT count(*) || ':' || sum(hash_record_extended(t, 0)::numeric) FROM pgbench_branches t) every";
/// How many rows are in the table that every transaction adds one to.
const ROWS: &str = "SELECT count(*) FROM pgbench_history";

/// What a recovery took.
pub(super) struct Recovered {
    base: Backup,
    /// What of the log was replayed, in megabytes.
    log: f64,
    /// Until the server beside answered, at that moment.
    answered: Duration,
    /// Until the rows of the database in use were found to be those of that moment.
    proven: Duration,
    pub(super) back: GoneBack,
}

/// Makes a base backup, writes, names the moment, writes more, and goes back to it while a client probes.
pub(super) fn recovered(cluster: &Cluster, program: &Path, folder: &Path) -> Result<Recovered, Failure> {
    let (bases, log) = (cluster.folder.join("base/bases"), cluster.archiving()?);
    let database = format!("recovery: {{ archive: {{ base: \"{}\", log: \"{}\" }} }}", bases.display(), log.display());
    let ours = Ours::new(program, folder, cluster, &Extra { database, ..Extra::default() })?;
    ours.checkpoint()?;
    let position = cluster.sql("postgres", "SELECT pg_current_wal_insert_lsn()")?;
    let base = base_backup(cluster, &bases.join("monday"))?;
    loss::write(cluster, false)?;
    let (contents, rows) = (cluster.sql("shop", CONTENTS)?, cluster.sql("shop", ROWS)?);
    let name = format!("SELECT pg_wal_lsn_diff(pg_create_restore_point('{NAME}'), '{position}') / 1048576");
    let log = number(&cluster.sql("postgres", &name)?)?;
    loss::write(cluster, true)?;
    let beside = Beside::watch(cluster, rows);
    let words = ["--rung", "point-in-time", "--to-name", NAME, "--force", "loss-not-accepted"];
    let back = ours.roll_back(cluster.url("shop"), &words);
    let answered = beside.answered();
    let (back, proving) = (back?, Instant::now());
    if cluster.sql("shop", CONTENTS)? != contents {
        return Err(Failure::Check(format!("the database is not as it was at `{NAME}`")));
    }
    let (answered, proven) = (answered?.duration_since(back.began), back.took + proving.elapsed());
    ours.drop_aside(cluster)?;
    Ok(Recovered { base, log, answered, proven, back })
}

fn base_backup(cluster: &Cluster, path: &Path) -> Result<Backup, Failure> {
    let began = Instant::now();
    let words = ["-h", "127.0.0.1", "-p", &cluster.port.to_string(), "-U", "postgres", "-c", "fast", "-D"];
    cluster.as_user("pg_basebackup").args(words).args([path]).output()?;
    Ok(Backup { took: began.elapsed(), bytes: size(path)? })
}

fn number(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(|_| Failure::Check(format!("`{text}` is no number")))
}

/// Looks whether the server beside answers, from outside.
struct Beside {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<Instant>>,
}

impl Beside {
    /// Begins to look for a server that has `rows` in the table that every transaction adds to.
    fn watch(cluster: &Cluster, rows: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, folder) = (Arc::clone(&stop), cluster.own_servers());
        let thread = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                if folders(&folder).iter().any(|folder| ask(folder).is_ok_and(|found| found == rows)) {
                    return Some(Instant::now());
                }
                std::thread::sleep(PAUSE);
            }
            None
        });
        Self { stop, thread }
    }

    /// Ends it. When there was one.
    fn answered(self) -> Result<Instant, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let answered = self.thread.join().ok().flatten();
        answered.ok_or_else(|| Failure::Check("no server beside was seen at that moment".to_owned()))
    }
}

/// Folders of servers that have a socket.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let folders = entries.flatten().map(|entry| entry.path());
    folders.filter(|folder| folder.join(".s.PGSQL.5432").exists()).collect()
}

fn ask(folder: &Path) -> Result<String, Failure> {
    let words = ["-X", "-At", "-U", "postgres", "-c", ROWS, "-h"];
    Ok(as_postgres("psql").args(words).args([folder]).args(["shop"]).output()?.trim().to_owned())
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, seconds) = (self.base, |took: Duration| took.as_secs_f64());
        writeln!(f, "| recovery to a named moment | time | |\n|---|---|---|")?;
        let (took, size) = (seconds(base.took), base.megabytes());
        writeln!(f, "| `pg_basebackup`, before | {took:.1} s | {size:.0} MB |")?;
        let (answered, log) = (seconds(self.answered), self.log);
        writeln!(
            f,
            "| a server beside answers, with the rows of that moment | {answered:.1} s | {log:.0} MB of log |"
        )?;
        let (took, proven) = (seconds(self.back.took), seconds(self.proven));
        writeln!(f, "| copied from there, swapped in, verified: `backout rollback --to-name` | {took:.1} s | |")?;
        write!(f, "| every row of the database in use found to be that of the moment | {proven:.1} s | |")
    }
}
