//! What probes: the product's own scheduler and client, with what is kept of each target beside.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backout_adapters::probe::{ProbeClient, Wiring};
use backout_adapters::secret::Secrets;
use backout_core::config::{Connection, HttpExpect, HttpProbe, Probe, ProbeKind, Protocol, TlsExpect};
use backout_core::detect::{Against, Bucket, Counts, Detector, Edges, History, Latencies, Settings, Watched};
use backout_core::id::{ProbeName, ServiceName};
use backout_core::port::Clock;
use backout_engine::clock::SystemClock;
use backout_engine::{Pace, Probed, Probing, Target};
use serde::Serialize;

/// How long it runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(3);

/// What is measured.
pub(crate) struct Order {
    pub(crate) port: u16,
    pub(crate) targets: usize,
    pub(crate) every_ms: u64,
    pub(crate) seconds: u64,
    pub(crate) is_reused: bool,
    pub(crate) is_tls: bool,
    pub(crate) is_http2: bool,
}

/// What was seen.
#[derive(Serialize)]
pub(crate) struct Measured {
    probes: u64,
    failed: u64,
    not_measured: u64,
    skipped: u64,
    crowded_out: u64,
    starved: u64,
    wall_s: f64,
    processor_s: f64,
    resident_mib: f64,
    peak_mib: f64,
    late_p50_ms: f64,
    late_p99_ms: f64,
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    alarms: u64,
}

/// What is kept of a target between two probes.
struct Kept {
    detector: Detector,
    latencies: Latencies,
}

#[derive(Default)]
struct Outcomes {
    probes: u64,
    failed: u64,
    not_measured: u64,
    alarms: u64,
}

/// Probes for as long as it is told.
pub(crate) async fn measure(order: &Order) -> Result<Measured, Box<dyn Error>> {
    let client = Arc::new(ProbeClient::new(Wiring {
        secrets: Arc::new(Secrets::new(BTreeMap::new(), "/")),
        environment: BTreeMap::new(),
        folder: "/".into(),
        containers: Vec::new(),
        platforms: Vec::new(),
        clock: Arc::new(SystemClock),
    }));
    let edges = Edges::new(std::iter::successors(Some(0.001), |edge| Some(edge * 1.1)).take(115).collect());
    let mut kept: BTreeMap<ServiceName, Kept> = BTreeMap::new();
    let mut targets = Vec::new();
    for number in 0..order.targets {
        let target = target(order, number)?;
        kept.insert(target.service.clone(), Kept::new(&edges));
        targets.push(target);
    }
    let mut probing = Probing::new(client, Arc::new(SystemClock), targets, Some(Pace::AtRest));
    let (mut all, mut outcomes) = (Latencies::none(&edges), Outcomes::default());
    let begun = SystemClock.uptime();
    while SystemClock.uptime() - begun < WARM_UP {
        weigh(&mut kept, &edges, &mut all, &mut outcomes, &probing.next().await);
    }
    (all, outcomes) = (Latencies::none(&edges), Outcomes::default());
    let (before, processor_before) = (probing.tally().clone(), processor_seconds()?);
    let begun = SystemClock.uptime();
    while SystemClock.uptime() - begun < Duration::from_secs(order.seconds) {
        weigh(&mut kept, &edges, &mut all, &mut outcomes, &probing.next().await);
    }
    let (wall, tally) = (SystemClock.uptime() - begun, probing.tally());
    let ms = |duration: Option<Duration>| duration.map_or(f64::INFINITY, |duration| duration.as_secs_f64() * 1000.0);
    let latency = |share| all.quantile(share).and_then(|cell| edges.upper(cell)).map(Duration::from_secs_f64);
    Ok(Measured {
        probes: outcomes.probes,
        failed: outcomes.failed,
        not_measured: outcomes.not_measured,
        skipped: tally.skipped - before.skipped,
        crowded_out: tally.crowded_out - before.crowded_out,
        starved: tally.starved - before.starved,
        wall_s: wall.as_secs_f64(),
        processor_s: processor_seconds()? - processor_before,
        resident_mib: memory_mib("VmRSS:")?,
        peak_mib: memory_mib("VmHWM:")?,
        late_p50_ms: ms(tally.lateness(0.5)),
        late_p99_ms: ms(tally.lateness(0.99)),
        latency_p50_ms: ms(latency(0.5)),
        latency_p99_ms: ms(latency(0.99)),
        alarms: outcomes.alarms,
    })
}

/// A target of its own address: 127.1.0.1 to 127.1.39.250.
fn target(order: &Order, number: usize) -> Result<Target, Box<dyn Error>> {
    let (scheme, port) = (if order.is_tls { "https" } else { "http" }, order.port);
    let http = HttpProbe {
        url: format!("{scheme}://127.1.{}.{}:{port}/health", number / 250, number % 250 + 1),
        connection: if order.is_reused { Connection::Reuse } else { Connection::New },
        protocol: if order.is_http2 { Protocol::Http2 } else { Protocol::Http1 },
        expect: HttpExpect {
            body: Some("^ok$".to_owned()),
            tls: TlsExpect { verify: false, ..TlsExpect::default() },
            ..HttpExpect::default()
        },
        ..HttpProbe::default()
    };
    let probe = Probe {
        name: ProbeName::new("health")?,
        kind: ProbeKind::Http(Box::new(http)),
        every: Duration::from_millis(order.every_ms),
        timeout: Duration::from_secs(2),
        start_period: None,
        is_dependency: false,
        implicit: false,
    };
    Ok(Target { service: ServiceName::new(&format!("app-{number:05}"))?, probe })
}

impl Kept {
    /// After ten minutes of a target that was always well.
    fn new(edges: &Edges) -> Self {
        let mut history = History::new(edges.clone());
        for minute in -10..0_i32 {
            let new = Some(Counts { requests: 60.0, ..Counts::default() });
            let at = f64::from(minute) * 60.0;
            history.add(&Bucket { at, span: 60.0, new, up: Some(true), ..Bucket::default() });
        }
        let detector = Detector::new(Settings::default(), &history, Against::Before, Watched::default());
        Self { detector, latencies: Latencies::none(edges) }
    }
}

/// What the product does with a reading: the evidence and the histogram of the target.
fn weigh(
    kept: &mut BTreeMap<ServiceName, Kept>,
    edges: &Edges,
    all: &mut Latencies,
    outcomes: &mut Outcomes,
    probed: &Probed,
) {
    let holds = probed.reading.outcome.holds();
    outcomes.probes += 1;
    outcomes.failed += u64::from(holds == Some(false));
    outcomes.not_measured += u64::from(holds.is_none());
    let Some(kept) = kept.get_mut(&probed.target.service) else { return };
    if let Some(took) = probed.reading.latency {
        let cell = edges.cell(took.as_secs_f64());
        kept.latencies.add(cell, 1);
        all.add(cell, 1);
    }
    let errors = if holds == Some(false) { 1.0 } else { 0.0 };
    let new = holds.map(|_| Counts { requests: 1.0, errors, latencies: None });
    let (at, span) = (SystemClock.uptime().as_secs_f64(), probed.target.probe.every.as_secs_f64());
    let bucket = Bucket { at, span, new, up: holds, ..Bucket::default() };
    outcomes.alarms += u64::from(kept.detector.observe(&bucket).is_some());
}

/// User and system time of this process, as the kernel counts it in ticks of 10 ms.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// A line of the kernel's about this process's memory.
fn memory_mib(name: &str) -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    Ok(kib.unwrap_or(0.0) / 1024.0)
}
