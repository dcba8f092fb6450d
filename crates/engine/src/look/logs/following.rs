//! Following logs: how many lines a second match, over a window that ends now and began no sooner than the watch.
//!
//! Contract: what was written before the watch counts nowhere. A log that cannot be read makes the signal unmeasurable: what
//! the others say is not all.
//!
//! Of the output of one instance no more than the last lines are asked for, so that a long log costs its platform no more than
//! a short one; a rate beyond them is told as that many.

use std::time::Duration;

use backout_core::config::LogSignal;
use backout_core::detect::{LineRate, LogFound, LogScan, Measured, Sample, SignalPath};
use backout_core::journal::FileEnd;
use backout_core::port::{LogSpan, PortError};
use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;

use super::reading::{scan_appended, scan_service};
use crate::world::World;

/// How many lines of one instance are looked at each time.
const LINES: u32 = 20_000;

/// Follows one signal.
pub(in crate::look) struct FollowedLog {
    signal: LogSignal,
    /// Since when the output of services counts, and for how long that was before the first look.
    since: Timestamp,
    ahead: Duration,
    files: Vec<FollowedFile>,
    /// The lines of files.
    rate: LineRate,
}

struct FollowedFile {
    path: String,
    scan: LogScan,
    /// How far it was read; none before the first look.
    mark: Option<FileEnd>,
}

/// All signals of lines that are logged, from now on.
pub(in crate::look) fn followed(world: &World) -> Vec<FollowedLog> {
    world.environment.logged.values().map(|signal| FollowedLog::new(world, signal, Duration::ZERO)).collect()
}

/// One sample of every signal: of the output within the window until now, and of what files get within a moment, because nobody
/// knows when what stands in them was written.
pub async fn look_at_logs(world: &World) -> Vec<Sample> {
    let glance = async |signal: &LogSignal| {
        let mut followed = FollowedLog::new(world, signal, signal.window);
        if !signal.files.is_empty() {
            followed.look(world).await;
            world.clock.sleep(LineRate::least(signal.window)).await;
        }
        followed.look(world).await
    };
    let samples = join_all(world.environment.logged.values().map(glance)).await;
    samples.iter().for_each(|sample| world.watcher.sampled(sample));
    samples
}

impl FollowedLog {
    /// Follows from now on, and the output of services from so long before.
    fn new(world: &World, signal: &LogSignal, ahead: Duration) -> Self {
        let file = |path: &String| {
            let (path, scan) = (path.clone(), LogScan::new(&signal.matching));
            FollowedFile { path, scan, mark: None }
        };
        let files = signal.files.iter().map(file).collect();
        let rate = LineRate::new(signal.window, world.clock.uptime());
        Self { signal: signal.clone(), since: world.clock.now() - ahead, ahead, files, rate }
    }

    /// Looks once.
    pub(in crate::look) async fn look(&mut self, world: &World) -> Sample {
        let (measured, what) = match self.count(world).await {
            Ok(Some(rate)) => (Measured::Value { value: rate }, format!("{rate:.2} lines a second match")),
            Ok(None) => {
                let why = "the window has just begun".to_owned();
                (Measured::Unmeasurable { why: why.clone() }, why)
            }
            Err(error) => {
                let why = error.hint.map_or(error.what.clone(), |hint| format!("{} ({hint})", error.what));
                (Measured::Unmeasurable { why: why.clone() }, format!("could not be measured: {why}"))
            }
        };
        let signal = SignalPath::Named(self.signal.name.clone());
        Sample { signal, at: world.clock.now(), measured, what, of: None }
    }

    /// The time until the next look: the interval, and up to a tenth of it more.
    pub(in crate::look) fn until_next(&self, world: &World) -> Duration {
        let every = self.signal.every;
        every + every.mul_f64(f64::from((world.salt)() % 100) / 1000.0)
    }

    /// How many lines a second match; none where it is too soon to say.
    #[expect(clippy::cast_precision_loss, reason = "lines of a moment")]
    async fn count(&mut self, world: &World) -> Result<Option<f64>, PortError> {
        let window = self.signal.window;
        let since = (world.clock.now() - window).max(self.since);
        let span = LogSpan { since, at_most: Some(LINES) };
        let services = self.signal.services.iter();
        let of_services = services.map(|service| scan_service(world, service, &self.signal.matching, span));
        let of_services: u64 = try_join_all(of_services).await?.iter().map(LogFound::total).sum();
        let mut new = 0;
        for file in &mut self.files {
            new += file.look(world).await?;
        }
        let now = world.clock.uptime();
        self.rate.add(now, new);
        let rate = |lines: u64, over: Duration| lines as f64 / over.as_secs_f64();
        let files = match (self.files.is_empty(), self.rate.over(now)) {
            (true, _) => 0.0,
            (false, Some(over)) => rate(self.rate.lines(), over),
            (false, None) => return Ok(None),
        };
        Ok(self.rate.over(now + self.ahead).map(|over| rate(of_services, over) + files))
    }
}

impl FollowedFile {
    /// How many lines match that were appended since the last look; none at the first.
    async fn look(&mut self, world: &World) -> Result<u64, PortError> {
        let Some(mark) = self.mark else {
            let end = world.files.end(&self.path).await?;
            self.mark = Some(end.unwrap_or(FileEnd { inode: 0, bytes: 0 }));
            return Ok(0);
        };
        self.mark = Some(scan_appended(world, &self.path, mark, &mut self.scan).await?);
        Ok(self.scan.take().total())
    }
}
