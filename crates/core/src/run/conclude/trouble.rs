//! What is done about something that went bad while nothing was deployed.
//!
//! There is no deploy to take back, so nothing is taken back by itself: going back would change what was well for as long as it
//! ran. The policy says how severe it is and whether anybody is called; a person decides about the rest.

use crate::journal::{RunKind, RunResult};
use crate::policy::Choice;
use crate::run::effect::Effect;
use crate::run::next::end;
use crate::run::state::State;

const HELD: &str =
    "a person is needed: nothing was deployed, so nothing is taken back by itself (`backout plan` shows a way back)";
const COULD_FALL_BACK: &str = "a person is needed: nothing is switched by itself where nothing was deployed (`backout fallback on` switches what there is to fall back to)";

impl State {
    /// Whether the run is about something that went bad while nothing was deployed.
    #[must_use]
    pub fn is_about_trouble(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.run == RunKind::WentDown)
    }

    /// | decision                          | then                                              |
    /// |-----------------------------------|---------------------------------------------------|
    /// | keep: it holds again              | nothing changed                                   |
    /// | observe                           | nothing changed, and nobody is called             |
    /// | fix forward                       | to be fixed                                       |
    /// | fall back                         | held: a person switches it                        |
    /// | roll back, at once or unless fixed | held: a person decides                           |
    /// | hold                              | held                                              |
    pub(in crate::run) fn conclude_trouble(choice: Choice) -> Effect {
        match choice {
            Choice::Keep => end(RunResult::NothingChanged, "it held when it was looked at once more"),
            Choice::Observe => end(RunResult::NothingChanged, "the policy only observes it, and nobody is called"),
            Choice::FixForward => {
                end(RunResult::FixForward, "it went bad while nothing was deployed, and is to be fixed")
            }
            Choice::FallBack => end(RunResult::Held, COULD_FALL_BACK),
            Choice::RollBack | Choice::RollBackUnlessFixed | Choice::Hold => end(RunResult::Held, HELD),
        }
    }
}
