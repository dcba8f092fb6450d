//! News: everything that a judge hears. Whoever keeps it can have the judge say the same again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Sample, SignalPath, Tally};
use crate::id::SignalName;
use crate::inventory::Fact;

/// One thing that a judge hears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum News {
    /// A measurement.
    Sample(Sample),
    /// What a platform sees of a service.
    Fact(Fact),
    /// How a signal of counters was before the deploy, the oldest first; empty where the server knows nothing of it.
    Before {
        /// The signal.
        signal: SignalName,
        /// What was counted.
        looks: Vec<Tally>,
    },
    /// What a signal of counters counted since the last look.
    Counted {
        /// The signal.
        signal: SignalName,
        /// When it was heard.
        at: Timestamp,
        /// What was counted.
        tally: Tally,
    },
    /// A signal of counters could not be asked for.
    Uncounted {
        /// The signal.
        signal: SignalName,
        /// Why.
        why: String,
    },
    /// What the service depends on was asked once more, because there was an alarm, or a limit was passed.
    Asked {
        /// When.
        at: Timestamp,
        /// What failed, in words.
        failures: Vec<String>,
        /// The same as signals.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        down: Vec<SignalPath>,
    },
}
