//! `cargo xtask bench data`: going back with the data, against what people do today, on one server in one run.

mod cluster;
mod opponents;
mod ours;
mod prober;

use std::path::Path;
use std::time::{Duration, Instant};

use cluster::Cluster;
use opponents::{Backup, drop_and_restore, pg_dump};
use ours::Ours;
use prober::Seen;

use super::stage::Backout;
use crate::failure::Failure;
use crate::process::Call;
use crate::workspace;

/// pgbench's scale: 10 million rows in the largest table, 1.5 GB.
const SCALE: u32 = 100;
/// Transactions after the restore point, each of which changes three rows and adds one.
const TRANSACTIONS: u32 = 20_000;

/// Measures and prints the tables in Markdown.
pub(crate) fn command(scale: Option<&str>) -> Result<(), Failure> {
    let scale = match scale.map(str::parse) {
        None => SCALE,
        Some(Ok(scale)) => scale,
        Some(Err(_)) => return Err(Failure::Usage("the scale is a number: `bench data 10`".to_owned())),
    };
    let program = Backout::build()?;
    let folder = Path::new("/var/tmp/backout-bench-data");
    let cluster = Cluster::new(folder, scale)?;
    println!("{}\n", about(&cluster, scale)?);
    let mine = workspace::target().join("bench/data");
    if mine.exists() {
        std::fs::remove_dir_all(&mine).map_err(Failure::file(&mine))?;
    }
    let pooler = format!(", pgbouncer: {{ admin: \"{}\", database: shop }}", cluster.pooler_url("pgbouncer"));
    let direct = Ours::new(&program.program, &mine.join("direct"), &cluster, "")?;
    let pooled = Ours::new(&program.program, &mine.join("pooled"), &cluster, &pooler)?;
    backups(&cluster, &direct)?;
    going_back(&cluster, &direct, &pooled)
}

fn backups(cluster: &Cluster, ours: &Ours) -> Result<(), Failure> {
    println!("| backup | time | size |\n|---|---|---|");
    let plain = pg_dump(cluster, "custom", &["-Fc"])?;
    for (who, backup) in [
        ("`pg_dump -Fc`", plain),
        ("`pg_dump -Fd -j2`", pg_dump(cluster, "folder", &["-Fd", "-j2"])?),
        ("`backout backup create`: dumped, counted, hashed, compressed, verified", ours.back_up()?),
    ] {
        println!("| {who} | {:.1} s | {:.0} MB |", backup.took.as_secs_f64(), megabytes(&backup));
    }
    println!();
    Ok(())
}

fn going_back(cluster: &Cluster, direct: &Ours, pooled: &Ours) -> Result<(), Failure> {
    println!(
        "| going back | longest gap | failed probes | wrong answers | probes | whole time |\n|---|---|---|---|---|---|"
    );
    let mut reports = Vec::new();
    for (who, ours, url) in [
        ("`backout rollback --database main`", direct, cluster.url("shop")),
        ("the same, with PgBouncer", pooled, cluster.pooler_url("shop")),
    ] {
        ours.checkpoint()?;
        write(cluster)?;
        let (seen, took) = ours.roll_back(url, &[])?;
        row(who, &seen, took);
        reports.push(ours.report()?);
    }
    let (seen, took) = drop_and_restore(cluster, "folder")?;
    row("drop, create, `pg_restore -j2`", &seen, took);
    let keys = cluster.sql("shop", "SELECT count(*) FROM pg_constraint WHERE contype = 'p'")?;
    println!("\nPrimary keys after dropping and restoring under a client that writes: {keys} of 4.\n");
    println!("| list of lost rows | time | rows |\n|---|---|---|");
    for report in reports {
        println!("| by row versions and keys | {:.1} s | {} |", report.took.as_secs_f64(), report.rows);
    }
    Ok(())
}

/// Writes as an application would after the restore point.
fn write(cluster: &Cluster) -> Result<(), Failure> {
    let each = (TRANSACTIONS / 4).to_string();
    cluster.as_user("pgbench").args(["-n", "-c", "4", "-t", &each]).args(cluster.to("shop")).output().map(drop)
}

fn row(who: &str, seen: &Seen, took: Duration) {
    let (gap, took) = (seen.gap.as_secs_f64(), took.as_secs_f64());
    println!("| {who} | {gap:.3} s | {} | {} | {} | {took:.1} s |", seen.failed, seen.wrong, seen.probes);
}

fn megabytes(backup: &Backup) -> f64 {
    u32::try_from(backup.bytes / 1024).map_or(f64::INFINITY, |kib| f64::from(kib) / 1024.0)
}

fn about(cluster: &Cluster, scale: u32) -> Result<String, Failure> {
    let begun = Instant::now();
    let size = cluster.sql("shop", "SELECT pg_size_pretty(pg_database_size('shop'))")?;
    let version = cluster.sql("shop", "SHOW server_version")?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = Call::new("uname").args(["-r"]).output()?;
    let asked = begun.elapsed().as_millis();
    Ok(format!(
        "PostgreSQL {version}; pgbench scale {scale}, {size}; {cores} cores; kernel {}; a client's question takes {asked} ms",
        kernel.trim()
    ))
}
