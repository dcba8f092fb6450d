//! What the detector costs: time for each bucket, and memory for each service.

use std::time::Instant;

use backout_core::detect::{Bucket, Edges};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::generator::Generator;
use crate::rules::{Before, Ours};
use crate::sampler::Sampler;
use crate::scenario::{self, Scenario};

/// How often a watch is weighed; the quickest counts, because others may use the machine.
const TIMES: u32 = 20;

/// Time and memory as Markdown, of a service as even as they come and of a noisy one.
pub(crate) fn markdown(sampler: &Sampler) -> String {
    let mut text = "| scenario | microseconds a bucket | bytes a service |\n|---|---|---|\n".to_owned();
    let measured = |scenario: &Scenario| ["H1 steady", "H3 noisy"].contains(&scenario.name);
    for scenario in scenario::all().into_iter().filter(measured) {
        let (time, bytes) = cost(&scenario, sampler);
        text += &format!("| {} {:?} | {time:.2} | {bytes} |\n", scenario.name, scenario.mode);
    }
    text
}

fn cost(scenario: &Scenario, sampler: &Sampler) -> (f64, usize) {
    let edges = Edges::fine();
    let mut generator = Generator::new(scenario, &edges, sampler, ChaCha8Rng::seed_from_u64(1));
    let (blocks, up) = generator.before();
    let fresh = Ours::new(&Before { blocks, up, mode: scenario.mode, edges: edges.clone() }).detector;
    let buckets: Vec<Bucket> = (0..1800).map(|second| generator.second(second)).collect();
    let once = |_| {
        let mut detector = fresh.clone();
        let began = Instant::now();
        let alarms = buckets.iter().filter(|bucket| detector.observe(bucket).is_some()).count();
        // The answer is used, so that the work is not left out.
        std::hint::black_box(alarms);
        began.elapsed().as_secs_f64() / buckets.len() as f64 * 1e6
    };
    ((0..TIMES).map(once).fold(f64::INFINITY, f64::min), fresh.bytes())
}
