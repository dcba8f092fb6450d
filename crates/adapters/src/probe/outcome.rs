//! How failures become outcomes, and what limits the time of a probe.

use std::fmt::Display;
use std::io::{Error, ErrorKind};
use std::time::Duration;

use backout_core::detect::Comparison;
use backout_core::port::{ProbeOutcome, Reading};
use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

/// A reading, or the outcome that ended the probe before there was an answer.
pub(crate) type Performed<T = Reading> = Result<T, ProbeOutcome>;

pub(super) fn not_performed(why: impl Display) -> ProbeOutcome {
    ProbeOutcome::NotPerformed { why: why.to_string() }
}

pub(super) fn not_as_expected(what: impl Display) -> ProbeOutcome {
    ProbeOutcome::NotAsExpected { what: what.to_string() }
}

/// The outcome of a connection to `place` that failed.
pub(super) fn of_io(error: &Error, place: &impl Display) -> ProbeOutcome {
    let what = || format!("{place}: {}", words(error));
    match error.kind() {
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotFound => ProbeOutcome::Refused { what: what() },
        // `TimedOut`: the kernel gave up before the probe's own limit did.
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::TimedOut => not_as_expected(what()),
        _ => not_performed(what()),
    }
}

fn words(error: &Error) -> String {
    let kind = error.kind().to_string();
    if kind == "uncategorized error" || kind == "other error" { error.to_string() } else { kind }
}

/// A reading of an answer that was compared.
pub(super) fn compared(comparison: Comparison, latency: Option<Duration>) -> Reading {
    let outcome = match comparison {
        Comparison::Met(what) => ProbeOutcome::AsExpected { what },
        Comparison::Unmet(what) => ProbeOutcome::NotAsExpected { what },
        Comparison::Unclear(why) => ProbeOutcome::NotPerformed { why },
    };
    Reading { outcome, latency }
}

/// Prepares a probe. Not having prepared it in time is not the application's fault.
pub(super) fn prepared<T>(
    limit: Duration,
    work: impl Future<Output = Performed<T>>,
) -> impl Future<Output = Performed<T>> {
    let late =
        move || not_performed(format!("its secrets or its name were not resolved within {} ms", limit.as_millis()));
    timeout(limit, work).map(move |done| done.unwrap_or_else(|_| Err(late())))
}

/// Waits for an answer as long as the application may take, from now on, and measures how long it took.
///
/// No `async fn`, whose future would have room for `work` twice: as it was given, and as it is waited for.
pub(super) fn answered<T>(
    limit: Duration,
    work: impl Future<Output = Performed<T>>,
) -> impl Future<Output = Performed<(T, Duration)>> {
    let started = Instant::now();
    timeout(limit, work).map(move |answer| match answer {
        Ok(answer) => answer.map(|answer| (answer, started.elapsed())),
        Err(_) => Err(ProbeOutcome::TimedOut { after: limit }),
    })
}
