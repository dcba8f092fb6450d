//! The scenarios: what traffic, errors, latency and probes of a deploy look like, second by second.

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arm {
    Old,
    New,
}

/// How the new version came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It took all traffic over.
    Replace,
    /// It takes a tenth, beside the old one.
    Canary,
}

/// A rate that varies by itself: lognormal, autoregressive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    pub(crate) errors: f64,
    pub(crate) latency: f64,
    /// How long it stays, in seconds.
    pub(crate) lasting: f64,
    /// Rare bursts with a heavy tail, in place of a lognormal walk.
    pub(crate) bursts: bool,
}

/// A dependency that fails for a while, and what asking it tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Gate {
    /// Nobody asks it.
    None,
    /// It answers seven of ten questions.
    Partial,
    /// It answers nothing.
    Hard,
}

/// One scenario. Functions take seconds since the deploy, negative before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) mode: Mode,
    /// When it goes bad, in seconds since the deploy; none for a healthy one.
    pub(crate) onset: Option<u32>,
    /// Requests a second.
    pub(crate) rate: fn(f64) -> f64,
    /// The share of requests that fail.
    pub(crate) errors: fn(f64, Arm) -> f64,
    /// How many times as slow as usual.
    pub(crate) slow: fn(f64, Arm) -> f64,
    pub(crate) noise: Option<Noise>,
    /// Whether it is down.
    pub(crate) down: fn(f64) -> bool,
    /// Blips of the probe an hour, of five seconds on average.
    pub(crate) blips: f64,
    /// Memory in use in MB of 700.
    pub(crate) memory: Option<fn(f64) -> f64>,
    /// An outage of a dependency from the tenth minute to the thirteenth.
    pub(crate) outage: Option<Gate>,
    /// Seconds whose figures are lost: every so many a few.
    pub(crate) gaps: bool,
}

const STEADY: Scenario = Scenario {
    name: "",
    mode: Mode::Replace,
    onset: None,
    rate: |_| 100.0,
    errors: |_, _| 0.001,
    slow: |_, _| 1.0,
    noise: None,
    down: |_| false,
    blips: 0.0,
    memory: None,
    outage: None,
    gaps: false,
};

const NOISY: Noise = Noise { errors: 0.8, latency: 0.15, lasting: 60.0, bursts: false };

fn since(t: f64, onset: f64, arm: Arm, then: f64, otherwise: f64) -> f64 {
    if arm == Arm::New && t >= onset { then } else { otherwise }
}

/// How far the hour has gone: 0 to 1.
fn hour(t: f64) -> f64 {
    (t + 1800.0) / 3600.0
}

fn in_outage(t: f64) -> bool {
    (600.0..780.0).contains(&t)
}

/// Deploys that must be kept.
fn healthy() -> Vec<Scenario> {
    let sized = |errors, lasting| Noise { errors, latency: 0.15, lasting, bursts: false };
    vec![
        Scenario { name: "H1 steady", ..STEADY },
        Scenario { name: "H1b errors 1 %", errors: |_, _| 0.01, ..STEADY },
        Scenario {
            name: "H2 drift",
            rate: |t| 100.0 * (1.0 + hour(t)),
            errors: |t, _| 0.001 * (1.0 + hour(t)),
            slow: |t, _| 1.0 + 0.2 * hour(t),
            ..STEADY
        },
        Scenario { name: "H3 noisy", noise: Some(NOISY), ..STEADY },
        Scenario { name: "H3b noisy, slow", noise: Some(sized(0.8, 300.0)), ..STEADY },
        Scenario { name: "H3c less noisy", noise: Some(sized(0.4, 60.0)), ..STEADY },
        Scenario { name: "H5 0.1 rps", rate: |_| 0.1, ..STEADY },
        Scenario { name: "H5b 0.1 rps, 2 %", rate: |_| 0.1, errors: |_, _| 0.02, ..STEADY },
        Scenario {
            name: "H6 cold start",
            errors: |t, arm| if t < 20.0 { since(t, 0.0, arm, 0.006, 0.001) } else { 0.001 },
            slow: |t, arm| since(t, 0.0, arm, 1.0 + 2.0 * (-t / 20.0).exp(), 1.0),
            ..STEADY
        },
        Scenario { name: "H7 blips", blips: 12.0, ..STEADY },
    ]
}

/// Deploys that must be kept, of kinds that only one mode has.
fn healthy_of_one_mode() -> Vec<Scenario> {
    let outage = Scenario {
        errors: |t, _| if in_outage(t) { 0.3 } else { 0.001 },
        slow: |t, _| if in_outage(t) { 3.0 } else { 1.0 },
        ..STEADY
    };
    let canary = Mode::Canary;
    vec![
        Scenario { name: "H4 outage, not asked", outage: Some(Gate::None), ..outage },
        Scenario { name: "H4 outage, partial", outage: Some(Gate::Partial), ..outage },
        Scenario { name: "H4 outage, hard", outage: Some(Gate::Hard), ..outage },
        Scenario { name: "H4 outage", mode: canary, ..outage },
        Scenario { name: "H8 saw-tooth", memory: Some(|t| 300.0 + (t + 1800.0) % 90.0), ..STEADY },
        Scenario {
            name: "H8b warm-up",
            memory: Some(|t| 200.0 + 300.0 * (1.0 - (-t.max(0.0) / 600.0).exp())),
            ..STEADY
        },
    ]
}

