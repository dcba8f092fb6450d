//! The order of the measurements, and the tables of what came out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cluster::Cluster;
use super::opponents::{Backup, drop_and_restore, pg_dump};
use super::ours::{Extra, Ours};
use super::prober::Seen;
use super::{loss, moment};
use crate::bench::machine;
use crate::bench::stage::Backout;
use crate::failure::Failure;
use crate::workspace;

/// pgbench's scale: 10 million rows in the largest table, 1.5 GB.
const SCALE: u32 = 100;
/// How often a backup is made; each time is told, because other work on the machine disturbs some.
const ROUNDS: usize = 2;

/// Measures and prints the tables in Markdown.
pub(crate) fn command(scale: Option<&str>) -> Result<(), Failure> {
    let scale = match scale.map(str::parse) {
        None => SCALE,
        Some(Ok(scale)) => scale,
        Some(Err(_)) => return Err(Failure::Usage("the scale is a number: `bench data 10`".to_owned())),
    };
    let program = Backout::build()?.program;
    let cluster = Cluster::new(Path::new("/var/tmp/backout-bench-data"), scale)?;
    println!("{}\n", about(&cluster, scale)?);
    let place = Place { program, folder: workspace::target().join("bench/data") };
    if place.folder.exists() {
        std::fs::remove_dir_all(&place.folder).map_err(Failure::file(&place.folder))?;
    }
    let direct = place.ours("direct", &cluster, &Extra::default())?;
    backups(&cluster, &direct)?;
    going_back(&cluster, &direct, &place)?;
    cluster.remove()
}

/// The program, and the folder that its configurations are in.
struct Place {
    program: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// The program with a configuration of its own.
    fn ours(&self, name: &str, cluster: &Cluster, extra: &Extra) -> Result<Ours, Failure> {
        Ours::new(&self.program, &self.folder.join(name), cluster, extra)
    }
}

fn backups(cluster: &Cluster, ours: &Ours) -> Result<(), Failure> {
    let who = [
        "`pg_dump -Fc`",
        "`pg_dump -Fd -j2`",
        "`backout backup create`: dumped, counted, hashed, compressed, encrypted, read back",
    ];
    let mut taken = [(); 3].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        taken[0].push(pg_dump(cluster, "custom", &["-Fc"])?);
        taken[1].push(pg_dump(cluster, "folder", &["-Fd", "-j2"])?);
        taken[2].push(ours.back_up()?);
    }
    println!("| backup | times | size |\n|---|---|---|");
    for (who, backups) in who.iter().zip(&taken) {
        let times: Vec<String> = backups.iter().map(|backup| format!("{:.1} s", backup.took.as_secs_f64())).collect();
        let size = backups.last().map_or(0.0, Backup::megabytes);
        println!("| {who} | {} | {size:.0} MB |", times.join(", "));
    }
    let decoded = ours.decoded()?.as_secs_f64();
    println!("| the last one decrypted and decoded to its end: `backup verify --level V1` | {decoded:.1} s | |\n");
    Ok(())
}

fn going_back(cluster: &Cluster, direct: &Ours, place: &Place) -> Result<(), Failure> {
    let postgres = format!(", pgbouncer: {{ admin: \"{}\", database: shop }}", cluster.pooler_url("pgbouncer"));
    let pooled = place.ours("pooled", cluster, &Extra { postgres, ..Extra::default() })?;
    println!(
        "| going back | longest gap | failed probes | wrong answers | probes | whole time |\n|---|---|---|---|---|---|"
    );
    let mut losses = Vec::new();
    for (who, ours, url, deletes) in [
        ("`backout rollback --database main`", direct, cluster.url("shop"), false),
        ("the same, with PgBouncer", &pooled, cluster.pooler_url("shop"), true),
    ] {
        ours.back_up()?;
        ours.checkpoint()?;
        let written = loss::write(cluster, deletes)?;
        let back = ours.roll_back(url, &[])?;
        row(who, &back.seen, back.took);
        losses.push(written.found(&ours.lost()?)?);
        ours.drop_aside(cluster)?;
    }
    let recovered = moment::recovered(cluster, &place.program, &place.folder.join("moment"))?;
    row("the same to a named moment in the log, without PgBouncer", &recovered.back.seen, recovered.back.took);
    let (seen, took) = drop_and_restore(cluster, "folder")?;
    row("drop, create, `pg_restore -j2`", &seen, took);
    let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace";
    let keys = cluster.sql("shop", keys)?;
    println!("\nPrimary keys after dropping and restoring under a client that writes: {keys} of 5.\n");
    println!("| exact list of lost rows | time | inserted | changed | deleted |\n|---|---|---|---|---|");
    losses.iter().for_each(|lost| println!("{lost}"));
    println!("\n{recovered}");
    Ok(())
}

fn row(who: &str, seen: &Seen, took: Duration) {
    let (gap, took) = (seen.gap.as_secs_f64(), took.as_secs_f64());
    println!("| {who} | {gap:.3} s | {} | {} | {} | {took:.1} s |", seen.failed, seen.wrong, seen.probes);
}

/// The machine and the server, and how busy the machine is with other work.
fn about(cluster: &Cluster, scale: u32) -> Result<String, Failure> {
    let size = cluster.sql("shop", "SELECT pg_size_pretty(pg_database_size('shop'))")?;
    let version = cluster.sql("shop", "SHOW server_version")?;
    Ok(format!(
        "{}; PostgreSQL {version}; pgbench scale {scale}, {size}; load average at the start {}",
        machine::words()?,
        machine::load()?
    ))
}
