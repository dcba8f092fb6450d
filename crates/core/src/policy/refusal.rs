//! Refusals: the named reasons for which nothing is changed. `--force NAME` overrides one by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a refusal: what `--force` takes and `backout explain` explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalName {
    /// There is no good checkpoint to go back to.
    NoGoodCheckpoint,
    /// The target is a candidate or quarantined.
    TargetNotGood,
    /// What runs is the target already.
    TargetIsWhatRuns,
    /// The target's image, release or files are gone or cannot be verified.
    TargetGone,
    /// What runs is the result of a rollback; going back further needs a person.
    RollbackOfRollback,
    /// The version under suspicion is not what runs.
    SuspectNotRunning,
    /// The facts that the plan was made from have moved.
    StaleFacts,
    /// What runs could not be seen.
    UnknownFacts,
    /// The plan has an irreversible step and nobody has agreed to it.
    ApprovalMissing,
    /// Too many automatic rollbacks within the hour.
    TooManyAutomatic,
    /// The place to go back to is itself known to be unhealthy.
    DestinationUnhealthy,
    /// A service that runs now is not in the target checkpoint, or the target is of another environment.
    TargetDoesNotFit,
    /// What would run cannot run on the schema that there would be.
    SchemaIncompatible,
    /// Whether what would run can run on the schema that there would be is not known.
    SchemaUnknown,
    /// The data has to go back, and automatic runs may not take it there.
    DataNeedsPerson,
    /// Rows would be lost, and nobody has accepted that.
    LossNotAccepted,
    /// Logical slots are on the database, and nobody has given them up.
    SlotsInTheWay,
    /// Something about the server keeps the data from going back.
    DatabaseNotReady,
    /// A database could not be seen.
    DatabaseUnknown,
    /// The restore point is gone, or cannot be relied on.
    BackupGone,
    /// The database would be dropped, and nothing of it as it is would be kept.
    DamagedNotKept,
    /// No rung of the ladder leads the data back.
    NoWayBack,
    /// Somebody else's operation on a service is under way.
    OperationInProgress,
    /// The last rollback is not long enough ago.
    CoolingDown,
    /// Too many environments go back at the same time.
    TooManyAtOnce,
    /// The version went bad before.
    Quarantined,
    /// What is to be deployed was not kept elsewhere first.
    NotKeptFirst,
    /// Nobody has confirmed what must be so before a deploy.
    NotConfirmed,
    /// Nobody has marked the environment for drills, or a drill there would prove nothing.
    DrillNotAllowed,
}

impl RefusalName {
    /// All of them.
    pub const ALL: [RefusalName; 29] = [
        RefusalName::NoGoodCheckpoint,
        RefusalName::TargetNotGood,
        RefusalName::TargetIsWhatRuns,
        RefusalName::TargetGone,
        RefusalName::RollbackOfRollback,
        RefusalName::SuspectNotRunning,
        RefusalName::StaleFacts,
        RefusalName::UnknownFacts,
        RefusalName::ApprovalMissing,
        RefusalName::TooManyAutomatic,
        RefusalName::DestinationUnhealthy,
        RefusalName::TargetDoesNotFit,
        RefusalName::SchemaIncompatible,
        RefusalName::SchemaUnknown,
        RefusalName::DataNeedsPerson,
        RefusalName::LossNotAccepted,
        RefusalName::SlotsInTheWay,
        RefusalName::DatabaseNotReady,
        RefusalName::DatabaseUnknown,
        RefusalName::BackupGone,
        RefusalName::DamagedNotKept,
        RefusalName::NoWayBack,
        RefusalName::OperationInProgress,
        RefusalName::CoolingDown,
        RefusalName::TooManyAtOnce,
        RefusalName::Quarantined,
        RefusalName::NotKeptFirst,
        RefusalName::NotConfirmed,
        RefusalName::DrillNotAllowed,
    ];

    /// The name as it is typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalName::NoGoodCheckpoint => "no-good-checkpoint",
            RefusalName::TargetNotGood => "target-not-good",
            RefusalName::TargetIsWhatRuns => "target-is-what-runs",
            RefusalName::TargetGone => "target-gone",
            RefusalName::RollbackOfRollback => "rollback-of-rollback",
            RefusalName::SuspectNotRunning => "suspect-not-running",
            RefusalName::StaleFacts => "stale-facts",
            RefusalName::UnknownFacts => "unknown-facts",
            RefusalName::ApprovalMissing => "approval-missing",
            RefusalName::TooManyAutomatic => "too-many-automatic",
            RefusalName::DestinationUnhealthy => "destination-unhealthy",
            RefusalName::TargetDoesNotFit => "target-does-not-fit",
            RefusalName::SchemaIncompatible => "schema-incompatible",
            RefusalName::SchemaUnknown => "schema-unknown",
            RefusalName::DataNeedsPerson => "data-needs-person",
            RefusalName::LossNotAccepted => "loss-not-accepted",
            RefusalName::SlotsInTheWay => "slots-in-the-way",
            RefusalName::DatabaseNotReady => "database-not-ready",
            RefusalName::DatabaseUnknown => "database-unknown",
            RefusalName::BackupGone => "backup-gone",
            RefusalName::DamagedNotKept => "damaged-not-kept",
            RefusalName::NoWayBack => "no-way-back",
            RefusalName::OperationInProgress => "operation-in-progress",
            RefusalName::CoolingDown => "cooling-down",
            RefusalName::TooManyAtOnce => "too-many-at-once",
            RefusalName::Quarantined => "quarantined",
            RefusalName::NotKeptFirst => "not-kept-first",
            RefusalName::NotConfirmed => "not-confirmed",
            RefusalName::DrillNotAllowed => "drill-not-allowed",
        }
    }

    /// Whether a person may override it. What cannot be done cannot be forced.
    #[must_use]
    pub fn can_be_forced(self) -> bool {
        !matches!(
            self,
            RefusalName::TargetGone
                | RefusalName::StaleFacts
                | RefusalName::TargetIsWhatRuns
                | RefusalName::TargetDoesNotFit
                | RefusalName::DataNeedsPerson
                | RefusalName::SlotsInTheWay
                | RefusalName::DatabaseNotReady
                | RefusalName::BackupGone
                | RefusalName::NoWayBack
                | RefusalName::DrillNotAllowed
        )
    }
}

impl std::fmt::Display for RefusalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for RefusalName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|name| name.as_str()).collect();
            format!("`{text}` is not the name of a refusal; the names are {}", names.join(", "))
        })
    }
}

/// A reason for which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Its name.
    pub name: RefusalName,
    /// What is the matter, in a sentence.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}
