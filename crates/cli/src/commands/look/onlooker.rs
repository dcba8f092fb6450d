//! The world of a command that only looks.

use std::sync::Arc;

use backout_core::detect::Sample;
use backout_core::journal::Record;
use backout_core::port::{Progress, Watcher};
use backout_engine::{Interrupt, World};
use tokio::sync::watch;

use crate::error::CliError;
use crate::wire::Setup;

/// Looks on and says nothing.
struct Silent;

impl Watcher for Silent {
    fn recorded(&self, _record: &Record) {}

    fn sampled(&self, _sample: &Sample) {}
}

impl Progress for Silent {
    fn moved(&self, _what: &str, _done: u64, _of: Option<u64>) {}
}

/// The environment as it is, for looking at. Looking is ended by the signal itself: there is nothing to finish.
pub(crate) fn world(setup: &Setup) -> Result<World, CliError> {
    let (_never, interrupt) = watch::channel(Interrupt::None);
    setup.world(None, Arc::new(Silent), interrupt)
}
