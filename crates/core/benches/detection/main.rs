//! The detector against what others do, on simulated deploys: `cargo xtask bench detection [--smoke] [--json]`.
//!
//! Seeded: the same runs each time. Ours is the production detector behind the same trait as the others.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a bench at the edge: it measures time and talks to the terminal"
)]

mod cost;
mod generator;
mod measure;
mod rules;
mod sampler;
mod scenario;
mod table;

use std::time::Instant;

use backout_core::detect::Edges;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::generator::Generator;
use crate::measure::Outcomes;
use crate::rules::{Before, Look, Windows};
use crate::sampler::Sampler;
use crate::scenario::Scenario;
use crate::table::Result;

/// How many deploys of each scenario.
#[derive(Debug, Clone, Copy)]
struct Size {
    healthy: u32,
    bad: u32,
}

const FULL: Size = Size { healthy: 10_000, bad: 1_000 };
const SMOKE: Size = Size { healthy: 500, bad: 100 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let number = |flag: &str| arguments.iter().find_map(|argument| argument.strip_prefix(flag)?.parse::<u64>().ok());
    let mut size = if has("--smoke") { SMOKE } else { FULL };
    size.healthy = number("--healthy=").and_then(|runs| u32::try_from(runs).ok()).unwrap_or(size.healthy);
    size.bad = number("--bad=").and_then(|runs| u32::try_from(runs).ok()).unwrap_or(size.bad);
    let only = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")).unwrap_or("");
    let seed = number("--seed=").unwrap_or(2026);
    let cores = number("--threads=").and_then(|cores| u32::try_from(cores).ok()).filter(|cores| *cores > 0);
    let cores =
        cores.or_else(|| std::thread::available_parallelism().ok().and_then(|all| u32::try_from(all.get()).ok()));
    let began = Instant::now();
    let scenarios = scenario::all().into_iter().filter(|scenario| scenario.name.contains(only));
    let sampler = Sampler::new(&Edges::fine());
    let results: Vec<Result> = scenarios
        .map(|scenario| {
            let result = measured(scenario, &sampler, size, (seed, cores.unwrap_or(1)));
            eprintln!("{:>6.1} s  {} {:?}", began.elapsed().as_secs_f64(), scenario.name, scenario.mode);
            result
        })
        .collect();
    if has("--json") {
        for row in table::rows(&results) {
            println!("{}", serde_json::to_string(&row).unwrap_or_default());
        }
    } else {
        println!("{}", table::markdown(&results));
        println!("{}", cost::markdown(&sampler));
    }
}

/// Runs one scenario, on so many cores.
fn measured(scenario: Scenario, sampler: &Sampler, size: Size, (seed, cores): (u64, u32)) -> Result {
    let runs = if scenario.onset.is_some() { size.bad } else { size.healthy };
    let parts: Vec<Vec<(&'static str, Outcomes)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|core| scope.spawn(move || part(scenario, sampler, seed, (core..runs).step_by(cores as usize))))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut parts = parts.into_iter();
    let mut rules = parts.next().unwrap_or_default();
    for part in parts {
        for ((_, sum), (_, outcomes)) in rules.iter_mut().zip(part) {
            sum.merge(outcomes);
        }
    }
    Result { scenario, rules }
}

fn part(
    scenario: Scenario,
    sampler: &Sampler,
    seed: u64,
    runs: impl Iterator<Item = u32>,
) -> Vec<(&'static str, Outcomes)> {
    let edges = Edges::fine();
    let mut sums: Vec<(&'static str, Outcomes)> = Vec::new();
    for run in runs {
        let alarms = deploy(&scenario, (&edges, sampler), seed, run);
        if sums.is_empty() {
            sums = alarms.iter().map(|(name, _)| (*name, Outcomes::default())).collect();
        }
        for ((_, sum), (_, alarm)) in sums.iter_mut().zip(alarms) {
            sum.run(run, scenario.onset, alarm);
        }
    }
    sums
}

/// One deploy: when each rule spoke, if it did.
fn deploy(
    scenario: &Scenario,
    (edges, sampler): (&Edges, &Sampler),
    seed: u64,
    run: u32,
) -> Vec<(&'static str, Option<u32>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ name_seed(scenario));
    rng.set_stream(u64::from(run));
    let mut generator = Generator::new(scenario, edges, sampler, rng);
    let (blocks, up) = generator.before();
    let before = Before { blocks, up, mode: scenario.mode, edges: edges.clone() };
    let mut rules = rules::all(&before);
    let mut alarms: Vec<(&'static str, Option<u32>)> = rules.iter().map(|rule| (rule.name(), None)).collect();
    let mut windows = Windows::new(edges);
    for second in 0..1800 {
        let bucket = generator.second(second);
        let (half_minute, minute) = windows.second(second, &bucket, edges);
        let mut confirm = |questions| (0..questions).any(|_| generator.dependency_fails(second));
        for (rule, (_, alarm)) in rules.iter_mut().zip(&mut alarms).filter(|(_, (_, alarm))| alarm.is_none()) {
            let mut look = Look {
                second,
                bucket: &bucket,
                half_minute: half_minute.as_ref(),
                minute: minute.as_ref(),
                confirm: &mut confirm,
            };
            if rule.second(&mut look) {
                *alarm = Some(second);
            }
        }
        if alarms.iter().all(|(_, alarm)| alarm.is_some()) {
            break;
        }
    }
    alarms
}

fn name_seed(scenario: &Scenario) -> u64 {
    let text = format!("{}{:?}", scenario.name, scenario.mode);
    // FNV-1a: scenarios must not share their chance.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
