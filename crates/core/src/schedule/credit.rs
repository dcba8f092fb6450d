//! What a reading is worth, given how much of its time the prober was not there itself.

use std::time::Duration;

use crate::config::{Probe, ProbeKind};
use crate::port::{ProbeOutcome, Reading};

/// The share of a time that may be the prober's own: one in so many.
const SHARE: u32 = 10;

/// The reading as it counts, where the prober lost so much time while it waited. Only what was measured in time is in
/// doubt: an answer with a wrong status is wrong however late it was read.
///
/// | came back                            | the prober lost                | counts                                  |
/// |--------------------------------------|--------------------------------|-----------------------------------------|
/// | no answer in time                    | a tenth of the time limit      | not performed: the prober is overloaded |
/// | no answer in time                    | less                           | as it is                                |
/// | wrong, and slower than is expected   | a tenth of what it took        | not performed: the prober is overloaded |
/// | anything else, with a latency        | a tenth of what it took        | as it is, without the latency           |
/// | anything else                        | any                            | as it is                                |
#[must_use]
pub fn credible(probe: &Probe, reading: Reading, lost: Duration) -> Reading {
    let is_in_doubt = |took: Duration| lost > Duration::ZERO && lost >= took / SHARE;
    match (&reading.outcome, reading.latency) {
        (ProbeOutcome::TimedOut { after }, _) if is_in_doubt(*after) => overloaded(lost),
        (ProbeOutcome::NotAsExpected { .. }, Some(took)) if is_too_slow(probe, took) && is_in_doubt(took) => {
            overloaded(lost)
        }
        (_, Some(took)) if is_in_doubt(took) => Reading { latency: None, ..reading },
        _ => reading,
    }
}

/// The reading of a target that was due, and for which there was no room beside so many that are under way.
#[must_use]
pub fn not_begun(under_way: usize) -> Reading {
    let why = format!("prober overloaded: {under_way} probes were under way already");
    Reading { outcome: ProbeOutcome::NotPerformed { why }, latency: None }
}

fn overloaded(lost: Duration) -> Reading {
    let why = format!(
        "prober overloaded: for {} ms of the wait nobody was there to read an answer; give `backout` more of a processor, or \
         probe less often",
        lost.as_millis()
    );
    Reading { outcome: ProbeOutcome::NotPerformed { why }, latency: None }
}

/// Whether the probe expects less.
fn is_too_slow(probe: &Probe, took: Duration) -> bool {
    match &probe.kind {
        ProbeKind::Http(http) => http.expect.latency_below.is_some_and(|limit| took >= limit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{HttpExpect, HttpMethod, HttpProbe};
    use crate::id::ProbeName;

    const SECOND: Duration = Duration::from_secs(1);

    fn probe(latency_below: Option<Duration>) -> Probe {
        let expect = HttpExpect { latency_below, ..HttpExpect::default() };
        let url = "http://127.0.0.1/".to_owned();
        let kind = HttpProbe { url, method: HttpMethod::Get, headers: BTreeMap::new(), expect, ..HttpProbe::default() };
        Probe {
            name: ProbeName::new("health").unwrap(),
            kind: ProbeKind::Http(Box::new(kind)),
            every: SECOND,
            timeout: SECOND * 2,
            start_period: None,
            is_dependency: false,
            implicit: false,
        }
    }

    fn counts(probe: &Probe, outcome: ProbeOutcome, latency: Option<Duration>, lost_ms: u64) -> (Option<bool>, bool) {
        let reading = credible(probe, Reading { outcome, latency }, Duration::from_millis(lost_ms));
        (reading.outcome.holds(), reading.latency.is_some())
    }

    #[test]
    fn a_time_limit_that_ran_out_while_the_prober_starved_blames_nobody() {
        let timed_out = || ProbeOutcome::TimedOut { after: SECOND * 2 };
        assert_eq!(counts(&probe(None), timed_out(), None, 199), (Some(false), false));
        assert_eq!(counts(&probe(None), timed_out(), None, 200), (None, false));
    }

    #[test]
    fn a_refusal_and_a_wrong_answer_count_however_busy_the_prober_is() {
        let refused = ProbeOutcome::Refused { what: "refused".to_owned() };
        assert_eq!(counts(&probe(None), refused, None, 60_000), (Some(false), false));
        let wrong = ProbeOutcome::NotAsExpected { what: "503".to_owned() };
        assert_eq!(counts(&probe(None), wrong, Some(SECOND), 60_000), (Some(false), false));
    }

    #[test]
    fn slowness_that_may_be_the_probers_own_is_not_held_against_anybody() {
        let slow = || ProbeOutcome::NotAsExpected { what: "took 1000 ms, expected less than 500 ms".to_owned() };
        let strict = probe(Some(SECOND / 2));
        assert_eq!(counts(&strict, slow(), Some(SECOND), 99), (Some(false), true));
        assert_eq!(counts(&strict, slow(), Some(SECOND), 100), (None, false));
        let well = ProbeOutcome::AsExpected { what: "200 OK".to_owned() };
        assert_eq!(counts(&probe(None), well, Some(SECOND), 100), (Some(true), false));
    }

    #[test]
    fn without_a_loss_everything_counts() {
        assert_eq!(
            counts(&probe(None), ProbeOutcome::TimedOut { after: Duration::ZERO }, None, 0),
            (Some(false), false)
        );
    }
}
