//! When an act may be left because a person wants this process to end.

use super::effect::Act;
use super::state::State;
use crate::data::DataAct;
use crate::plan::{Action, Step, explain};

/// When an act may be left. Whatever is left is in doubt: who goes on looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// As soon as a person asks.
    AtOnce,
    /// It is finished, unless the person insists.
    WhenInsisted,
    /// It is finished.
    Never,
}

impl State {
    /// When an act may be left.
    ///
    /// | act                                                   | left          | because                             |
    /// |-------------------------------------------------------|---------------|-------------------------------------|
    /// | looks, watches, plans, waits for the command or people | at once      | nothing is changed                  |
    /// | starts the switch or the deploy command               | never         | its process would be known to nobody |
    /// | records what runs, switches maintenance mode          | when insisted | what was kept may take long         |
    /// | repairs what a drill broke                            | when insisted | it can be done again                |
    /// | switches a fallback                                   | when insisted | whether it is on would not be known |
    /// | a step that only looks, or waits for health           | at once       | nothing is changed                  |
    /// | a step that builds a copy beside what is in use       | at once       | it may take hours, and harms nobody |
    /// | any other step on a database                          | never         | applications would be locked out    |
    /// | any other step, or its undoing                        | when insisted | it is half done until it is gone on with |
    #[must_use]
    pub fn leave(&self, act: &Act) -> Leave {
        match act {
            Act::Arm | Act::StartDeploy => Leave::Never,
            Act::Capture(_) | Act::Maintain | Act::FallBack { .. } | Act::Repair => Leave::WhenInsisted,
            Act::Execute { .. } | Act::Undo { .. } => {
                self.step_of(act).map_or(Leave::Never, |step| of_step(&step.action))
            }
            Act::LookBefore
            | Act::AwaitDeploy { .. }
            | Act::LookAfter
            | Act::Watch
            | Act::Decide
            | Act::AwaitFix { .. }
            | Act::Plan
            | Act::AwaitApprovals { .. }
            | Act::Reobserve { .. }
            | Act::Verify
            | Act::Observe => Leave::AtOnce,
        }
    }

    /// What is said to a person who wants this process to end while an act is finished.
    #[must_use]
    pub fn finishing(&self, act: &Act) -> String {
        let what = match (act, self.step_of(act)) {
            (Act::Undo { .. }, Some(step)) => format!("undoing step {} ({})", step.id, explain::action(&step.action)),
            (_, Some(step)) => format!("finishing step {} ({})", step.id, explain::action(&step.action)),
            (Act::Capture(_), None) => "finishing the record of what runs".to_owned(),
            (Act::Maintain, None) => "switching maintenance mode".to_owned(),
            (_, None) => "finishing what was begun".to_owned(),
        };
        match self.leave(act) {
            Leave::WhenInsisted => format!("{what}; Ctrl-C again interrupts it, and nothing is left locked"),
            Leave::AtOnce | Leave::Never => format!("{what}, which is not torn apart"),
        }
    }

    fn step_of(&self, act: &Act) -> Option<&Step> {
        let (Act::Execute { step, .. } | Act::Undo { step }) = act else { return None };
        self.plan.as_ref()?.step(*step)
    }
}

fn of_step(action: &Action) -> Leave {
    match action {
        _ if action.is_read_only() => Leave::AtOnce,
        Action::Data(data) if matches!(data.act, DataAct::RestoreBeside { .. }) => Leave::AtOnce,
        // What is dumped so far is given up, and those who were stopped for it stay so until it is gone on with.
        Action::Data(data) if data.act == DataAct::KeepDump => Leave::WhenInsisted,
        Action::Data(_) => Leave::Never,
        _ => Leave::WhenInsisted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataStep;
    use crate::id::{DatabaseName, ServiceName};

    #[test]
    fn a_step_is_left_by_what_it_would_leave_behind() {
        let service = ServiceName::new("web").unwrap();
        assert_eq!(of_step(&Action::AwaitHealthy { service: service.clone(), within_ms: 1 }), Leave::AtOnce);
        assert_eq!(of_step(&Action::Gate { batch: 1, of: 2 }), Leave::AtOnce);
        assert_eq!(of_step(&Action::Stop { service, grace_ms: 1 }), Leave::WhenInsisted);
        assert_eq!(of_step(&Action::Flush { cache: "c".to_owned() }), Leave::WhenInsisted);
        let database = DatabaseName::new("shop").unwrap();
        let act = DataAct::SoftRestore { objects: Vec::new() };
        let step = DataStep { database, act, fences: Vec::new() };
        assert_eq!(of_step(&Action::Data(Box::new(step))), Leave::Never);
    }
}
