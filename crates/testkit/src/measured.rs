//! How long runs took, by their own records, and which share of that is not Docker's or PostgreSQL's.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::guarded::{Journal, JournalRecord};

/// What the pages promise for going back.
const SERVICE: Duration = Duration::from_secs(5 * 60);
const STACK: Duration = Duration::from_secs(15 * 60);
const DATABASE: Duration = Duration::from_secs(30 * 60);
/// From the first bad sample until it is decided, where nobody is asked.
const TRIGGERED: Duration = Duration::from_secs(30);
/// From the command until the first step, in an emergency.
const EMERGENCY: Duration = Duration::from_secs(10);

/// Whose runs are recorded.
pub trait Recorded {
    /// The journal that they are recorded in.
    fn journal(&self) -> Journal;
}

/// What goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A service.
    Service,
    /// The whole environment.
    Stack,
    /// A database.
    Database,
    /// Whatever there is, in a hurry.
    Emergency,
}

/// The times of one run.
#[derive(Debug)]
struct Figures {
    name: &'static str,
    what: What,
    /// From the end of the deploy command to the decision.
    deployed: Option<Duration>,
    /// From the first bad sample to the decision; of a run by itself. What fails while it may still start is none.
    triggered: Option<Duration>,
    /// From the decision, or the command, to the first step.
    begun: Duration,
    /// From the decision, or the command, until it was verified.
    back: Duration,
    /// How much of that was spent in steps.
    steps: Duration,
}

/// The times of all runs of one team.
#[derive(Debug)]
pub struct Table {
    team: &'static str,
    rows: Vec<Figures>,
}

impl Table {
    /// No run yet.
    #[must_use]
    pub const fn of(team: &'static str) -> Self {
        Self { team, rows: Vec::new() }
    }

    /// Adds the run whose records come after that number, and prints it.
    ///
    /// # Panics
    /// Where there is no run that went back.
    #[expect(clippy::print_stdout, reason = "how long it took is printed with the test")]
    pub fn add(&mut self, team: &impl Recorded, since: i64, (name, what): (&'static str, What)) {
        let figures = figures(&team.journal().since(since), (name, what));
        println!("{}: {figures:?}", self.team);
        self.rows.push(figures);
    }

    /// Prints all of it, and holds it against what the pages promise.
    ///
    /// # Panics
    /// Where a run took longer.
    #[expect(clippy::print_stdout, reason = "how long it took is printed with the test")]
    pub fn print_and_hold(&self) {
        println!("{}\n{self}", self.team);
        for row in &self.rows {
            let within = match row.what {
                What::Service | What::Emergency => SERVICE,
                What::Stack => STACK,
                What::Database => DATABASE,
            };
            assert!(row.back < within, "{row:?}");
            assert!(row.triggered.is_none_or(|time| time < TRIGGERED), "{row:?}");
            assert!(row.what != What::Emergency || row.begun < EMERGENCY, "{row:?}");
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deciding = "deploy ended to decision | first bad sample to decision";
        writeln!(f, "| what | {deciding} | to the first step | back and verified | of it in steps | ours |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let ours = row.back.saturating_sub(row.steps);
            let share = 100.0 * ours.as_secs_f64() / row.back.as_secs_f64().max(0.001);
            let [deployed, triggered] = [row.deployed, row.triggered].map(|it| it.map_or_else(String::new, seconds));
            let (begun, back, steps) = (seconds(row.begun), seconds(row.back), seconds(row.steps));
            let name = row.name;
            let deciding = format!("{deployed} | {triggered}");
            writeln!(f, "| {name} | {deciding} | {begun} | {back} | {steps} | {} ({share:.0} %) |", seconds(ours))?;
        }
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// | from                                   | to                  | is                |
/// |----------------------------------------|---------------------|-------------------|
/// | the end of the deploy command          | the decision        | deployed          |
/// | the first bad sample of the verdict    | the decision        | triggered         |
/// | the decision; without one, the command | the first step      | begun             |
/// | the same                               | the last `verified` | back and verified |
#[expect(clippy::unwrap_used, clippy::panic, reason = "a run that did not go back cannot be measured")]
fn figures(records: &[JournalRecord], (name, what): (&'static str, What)) -> Figures {
    let started = records.iter().rposition(|record| record.kind == "run_started").unwrap();
    let records = &records[started..];
    let kinds = || records.iter().map(|record| record.kind.as_str()).collect::<Vec<_>>();
    let find = |kind: &str| records.iter().find(|record| record.kind == kind);
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let between = |from: Timestamp, to: Timestamp| Duration::try_from(to.duration_since(from)).unwrap_or_default();
    let at = |record: &JournalRecord| time(&record.at);
    let decided = find("decided").map(at);
    let first_bad = find("judged").and_then(|record| record.text("/judgement/first_bad_at")).map(time);
    let since = decided.unwrap_or_else(|| at(&records[0]));
    let first_step = find("step_intended").map(at).unwrap_or_else(|| panic!("{:?}", kinds()));
    let verified = records.iter().rev().find(|record| record.kind == "verified");
    let verified = verified.map(at).unwrap_or_else(|| panic!("{:?}", kinds()));
    let took = |record: &JournalRecord| record.body.pointer("/took_ms").and_then(serde_json::Value::as_u64);
    let steps = records.iter().filter(|record| record.kind == "step_ended").filter_map(took).sum();
    Figures {
        name,
        what,
        deployed: decided.zip(find("deploy_ended").map(at)).map(|(decided, ended)| between(ended, decided)),
        triggered: decided.zip(first_bad).map(|(decided, first_bad)| between(first_bad, decided)),
        begun: between(since, first_step),
        back: between(since, verified),
        steps: Duration::from_millis(steps),
    }
}
