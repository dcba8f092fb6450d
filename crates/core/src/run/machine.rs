//! The machine: applies events, and says what follows.

use jiff::Timestamp;

use super::apply::Unexpected;
use super::effect::Effect;
use super::state::{Phase, State, StepStatus};
use crate::journal::{Body, Record, RunResult, RunStarted};

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    state: State,
}

impl Run {
    /// Begins a run. The effects are its first record and the first thing to do.
    ///
    /// # Errors
    /// None in practice: a run without records can begin.
    pub fn begin(started: RunStarted, now: Timestamp) -> Result<(Self, Vec<Effect>), Unexpected> {
        let mut run = Self { state: State::empty() };
        let effects = run.handle(Body::RunStarted(started), now)?;
        Ok((run, effects))
    }

    /// The run that these records tell of. What was intended and has no outcome is in doubt.
    ///
    /// # Errors
    /// [`Unexpected`] where a record cannot stand where it stands.
    pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Self, Unexpected> {
        let mut state = State::empty();
        for record in records {
            state.apply(&record.body, record.at)?;
        }
        state.is_resumed = state.phase != Phase::Empty;
        for status in state.steps.values_mut() {
            if let StepStatus::Intended { attempt } = status {
                *status = StepStatus::InDoubt { attempt: *attempt };
            }
        }
        Ok(Self { state })
    }

    /// Applies what happened at `now`, and answers with the records to append, starting with the event itself, and what to
    /// do then. What happens while something is being done ([`Body::is_aside`]) is answered
    /// with records alone: the act in flight goes on, unless [`Run::result`] says that the run has ended.
    ///
    /// # Errors
    /// [`Unexpected`] where that cannot have happened here; nothing has changed then.
    pub fn handle(&mut self, event: Body, now: Timestamp) -> Result<Vec<Effect>, Unexpected> {
        self.state.apply(&event, now)?;
        let is_aside = event.is_aside();
        let mut effects = vec![Effect::Record(event)];
        effects.extend(self.go_on(now)?);
        if is_aside {
            effects.retain(|effect| matches!(effect, Effect::Record(_)));
        }
        Ok(effects)
    }

    /// Applies a record that was appended while something was being done ([`Body::is_aside`]), so that this process knows of it
    /// what whoever replays the journal would.
    ///
    /// # Errors
    /// [`Unexpected`] where it cannot stand here; nothing has changed then.
    pub fn note(&mut self, record: &Record) -> Result<(), Unexpected> {
        self.state.apply(&record.body, record.at)
    }

    /// The records and the act that follow from where the run stands.
    ///
    /// # Errors
    /// [`Unexpected`] never follows from a run's own state; it would be a fault of this machine.
    pub fn go_on(&mut self, now: Timestamp) -> Result<Vec<Effect>, Unexpected> {
        let mut effects = Vec::new();
        while let Some(effect) = self.state.next() {
            if let Effect::Record(body) = &effect {
                self.state.apply(body, now)?;
                effects.push(effect);
            } else {
                effects.push(effect);
                break;
            }
        }
        Ok(effects)
    }

    /// How the run ended, once it has.
    #[must_use]
    pub fn result(&self) -> Option<RunResult> {
        match self.state.phase {
            Phase::Ended(result) => Some(result),
            _ => None,
        }
    }

    /// Everything that the records say.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }
}
