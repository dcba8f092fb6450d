//! What every configured query says, kept with a way back: before its first step, and after its last.
//!
//! Contract: whoever goes back is not held up. A server has [`WITHIN`] to answer, all of them are asked at once, and what did
//! not answer is kept as not measured.

use std::time::Duration;

use backout_core::config::PromSignal;
use backout_core::detect::{Measured, Sample, SignalPath};
use futures_util::future::join_all;

use super::{measured, rounds};
use crate::world::World;

/// How long a server may take.
const WITHIN: Duration = Duration::from_secs(2);

/// One sample of each configured query; nothing where there is none.
pub(crate) async fn snapshot(world: &World) -> Vec<Sample> {
    let rounds = rounds(world);
    let asked = rounds.iter().map(async |round| {
        tokio::select! {
            samples = measured(world, round) => samples,
            () = world.clock.sleep(WITHIN) => round.iter().map(|signal| silent(world, signal)).collect(),
        }
    });
    let mut samples: Vec<Sample> = join_all(asked).await.into_iter().flatten().collect();
    samples.sort_by_key(|sample| sample.signal.to_string());
    samples
}

fn silent(world: &World, signal: &PromSignal) -> Sample {
    let why = format!("no answer within {} s", WITHIN.as_secs());
    let (signal, at) = (SignalPath::Named(signal.name.clone()), world.clock.now());
    Sample { signal, at, what: why.clone(), measured: Measured::Unmeasurable { why }, of: None }
}
