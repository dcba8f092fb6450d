//! HAProxy's health checks: what a mature program in C takes to ask the same targets.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::row::Row;
use super::site::Site;
use crate::bench::usage::{memory_mib, processor_ticks};
use crate::failure::Failure;
use crate::process::find;

/// How many targets are few, and how long it runs before it is measured.
const FEW: usize = 10;
const SETTLED: Duration = Duration::from_secs(3);

/// Measures it; none where it is not installed, with its name.
pub(super) fn measure(
    site: &mut Site,
    targets: usize,
    measured: Duration,
) -> Result<Result<Row, &'static str>, Failure> {
    let Some(program) = find("haproxy") else { return Ok(Err("haproxy")) };
    let socket = site.folder.join("haproxy.sock");
    let id = start(site, &program, (FEW, &socket))?;
    let few = Row { targets: FEW, peak_mib: memory_mib(id, "VmHWM")?, ..Row::default() };
    site.end_others();
    let id = start(site, &program, (targets, &socket))?;
    let (answered, ticks, begun) = (site.answered()?, processor_ticks(id)?, Instant::now());
    let failed_before = failures(&socket)?;
    std::thread::sleep(measured);
    let (probes, used, wall) = (site.answered()? - answered, processor_ticks(id)? - ticks, begun.elapsed());
    let row = Row {
        who: "HAProxy, `check inter 1s`".to_owned(),
        targets,
        every_s: 1.0,
        probes,
        wall_s: wall.as_secs_f64(),
        processor_s: used / 100.0,
        resident_mib: memory_mib(id, "VmRSS")?,
        peak_mib: memory_mib(id, "VmHWM")?,
        failed: Some(failures(&socket)? - failed_before),
        ..Row::default()
    };
    site.end_others();
    Ok(Ok(Row { kib_a_target: Some(row.kib_more(&few)), ..row }))
}

/// Starts it with so many targets, and waits until it asks all of them.
fn start(site: &mut Site, program: &Path, (targets, socket): (usize, &Path)) -> Result<u32, Failure> {
    let config = site.folder.join("haproxy.cfg");
    fs::write(&config, checking(site, targets, socket)).map_err(Failure::file(&config))?;
    let id = site.start_other(program, &["-db".to_owned(), "-f".to_owned(), config.display().to_string()], false)?;
    std::thread::sleep(SETTLED);
    Ok(id)
}

fn checking(site: &Site, targets: usize, socket: &Path) -> String {
    let mut config = format!(
        "global\n  nbthread 1\n  maxconn 100\n  stats socket {} level admin\ndefaults\n  mode http\n  timeout connect 2s\n  \
         timeout client 5s\n  timeout server 5s\n  timeout check 2s\nbackend targets\n  option httpchk GET /health\n  \
         http-check expect string ok\n",
        socket.display()
    );
    for number in 0..targets {
        let _ = writeln!(config, "  server s{number} {}:{} check inter 1s", Site::target(number), site.port);
    }
    config
}

/// Checks that failed, of all servers, as HAProxy counts them.
fn failures(socket: &Path) -> Result<f64, Failure> {
    let mut stream = UnixStream::connect(socket).map_err(Failure::file(socket))?;
    stream.write_all(b"show stat\n").map_err(Failure::file(socket))?;
    let mut table = String::new();
    stream.read_to_string(&mut table).map_err(Failure::file(socket))?;
    let mut lines = table.lines();
    let head = lines.next().unwrap_or_default();
    let Some(place) = head.split(',').position(|name| name == "chkfail") else { return Ok(0.0) };
    let counts = lines.filter(|line| !line.contains(",BACKEND,"));
    Ok(counts.filter_map(|line| line.split(',').nth(place)?.parse::<f64>().ok()).sum())
}
