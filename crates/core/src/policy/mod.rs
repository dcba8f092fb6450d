//! Verdicts, decisions and refusals: what to make of what was measured, and what must not be done.

mod approval;
mod case;
mod confirmed;
mod decision;
mod kept_first;
mod page;
mod quarantine;
mod refusal;
mod rehearsal;
mod rules;
mod severity;
pub mod storm;
mod trouble;
mod verdict;
mod weigh;

pub use approval::{
    Approval, ApprovalsOutcome, Asked, Needed, WAITED_FOR, agreed, approvals_outcome, ask_people, is_enough, people,
};
pub use case::{BadTag, Case, Circumstances, Impact, Tags, standing_case};
pub use confirmed::not_confirmed;
pub use decision::{Choice, Decision, Weighed};
pub use kept_first::not_kept_first;
pub use page::page;
pub use quarantine::{Identity, Quarantined, brought_back, named, quarantined};
pub use refusal::{Refusal, RefusalName};
pub use rehearsal::{NO_IMAGE, rehearsal};
pub use rules::{Branch, Freeze, FreezeSpan, Limit, Next, Objective, PRESETS, Row, Rules, TagTest, When, preset_text};
pub use severity::Severity;
pub use trouble::{Aftermath, Call};
pub use verdict::{Check, Finding, Fired, Judgement, OwnCheck, Verdict, Worse};
pub use weigh::weigh;
