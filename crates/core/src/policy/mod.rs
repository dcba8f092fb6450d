//! Verdicts, decisions and refusals: what to make of what was measured, and what must not be done.

mod decision;
mod page;
mod quarantine;
mod refusal;
pub mod storm;
mod verdict;

pub use decision::{Choice, Decision};
pub use page::page;
pub use quarantine::{Identity, Quarantined, brought_back, quarantined};
pub use refusal::{Refusal, RefusalName};
pub use verdict::{Check, Finding, Judgement, Verdict};