/// Deploys that must be found.
fn bad() -> Vec<Scenario> {
    let at_once = Scenario { onset: Some(0), ..STEADY };
    let later = Scenario { onset: Some(600), ..STEADY };
    let noisy = Scenario { noise: Some(NOISY), ..at_once };
    vec![
        Scenario { name: "R1 down", errors: |t, arm| since(t, 0.0, arm, 1.0, 0.001), down: |t| t >= 0.0, ..at_once },
        Scenario { name: "R1b fails, probe green", errors: |t, arm| since(t, 0.0, arm, 1.0, 0.001), ..at_once },
        Scenario { name: "R2 latency 5x", slow: |t, arm| since(t, 0.0, arm, 5.0, 1.0), ..at_once },
        Scenario { name: "R2b latency 2x", slow: |t, arm| since(t, 0.0, arm, 2.0, 1.0), ..at_once },
        Scenario { name: "R5 latency 1.5x", slow: |t, arm| since(t, 0.0, arm, 1.5, 1.0), ..at_once },
        Scenario { name: "R3 0.1 to 1 %", errors: |t, arm| since(t, 0.0, arm, 0.01, 0.001), ..at_once },
        Scenario { name: "R4 0.1 to 5 %", errors: |t, arm| since(t, 0.0, arm, 0.05, 0.001), ..at_once },
        Scenario { name: "R6 5 % at 10 min", errors: |t, arm| since(t, 600.0, arm, 0.05, 0.001), ..later },
        Scenario { name: "R6b 1 % at 10 min", errors: |t, arm| since(t, 600.0, arm, 0.01, 0.001), ..later },
        Scenario { name: "R6c 2x at 10 min", slow: |t, arm| since(t, 600.0, arm, 2.0, 1.0), ..later },
        Scenario {
            name: "R7 0.1 rps, all fail",
            rate: |_| 0.1,
            errors: |t, arm| since(t, 0.0, arm, 1.0, 0.001),
            ..at_once
        },
        Scenario {
            name: "R7c 1 rps, 0.1 to 10 %",
            rate: |_| 1.0,
            errors: |t, arm| since(t, 0.0, arm, 0.1, 0.001),
            ..at_once
        },
        Scenario {
            name: "R7d 10 rps, 0.1 to 5 %",
            rate: |_| 10.0,
            errors: |t, arm| since(t, 0.0, arm, 0.05, 0.001),
            ..at_once
        },
        Scenario {
            name: "R8 flaps 20/20 s",
            errors: |t, arm| if flaps(t) { since(t, 0.0, arm, 1.0, 0.001) } else { 0.001 },
            down: flaps,
            ..at_once
        },
        Scenario { name: "R11 noisy, 1 %", errors: |t, arm| since(t, 0.0, arm, 0.01, 0.001), ..noisy },
        Scenario { name: "R12 noisy, 5 %", errors: |t, arm| since(t, 0.0, arm, 0.05, 0.001), ..noisy },
    ]
}

fn flaps(t: f64) -> bool {
    t >= 0.0 && t % 40.0 < 20.0
}

fn crashes(t: f64) -> bool {
    t >= 60.0 && t % 70.0 >= 60.0
}

/// Deploys that must be found, of kinds that only one mode has.
fn bad_of_one_mode() -> Vec<Scenario> {
    let at_once = Scenario { onset: Some(0), ..STEADY };
    vec![
        Scenario {
            name: "R1c no traffic, down",
            rate: |t| if t < 0.0 { 100.0 } else { 0.0 },
            down: |t| t >= 0.0,
            ..at_once
        },
        Scenario { name: "R9 flaps, no traffic", rate: |t| if t < 0.0 { 100.0 } else { 0.0 }, down: flaps, ..at_once },
        Scenario {
            name: "R10 crash loop 60 s",
            errors: |t, arm| if crashes(t) { since(t, 0.0, arm, 1.0, 0.001) } else { 0.001 },
            down: crashes,
            ..at_once
        },
        Scenario { name: "R13 leaks 10 MB/min", memory: Some(|t| 195.0 + 10.0 * t.max(0.0) / 60.0), ..at_once },
        Scenario { name: "R13b leaks 30 MB/min", memory: Some(|t| 195.0 + 30.0 * t.max(0.0) / 60.0), ..at_once },
    ]
}

/// Of a generator that the detector was not tuned on: bursts with heavy tails, lost seconds, instances that differ.
fn held_out() -> Vec<Scenario> {
    let bursts = Noise { errors: 1.0, latency: 0.1, lasting: 45.0, bursts: true };
    let uneven = |t: f64| 100.0 * (1.0 + 0.5 * (t / 97.0).sin()) * if (t % 13.0) < 2.0 { 1.6 } else { 0.9 };
    let base = Scenario { rate: uneven, noise: Some(bursts), gaps: true, ..STEADY };
    vec![
        Scenario { name: "X1 bursts, lost seconds", ..base },
        Scenario { name: "X2 as X1, 5 %", onset: Some(0), errors: |t, arm| since(t, 0.0, arm, 0.05, 0.001), ..base },
        Scenario { name: "X3 as X1, 3x as slow", onset: Some(0), slow: |t, arm| since(t, 0.0, arm, 3.0, 1.0), ..base },
    ]
}

/// All of them, healthy ones first.
pub(crate) fn all() -> Vec<Scenario> {
    let both = |scenarios: Vec<Scenario>| {
        scenarios.into_iter().flat_map(|s| [s, Scenario { mode: Mode::Canary, ..s }]).collect::<Vec<_>>()
    };
    let mut all = both(healthy());
    all.extend(healthy_of_one_mode());
    all.extend(both(bad()));
    all.extend(bad_of_one_mode());
    all.extend(both(held_out()));
    all.sort_by_key(|scenario| scenario.onset.is_some());
    all
}
