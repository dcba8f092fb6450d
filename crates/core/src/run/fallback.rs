//! What the switching of a fallback leads to.

use std::collections::BTreeSet;

use super::state::{Phase, State};
use crate::id::ServiceName;
use crate::journal::{ActStage, FallbackSwitching};
use crate::policy::{Case, Choice, Impact};

impl State {
    /// The phase that follows; `None` where that switching cannot follow here.
    ///
    /// | it is             | another is left | one is on | next                                        |
    /// |-------------------|-----------------|-----------|---------------------------------------------|
    /// | intended          |                 |           | it is switched                              |
    /// | done or failed    | yes             |           | the other one                               |
    /// | done              | no              | yes       | the watch begins anew                       |
    /// | failed            | no              | yes       | the watch begins anew                       |
    /// | failed            | no              | no        | the policy is asked again, without it       |
    pub(super) fn after_switching(&self, switching: &FallbackSwitching) -> Option<Phase> {
        let is_awaited = self.falling_back.as_ref() == Some(&switching.name);
        let is_left = self.fallbacks_left().any(|name| *name != switching.name);
        match (self.phase, &switching.stage) {
            (Phase::Decided(Choice::FallBack), ActStage::Intended) if switching.on => Some(Phase::FallingBack),
            (Phase::FallingBack, ActStage::Done { .. } | ActStage::Failed { .. }) if is_awaited && is_left => {
                Some(Phase::Decided(Choice::FallBack))
            }
            (Phase::FallingBack, ActStage::Done { .. }) if is_awaited => Some(Phase::Changed),
            (Phase::FallingBack, ActStage::Failed { .. }) if is_awaited => {
                let is_judged = self.judgement.is_some() && !self.has_fallen_back();
                Some(if is_judged { Phase::Judged } else { Phase::Changed })
            }
            _ => None,
        }
    }

    /// The services that a fallback was switched on for because the deploy depends on them and did not change them. What
    /// is on does not make them well, and their being bad is still not the deploy's doing.
    #[must_use]
    pub fn fallen_back_for(&self) -> BTreeSet<ServiceName> {
        let decision = self.decision.as_ref().filter(|it| it.choice == Choice::FallBack && self.has_fallen_back());
        let case = decision.and_then(|decision| Some(&decision.weighed.as_ref()?.case));
        let is_dependency = |case: &&Case| case.impacts.contains(&Impact::Dependency);
        let services = case.filter(is_dependency).map(|case| case.services.clone()).unwrap_or_default();
        services.into_iter().filter(|service| !self.changed.contains(service)).collect()
    }

    /// Whether something was switched on because an instance's own health check did not hold: it takes a while until it can hold
    /// again.
    #[must_use]
    pub fn has_fallen_back_for_own_check(&self) -> bool {
        self.has_fallen_back() && self.judgement.as_ref().is_some_and(|judgement| judgement.own_check.is_some())
    }

    pub(super) fn keep_fallback(&mut self, switching: &FallbackSwitching) {
        match &switching.stage {
            ActStage::Intended => self.falling_back = Some(switching.name.clone()),
            ActStage::Done { .. } | ActStage::Failed { .. } => {
                let is_on = matches!(switching.stage, ActStage::Done { .. });
                self.fallbacks.insert(switching.name.clone(), is_on);
                self.falling_back = None;
            }
        }
    }
}
