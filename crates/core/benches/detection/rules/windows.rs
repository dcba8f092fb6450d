//! Rules over windows with fixed limits.
//!
//! | rule       | limit                                                                       | source                              |
//! |------------|-----------------------------------------------------------------------------|-------------------------------------|
//! | Flagger    | each minute 99 % succeed and p99 <= 500 ms; `threshold` failed checks       | its documentation; default 1 in code |
//! | Argo       | each 5 min 95 % succeed; the fourth bad measurement                         | analysis.md, failureLimit 3         |
//! | CloudWatch | 3 of 3 minutes with more than 1 % errors or p99 > 500 ms                    | a usual alarm                       |
//! | burn 14.4  | 14.4 times the budget of 99.9 % over an hour and over five minutes          | SRE workbook                        |
//! | tuned      | errors > max(0.5 %, 3x before), > 25 % over 1.25 p90, > 5 % over 1.25 p99   | what a careful team would write     |

use backout_core::detect::Counts;

use super::window::{Sum, Window};
use super::{Before, Look, Rule};

/// Fewer requests than these in a window are no measurement to the tuned rule.
const FEWEST: f64 = 20.0;

pub(super) struct Flagger {
    name: &'static str,
    threshold: u32,
    failed: u32,
}

impl Flagger {
    pub(super) fn new(name: &'static str, threshold: u32) -> Self {
        Self { name, threshold, failed: 0 }
    }
}

/// More than 1 % failed, or p99 is over half a second.
fn is_bad(window: &Window) -> bool {
    window.new.error_rate() > 0.01 || window.new.p99() > 0.5
}

impl Rule for Flagger {
    fn name(&self) -> &'static str {
        self.name
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.minute else { return false };
        self.failed += u32::from(is_bad(window));
        self.failed >= self.threshold
    }
}

#[derive(Default)]
pub(super) struct Argo {
    requests: f64,
    errors: f64,
    minutes: u32,
    failed: u32,
}

impl Rule for Argo {
    fn name(&self) -> &'static str {
        "Argo Rollouts doc"
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.minute else { return false };
        self.requests += window.new.requests;
        self.errors += window.new.errors;
        self.minutes += 1;
        if self.minutes == 5 {
            self.failed += u32::from(self.requests > 0.0 && self.errors / self.requests > 0.05);
            (self.requests, self.errors, self.minutes) = (0.0, 0.0, 0);
        }
        self.failed > 3
    }
}

#[derive(Default)]
pub(super) struct CloudWatch {
    in_a_row: u32,
}

impl Rule for CloudWatch {
    fn name(&self) -> &'static str {
        "CloudWatch 3 of 3"
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.minute else { return false };
        self.in_a_row = if is_bad(window) { self.in_a_row + 1 } else { 0 };
        self.in_a_row >= 3
    }
}

pub(super) struct Burn {
    /// Requests and errors, a minute each, of an hour.
    minutes: Vec<(f64, f64)>,
}

impl Burn {
    pub(super) fn new(before: &Before) -> Self {
        let of = |counts: &Option<Counts>| counts.as_ref().map_or((0.0, 0.0), |c| (c.requests, c.errors));
        let pairs = before.blocks.chunks(2).map(|pair| {
            pair.iter().map(|block| of(&block.new)).fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
        });
        Self { minutes: pairs.collect() }
    }

    fn rate(&self, minutes: usize) -> f64 {
        let last = &self.minutes[self.minutes.len().saturating_sub(minutes)..];
        let (requests, errors) = last.iter().fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        if requests > 0.0 { errors / requests } else { 0.0 }
    }
}

impl Rule for Burn {
    fn name(&self) -> &'static str {
        "burn 14.4"
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.minute else { return false };
        self.minutes.push((window.new.requests, window.new.errors));
        self.rate(60) > 0.0144 && self.rate(5) > 0.0144
    }
}

pub(super) struct Tuned {
    name: &'static str,
    wanted: u32,
    in_a_row: u32,
    errors: f64,
    p90: usize,
    p99: usize,
}

impl Tuned {
    pub(super) fn new(name: &'static str, wanted: u32, before: &Before) -> Self {
        let mut sum = Sum::none(&before.edges);
        before.blocks.iter().filter_map(|block| block.new.as_ref()).for_each(|counts| sum.add(counts));
        let slower = |share| {
            let edge = sum.quantile(share) * 1.25;
            before.edges.cell(edge)
        };
        let errors = (3.0 * sum.error_rate()).max(0.005);
        Self { name, wanted, in_a_row: 0, errors, p90: slower(0.9), p99: slower(0.99) }
    }
}

impl Rule for Tuned {
    fn name(&self) -> &'static str {
        self.name
    }

    fn second(&mut self, look: &mut Look<'_>) -> bool {
        let Some(window) = look.half_minute else { return false };
        let new = &window.new;
        let bad = new.requests >= FEWEST
            && (new.error_rate() > self.errors || new.slower(self.p90) > 0.25 || new.slower(self.p99) > 0.05);
        self.in_a_row = if bad { self.in_a_row + 1 } else { 0 };
        self.in_a_row >= self.wanted
    }
}
