//! The rules: ours, and what others do, from their sources and documentation.

mod ours;
mod probes;
mod statistics;
mod window;
mod windows;

use backout_core::detect::{Bucket, Edges};

use crate::scenario::Mode;

pub(crate) use ours::Ours;
pub(crate) use window::{Window, Windows};

/// What a rule may know of how it was before.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    pub(crate) blocks: Vec<Bucket>,
    pub(crate) up: Vec<bool>,
    pub(crate) mode: Mode,
    pub(crate) edges: Edges,
}

/// What a rule sees in a second: what happened in it, and the windows that end with it.
pub(crate) struct Look<'a> {
    pub(crate) second: u32,
    pub(crate) bucket: &'a Bucket,
    pub(crate) half_minute: Option<&'a Window>,
    pub(crate) minute: Option<&'a Window>,
    /// Asks the dependency so many questions within two seconds: whether one failed.
    pub(crate) confirm: &'a mut dyn FnMut(u32) -> bool,
}

/// A rule that decides when to roll back.
pub(crate) trait Rule {
    fn name(&self) -> &'static str;
    /// Whether it rolls back now.
    fn second(&mut self, look: &mut Look<'_>) -> bool;
}

/// Ours and all the others, for one deploy.
pub(crate) fn all(before: &Before) -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(Ours::new(before)),
        Box::new(probes::Fails::new("3 fails @30 s", 30)),
        Box::new(probes::Fails::new("3 fails @10 s", 10)),
        Box::new(windows::Flagger::new("Flagger t=1 (code)", 1)),
        Box::new(windows::Flagger::new("Flagger t=5", 5)),
        Box::new(windows::Flagger::new("Flagger t=10 (doc)", 10)),
        Box::new(windows::Argo::default()),
        Box::new(statistics::MannWhitney::new("Mann-Whitney 5 min", 300, before)),
        Box::new(statistics::MannWhitney::new("Mann-Whitney once", 1800, before)),
        Box::new(windows::CloudWatch::default()),
        Box::new(windows::Burn::new(before)),
        Box::new(windows::Tuned::new("tuned 2x30 s", 2, before)),
        Box::new(windows::Tuned::new("tuned 3x30 s", 3, before)),
    ]
}
