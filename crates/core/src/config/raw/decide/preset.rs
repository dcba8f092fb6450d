//! A preset as it is written.

use crate::config::raw::{RawObjectives, RawPolicy};
use crate::config::read::raw;

raw! {
    /// What a preset says, in the way of an environment.
    RawPreset {
        /// The rules.
        policy: required RawPolicy,
        /// How long it may take.
        objectives: optional RawObjectives,
    }
}
