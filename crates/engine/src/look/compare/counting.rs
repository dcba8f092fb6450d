//! Signals that count requests: how each was before the deploy, and what it counts since.
//!
//! Contract: one question at a time is under way, and each comes back within the signal's time limit. The time before is asked
//! for until it is known: a server that is back later than the deploy still has it.

use std::time::Duration;

use backout_core::config::CountedSignal;
use backout_core::detect::{News, Rises, Tally};
use backout_core::incident::{BadTimes, INCIDENT_KINDS};
use backout_core::port::Over;
use jiff::Timestamp;

use crate::world::World;

/// The time between two points of how it was before is at least this, and at most what makes so many points of all of it.
const STEP: Duration = Duration::from_secs(5);
const POINTS: u32 = 180;

/// Follows one signal through a watch.
#[derive(Debug)]
pub(crate) struct Followed {
    signal: CountedSignal,
    /// When the deploy began: what is older is how it was before.
    deployed_at: Timestamp,
    is_known: bool,
    rises: Rises,
}

impl Followed {
    pub(crate) fn new(signal: CountedSignal, deployed_at: Timestamp) -> Self {
        Self { signal, deployed_at, is_known: false, rises: Rises::default() }
    }

    /// Looks once: at how it was before, as long as that is not known, and at what was counted since the last look.
    pub(crate) async fn look(&mut self, world: &World) -> Vec<News> {
        let name = &self.signal.name;
        let uncounted = |why| News::Uncounted { signal: name.clone(), why };
        let mut news = Vec::new();
        if !self.is_known {
            news.push(match before(world, &self.signal, self.deployed_at).await {
                Ok(looks) => {
                    self.is_known = true;
                    News::Before { signal: name.clone(), looks }
                }
                Err(why) => uncounted(why),
            });
        }
        let answer = world.querier.count(&self.signal, None).await;
        let now = answer.and_then(|found| self.rises.since(&found.into_iter().next().unwrap_or_default()));
        match now {
            Ok(Some(tally)) => news.push(News::Counted { signal: name.clone(), at: world.clock.now(), tally }),
            // The first look is one to count from.
            Ok(None) => {}
            Err(why) => news.push(uncounted(why)),
        }
        news
    }

    /// The time until the next look: the interval, and up to a tenth of it more.
    pub(crate) fn until_next(&self, world: &World) -> Duration {
        let every = self.signal.every;
        every + every.mul_f64(f64::from((world.salt)() % 100) / 1000.0)
    }
}

/// What a signal counted before a moment, the oldest first; none where the server knows nothing of it. Times of incidents are
/// left out, and as much is looked at of what came before them: what a bad deploy did is not how it usually is.
///
/// # Errors
/// Why it could not be asked for, in words.
pub async fn before(world: &World, signal: &CountedSignal, until: Timestamp) -> Result<Vec<Tally>, String> {
    let step = STEP.max(signal.every).max(signal.history / POINTS);
    let records = world.store.records(&world.environment.name, &INCIDENT_KINDS).await;
    let bad = BadTimes::of(&records.map_err(|error| error.to_string())?);
    let over = Over { from: bad.reach_back(until, signal.history), to: until, step };
    let (mut rises, mut looks) = (Rises::default(), Vec::new());
    for snapshot in world.querier.count(signal, Some(over)).await? {
        // A moment without the service is a gap.
        looks.extend(rises.since(&snapshot).ok().flatten());
    }
    looks.retain(|look: &Tally| !bad.touch(moment(look.at - look.span), moment(look.at)));
    Ok(looks)
}

/// Seconds of the epoch as a moment.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this century")]
fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_millisecond((seconds * 1000.0) as i64).unwrap_or_default()
}
