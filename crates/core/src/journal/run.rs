//! How a run begins, how its parts end, and how it ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Drill, Noticed};
use crate::id::EnvironmentName;
use crate::plan::{Agreed, Request};
use crate::policy::Circumstances;

/// How a run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// What kind of run.
    pub run: RunKind,
    /// Where.
    pub environment: EnvironmentName,
    /// Who started it.
    pub actor: String,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// What is asked for; for a guard: what is asked for if the deploy goes bad.
    pub request: Request,
    /// The plan that was agreed to: no other one runs. `None` where nobody agreed to a certain one.
    #[serde(default)]
    pub agreed: Option<Box<Agreed>>,
    /// What the person says about it.
    #[serde(default)]
    pub circumstances: Box<Circumstances>,
    /// How long the environment is observed after it went back and was verified, in milliseconds; 0 for not at all.
    #[serde(default)]
    pub observe_ms: u64,
}

/// What kind of run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RunKind {
    /// A guarded deploy.
    Guard {
        /// The deploy command, secrets redacted.
        command: Vec<String>,
    },
    /// A rollback that a person started.
    Rollback,
    /// A deploy that was there before anybody told of it.
    Noticed(Box<Noticed>),
    /// A rehearsed rollback.
    Drill(Box<Drill>),
    /// Something went bad while nothing was deployed.
    WentDown,
}

/// How the deploy command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DeployExit {
    /// By itself, with an exit code.
    Code {
        /// The code.
        code: i32,
    },
    /// By a signal.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// It took too long and was ended.
    TimedOut,
    /// It was ended because the environment went bad while it still ran.
    Stopped {
        /// What was bad.
        why: String,
    },
    /// It was not started.
    NotStarted {
        /// Why.
        why: String,
    },
    /// It ended while nobody looked.
    Unseen,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepOutcome {
    /// It was done, and the target was observed to be there.
    Done {
        /// What was observed.
        seen: String,
    },
    /// It was there already: observed, and nothing was done.
    AlreadyThere {
        /// What was observed.
        seen: String,
    },
    /// It failed; the target was observed not to be there.
    Failed {
        /// What happened.
        why: String,
    },
    /// Looked at again after an interruption: the target is not there.
    NotThere {
        /// What was observed.
        seen: String,
    },
    /// It could not be found out whether the target is there.
    Unclear {
        /// Why.
        why: String,
    },
    /// A gate found health recovered: the rest need not be done.
    Recovered {
        /// What was measured.
        seen: String,
    },
    /// A gate found health worse than before: the rest must not be done.
    Worsened {
        /// What was measured.
        seen: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// The deploy was kept and its checkpoint graded good.
    Kept,
    /// The deploy was kept, and what is required could not be measured: its checkpoint stays a candidate.
    KeptUnproven,
    /// The environment was taken back and verified.
    RolledBack,
    /// The deploy command failed and had changed nothing; verified.
    NothingChanged,
    /// A rollback was tried and is not verified: a person is needed.
    NotVerified,
    /// Nothing was done, for the reasons recorded.
    Refused,
    /// A person is needed to decide; nothing more was changed.
    Held,
    /// The deploy went bad and was kept by decision: people fix it with the next one.
    FixForward,
    /// Stopped by a person.
    Aborted,
}

impl RunResult {
    /// The exit code of the command whose run ended so.
    #[must_use]
    pub fn exit_code(self, is_guard: bool) -> u8 {
        match self {
            RunResult::Kept | RunResult::KeptUnproven => 0,
            RunResult::RolledBack | RunResult::NothingChanged if is_guard => 3,
            RunResult::RolledBack | RunResult::NothingChanged => 0,
            RunResult::NotVerified | RunResult::Held | RunResult::FixForward => 4,
            RunResult::Refused => 5,
            RunResult::Aborted => 130,
        }
    }
}
