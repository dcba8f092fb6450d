//! What a line of evidence says, in a sentence.

use super::before::Edges;
use super::line::{Line, Test};
use super::statistic::Leak;

pub(crate) fn line(line: &Line, edges: &Edges, at: f64) -> String {
    let recent = line.recent;
    let of = || format!("{:.0} of the last {:.0} requests", recent.bad, recent.all);
    let share = || if recent.all > 0.0 { percent(recent.bad / recent.all) } else { percent(0.0) };
    let usual = line.tolerated(at).map(|share| format!("; {} is tolerated", percent(share)));
    let usual = usual.unwrap_or_else(|| "; compared with the old version beside".to_owned());
    match &line.test {
        Test::Failing(_) | Test::FailingBeside(_) => format!("{} ({}) failed{usual}", of(), share()),
        Test::Slow(edge, _) | Test::SlowBeside(edge, ..) => {
            let slow = edges.upper(*edge).unwrap_or(f64::INFINITY) * 1000.0;
            format!("{} ({}) took more than {slow:.0} ms{usual}", of(), share())
        }
        Test::Probe(_) => format!("the probe failed for {:.0} of the last {:.0} looks", recent.bad, recent.all),
        Test::Restarts(_) => format!("{:.0} restarts of late", recent.bad),
    }
}

pub(crate) fn leak(leak: Leak) -> String {
    match leak {
        Leak::Slow { a_minute, left } => {
            format!("memory rises by {:.1} MB a minute and reaches its limit in {left:.0} minutes", a_minute / 1e6)
        }
        Leak::Fast { share } => format!("{} of the memory's limit is in use, for three minutes", percent(share)),
    }
}

/// A share as people write it, with two digits that say something.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 10.0 || percent == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.2} %") }
}
