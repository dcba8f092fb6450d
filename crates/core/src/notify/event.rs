//! What can be told, how severe it is, and what it means for a pager.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened, for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run began.
    Started,
    /// A deploy went bad, and the environment is taken back.
    GoingBack,
    /// Another process or person goes on with a run.
    TakenOver,
    /// The environment was taken back, and verified.
    RolledBack,
    /// It held while it was observed after that.
    Observed,
    /// It went bad again after it had been taken back and verified: a person is needed.
    WentBadAgain,
    /// The deploy failed and had changed nothing, which was verified.
    NothingChanged,
    /// A rollback was tried and is not verified: a person is needed.
    NotVerified,
    /// A way back was tried and is not verified; something else is tried.
    TryingAgain,
    /// Maintenance mode was switched on by itself.
    MaintenanceOn,
    /// A person is needed to decide.
    Held,
    /// Something went bad while nothing was deployed: a person is needed.
    WentDown,
    /// What went bad while nothing was deployed holds again.
    WellAgain,
    /// The environment goes back unless it is healthy again in time.
    Countdown,
    /// The environment goes back once people have agreed to it.
    ApprovalWanted,
    /// Something was switched on in place of going back.
    FellBack,
    /// The deploy went bad and is kept: people fix it with the next one.
    FixForward,
    /// The deploy was kept.
    Kept,
    /// The deploy was kept, and what is required could not be measured.
    KeptUnproven,
    /// Nothing was done, for stated reasons.
    Refused,
    /// A person stopped the run.
    Aborted,
    /// A person has been needed for so long that more people are called.
    Escalated,
    /// The post-mortem of an incident that is over is due soon.
    PostMortemDue,
    /// Somebody tries whether telling works.
    Test,
}

/// How severe it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    #[default]
    Info,
    /// Worth a look in working hours.
    Warning,
    /// Something went bad; backout is at it.
    Error,
    /// A person is needed now.
    Critical,
}

/// What an event means for a pager or a status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// There is trouble.
    Trigger,
    /// Somebody is at it.
    Acknowledge,
    /// The trouble is over.
    Resolve,
}

impl Event {
    /// The words of the configuration. `test` is told to whoever is tested.
    pub const WORDS: [(&'static str, Self); 23] = [
        ("started", Self::Started),
        ("going_back", Self::GoingBack),
        ("taken_over", Self::TakenOver),
        ("rolled_back", Self::RolledBack),
        ("observed", Self::Observed),
        ("went_bad_again", Self::WentBadAgain),
        ("nothing_changed", Self::NothingChanged),
        ("not_verified", Self::NotVerified),
        ("trying_again", Self::TryingAgain),
        ("maintenance_on", Self::MaintenanceOn),
        ("held", Self::Held),
        ("went_down", Self::WentDown),
        ("well_again", Self::WellAgain),
        ("countdown", Self::Countdown),
        ("approval_wanted", Self::ApprovalWanted),
        ("fell_back", Self::FellBack),
        ("fix_forward", Self::FixForward),
        ("kept", Self::Kept),
        ("kept_unproven", Self::KeptUnproven),
        ("refused", Self::Refused),
        ("aborted", Self::Aborted),
        ("escalated", Self::Escalated),
        ("post_mortem_due", Self::PostMortemDue),
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, event)| *event == self).map_or("test", |(word, _)| word)
    }

    /// How severe it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::NotVerified | Self::WentBadAgain | Self::MaintenanceOn | Self::Held | Self::Escalated => {
                Severity::Critical
            }
            Self::GoingBack
            | Self::TryingAgain
            | Self::Countdown
            | Self::ApprovalWanted
            | Self::FellBack
            | Self::FixForward => Severity::Error,
            Self::RolledBack
            | Self::NothingChanged
            | Self::KeptUnproven
            | Self::Refused
            | Self::Aborted
            | Self::WentDown
            | Self::WellAgain
            | Self::PostMortemDue => Severity::Warning,
            Self::Started | Self::TakenOver | Self::Observed | Self::Kept | Self::Test => Severity::Info,
        }
    }

    /// What it means for a pager; nothing for most.
    #[must_use]
    pub fn alert(self) -> Option<Alert> {
        match self {
            Self::GoingBack
            | Self::NotVerified
            | Self::WentBadAgain
            | Self::MaintenanceOn
            | Self::Held
            | Self::WentDown
            | Self::Countdown
            | Self::ApprovalWanted
            | Self::FellBack
            | Self::FixForward
            | Self::Escalated => Some(Alert::Trigger),
            Self::TakenOver => Some(Alert::Acknowledge),
            Self::RolledBack | Self::NothingChanged | Self::WellAgain | Self::Kept => Some(Alert::Resolve),
            Self::Started | Self::TryingAgain | Self::Observed => None,
            Self::KeptUnproven | Self::Refused | Self::Aborted | Self::PostMortemDue | Self::Test => None,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        })
    }
}
