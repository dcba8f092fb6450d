//! A session: the lease of an environment, held and renewed while a run lasts, and the signals that interrupt it.

use std::sync::Arc;
use std::time::Duration;

use backout_core::port::{Lease, Store, StoreError};
use backout_engine::lease::Heartbeat;
use backout_engine::{Interrupt, World};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Setup, Telling};
use crate::error::CliError;

/// How long a command that is done waits for those who are told. What they have not taken by then is in the outbox.
const PARTING: Duration = Duration::from_secs(3);

/// How long an environment is waited for: `backout watch` holds it for a moment when it writes something down.
const MOMENT: Duration = Duration::from_secs(1);

/// A lease that is kept until the session is finished.
pub(crate) struct Session {
    heartbeat: Heartbeat,
    telling: Option<Telling>,
}

impl Session {
    /// Takes the lease. A lease lasts as long as a guard may be silent.
    ///
    /// # Errors
    /// [`crate::error::Exit::Held`] while another run has it.
    pub(crate) async fn begin(setup: &Setup, world: &World, what: &str) -> Result<Self, CliError> {
        let holder = format!("`backout {what}` of {}, process {}", setup.process.actor(), setup.process.pid);
        let ttl = setup.environment.guard.dead_man;
        let deadline = world.clock.now() + MOMENT;
        let heartbeat = loop {
            let store: Arc<dyn Store> = Arc::clone(&world.store);
            let taken = Heartbeat::acquire(store, Arc::clone(&world.clock), &setup.environment.name, &holder, ttl);
            match taken.await {
                Err(StoreError::Held { .. }) if world.clock.now() < deadline => world.clock.sleep(MOMENT / 10).await,
                taken => break taken?,
            }
        };
        let telling = Telling::begin(setup).await;
        Ok(Self { heartbeat, telling })
    }

    /// The lease, to write with.
    pub(crate) fn lease(&self) -> &Lease {
        self.heartbeat.lease()
    }

    /// Does something for as long as the lease is held.
    ///
    /// # Errors
    /// What the work fails with, or that the lease was lost.
    pub(crate) async fn run<T, E: Into<CliError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CliError> {
        let mut watch = self.heartbeat.watch();
        tokio::select! {
            done = work => done.map_err(Into::into),
            lost = watch.lost() => Err(CliError::failed(lost.to_string()).hint("see who goes on: `backout status`")),
        }
    }

    /// Gives the lease back, and then waits a moment for what is still being told. Where giving back fails it ends by expiring.
    pub(crate) async fn finish(self) {
        let _ = self.heartbeat.finish().await;
        if let Some(telling) = self.telling {
            telling.finish(PARTING).await;
        }
    }
}

/// Says that a person asks this process to stop at the first SIGINT, SIGTERM or SIGHUP, and that the person insists at the
/// second.
///
/// # Errors
/// Where signals cannot be listened for.
pub(crate) fn interrupts() -> Result<watch::Receiver<Interrupt>, CliError> {
    let (sender, receiver) = watch::channel(Interrupt::None);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind).map_err(|error| CliError::failed(format!("no signals: {error}")))?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                sender.send_modify(|wish| {
                    *wish = if *wish == Interrupt::None { Interrupt::Asked } else { Interrupt::Insisted };
                });
            }
        });
    }
    Ok(receiver)
}
