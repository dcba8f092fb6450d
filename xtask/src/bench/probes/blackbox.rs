//! `prometheus-blackbox-exporter`, driven by Prometheus, as people probe many targets today.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::get::get;
use super::row::Row;
use super::site::Site;
use crate::bench::project::free_port;
use crate::bench::usage::{memory_mib, processor_ticks};
use crate::failure::Failure;
use crate::process::find;

const MODULES: &str = "modules: { up: { prober: http, timeout: 5s, http: { preferred_ip_protocol: ip4, \
                       fail_if_body_not_matches_regexp: ['^ok$'] } } }\n";

/// How much, and how long.
pub(super) struct Size {
    pub(super) targets: usize,
    pub(super) every: Duration,
    pub(super) measured: Duration,
}

/// Two rows: the exporter by itself, and with the Prometheus that it does nothing without. None where one of them is not
/// installed, with its name.
pub(super) fn measure(site: &mut Site, size: &Size) -> Result<Result<[Row; 2], &'static str>, Failure> {
    let Some(exporter) = find("prometheus-blackbox-exporter") else { return Ok(Err("prometheus-blackbox-exporter")) };
    let Some(prometheus) = find("prometheus") else { return Ok(Err("prometheus")) };
    let (door, web) = (free_port()?, free_port()?);
    let modules = site.folder.join("blackbox.yml");
    fs::write(&modules, MODULES).map_err(Failure::file(&modules))?;
    let words = [format!("--config.file={}", modules.display()), format!("--web.listen-address=127.0.0.1:{door}")];
    let exporter = site.start_other(&exporter, &words, true)?;
    site.until_ready(door, "/metrics")?;
    let words = scraping(site, size, (door, web))?;
    let prometheus = site.start_other(&prometheus, &words, true)?;
    site.until_ready(web, "/-/ready")?;
    let few = [memory_mib(exporter, "VmHWM")?, memory_mib(prometheus, "VmHWM")?];
    // Everything is scraped once within the first interval, spread over it.
    std::thread::sleep(size.every + size.every / 2);
    let [alone, both] = while_running(site, size, [exporter, prometheus], web)?;
    site.end_others();
    let with_more = |row: Row, few: f64| {
        let few = Row { peak_mib: few, ..Row::default() };
        Row { kib_a_target: Some(row.kib_more(&few)), ..row }
    };
    Ok(Ok([with_more(alone, few[0]), with_more(both, few[0] + few[1])]))
}

fn scraping(site: &Site, size: &Size, (door, web): (u16, u16)) -> Result<Vec<String>, Failure> {
    let every = size.every.as_secs();
    let config = format!(
        "global: {{ scrape_interval: {every}s, scrape_timeout: {every}s }}\nscrape_configs:\n  - job_name: probes\n    \
         metrics_path: /probe\n    params: {{ module: [up] }}\n    file_sd_configs: [{{ files: [targets.json] }}]\n    \
         relabel_configs:\n      - {{ source_labels: [__address__], target_label: __param_target }}\n      \
         - {{ source_labels: [__address__], target_label: instance }}\n      \
         - {{ target_label: __address__, replacement: '127.0.0.1:{door}' }}\n"
    );
    let targets: Vec<String> =
        (0..size.targets).map(|number| format!("http://{}:{}/health", Site::target(number), site.port)).collect();
    let listed = serde_json::json!([{ "targets": targets }]).to_string();
    for (name, text) in [("prometheus.yml", &config), ("targets.json", &listed)] {
        let path = site.folder.join(name);
        fs::write(&path, text).map_err(Failure::file(&path))?;
    }
    let path = |name: &str| site.folder.join(name).display().to_string();
    Ok(vec![
        format!("--config.file={}", path("prometheus.yml")),
        format!("--storage.tsdb.path={}", path("data")),
        format!("--web.listen-address=127.0.0.1:{web}"),
        "--log.level=warn".to_owned(),
    ])
}

fn while_running(site: &Site, size: &Size, ids: [u32; 2], web: u16) -> Result<[Row; 2], Failure> {
    let ticks = |id: u32| processor_ticks(id);
    let (answered, used, begun) = (site.answered()?, [ticks(ids[0])?, ticks(ids[1])?], Instant::now());
    std::thread::sleep(size.measured);
    let (probes, wall) = (site.answered()? - answered, begun.elapsed());
    let used = [ticks(ids[0])? - used[0], ticks(ids[1])? - used[1]];
    let memory = |line: &str| Ok::<_, Failure>([memory_mib(ids[0], line)?, memory_mib(ids[1], line)?]);
    let (resident, peak) = (memory("VmRSS")?, memory("VmHWM")?);
    let row = |who: &str, ticks: f64, (resident_mib, peak_mib): (f64, f64)| Row {
        who: who.to_owned(),
        targets: size.targets,
        every_s: size.every.as_secs_f64(),
        probes,
        wall_s: wall.as_secs_f64(),
        processor_s: ticks / 100.0,
        resident_mib,
        peak_mib,
        ..Row::default()
    };
    let failed = failures(web, size.measured)?;
    let alone = row("`prometheus-blackbox-exporter`, without what drives it", used[0], (resident[0], peak[0]));
    let memory = (resident[0] + resident[1], peak[0] + peak[1]);
    let both = row("`prometheus-blackbox-exporter` and Prometheus", used[0] + used[1], memory);
    let late_ms = lateness(web, size.every)?;
    Ok([alone, Row { failed, late_ms, ..both }])
}

/// Probes that said that a target which answers is down.
fn failures(web: u16, within: Duration) -> Result<Option<f64>, Failure> {
    let range = within.as_secs();
    let query = format!("sum(count_over_time(probe_success[{range}s]))-sum(sum_over_time(probe_success[{range}s]))");
    let mut coded = String::new();
    for byte in query.bytes() {
        let _ = write!(coded, "%{byte:02X}");
    }
    let answer: Value = serde_json::from_str(&get(web, &format!("/api/v1/query?query={coded}"))?).unwrap_or_default();
    let value = answer["data"]["result"][0]["value"][1].as_str();
    Ok(value.and_then(|value| value.parse().ok()))
}

/// By how much the intervals were longer than they should be, as Prometheus says it of itself.
fn lateness(web: u16, every: Duration) -> Result<Option<(f64, f64)>, Failure> {
    let metrics = get(web, "/metrics")?;
    let of = |quantile: &str| -> Option<f64> {
        let line = metrics.lines().find(|line| {
            line.starts_with("prometheus_target_interval_length_seconds{")
                && line.contains(&format!("quantile=\"{quantile}\""))
        })?;
        let seconds: f64 = line.rsplit(' ').next()?.parse().ok()?;
        Some(((seconds - every.as_secs_f64()) * 1000.0).max(0.0)).filter(|late| late.is_finite())
    };
    Ok(of("0.5").zip(of("0.99")))
}
