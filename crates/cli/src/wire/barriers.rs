//! What maintenance mode switches, made from the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_adapters::command::Command;
use backout_adapters::maintenance::{CommandBarrier, ComposeBarrier, FileBarrier};
use backout_clusters::RedirectBarrier;
use backout_core::config::{BarrierFile, BarrierKind};
use backout_core::port::Barrier;

use super::Setup;
use super::clusters::cluster;
use super::platforms::compose_options;

/// In the order in which they are switched on.
pub(super) fn barriers(setup: &Setup) -> Vec<Arc<dyn Barrier>> {
    setup.environment.maintenance.barriers.iter().map(|kind| barrier(setup, kind)).collect()
}

/// What switches one thing. Nothing is connected to yet.
pub(super) fn barrier(setup: &Setup, kind: &BarrierKind) -> Arc<dyn Barrier> {
    match kind {
        BarrierKind::Command { on, off } => Arc::new(CommandBarrier::new(command(setup, on), command(setup, off))),
        BarrierKind::File(file) => Arc::new(file_barrier(setup, file)),
        BarrierKind::Cluster { cluster: access, redirect } => {
            Arc::new(RedirectBarrier::new(cluster(setup, access), redirect.clone()))
        }
        BarrierKind::Compose { project, profile, services } => {
            let options = compose_options(setup, project, BTreeMap::new());
            Arc::new(ComposeBarrier::new(&options, profile, services.clone()))
        }
    }
}

fn file_barrier(setup: &Setup, file: &BarrierFile) -> FileBarrier {
    let run = |argv: &Option<Vec<String>>| argv.as_ref().map(|argv| command(setup, argv));
    FileBarrier::new(setup.absolute(&file.path), file.when_on.clone(), run(&file.check), run(&file.reload))
}

/// A command of the configuration, run in its folder.
fn command(setup: &Setup, argv: &[String]) -> Command {
    let (program, args) = argv.split_first().map_or(("", argv), |(program, args)| (program.as_str(), args));
    Command::new(program, &setup.process.variables).args(args).folder(setup.found.folder())
}
