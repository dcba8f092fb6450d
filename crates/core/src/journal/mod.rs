//! The journal's record formats. History is appended, never edited.

mod body;
mod drill;
mod fallback;
mod noticed;
mod person;
mod proof;
mod record;
mod recourse;
mod restart;
mod run;
mod stray;
mod trouble;

pub use body::Body;
pub use drill::{Break, Drill};
pub use fallback::{FallbackSwitching, fallbacks_on};
pub use noticed::{Announcement, Noticed};
pub use person::{ActStage, PersonAct};
pub use proof::{Answer, Around, FileEnd, LogsSince, Observation, ObservationResult};
pub use record::{FORMAT, Record, chain};
pub use recourse::{Former, MaintenanceOutcome, MaintenanceSwitch, Means, Recourse};
pub use restart::{Restart, restarts};
pub use run::{DeployExit, RunKind, RunResult, RunStarted, StepOutcome};
pub use stray::StrayRemoval;
pub use trouble::{TROUBLE_KINDS, open_trouble};
