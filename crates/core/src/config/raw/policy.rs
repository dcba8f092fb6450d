//! Guarding, and the limits of automatic runs.

use std::time::Duration;

use super::{RawBranch, RawException, RawFreeze, RawMatrix, RawObjective, RawWhen};
use crate::config::leaf::{Percent, Period, Positive, TagPattern, Word};
use crate::config::read::{List, Map, Scalar, raw};
use crate::id::EnvironmentName;

raw! {
    /// How a deploy is guarded.
    RawGuard {
        /// How long to watch after the deploy command has ended. Default 5m.
        soak: optional Scalar<Duration>,
        /// How long the guarding process may be silent before the dead-man's switch takes over. Default 30s.
        dead_man: optional Scalar<Period>,
        /// How long the deploy command may take. Default 30m.
        deploy_limit: optional Scalar<Period>,
        /// Longest time between two measurements of a probe while watching. Default 250ms.
        every: optional Scalar<Period>,
        /// The chance that a healthy deploy is ever called bad by triggers that say `than: baseline`, all together. Default 0.1%.
        false_alarms: optional Scalar<Percent>,
        /// Whether the smoke checks of `verify` are made before a deploy and once more at the end of its soak, before it is kept: one that held before and fails then has the deploy go back. Default false.
        smoke: optional Scalar<bool>,
        /// Where what is deployed must have been kept first, by the same commit. Default: nowhere.
        kept_first: optional RawKeptFirst,
        /// A tag that git is asked for on what is checked out in the folder of the configuration, before each deploy: `pre-deploy-{time}`. `{time}` is that of the checkpoint in UTC, `{checkpoint}` its id. The tag then names that checkpoint. Default: none.
        tag: optional Scalar<TagPattern>,
        /// What must be so before a deploy and no machine can know, by name: what is asked. A person answers at the terminal, a pipeline says `--confirm NAME`; a deploy for which one is open is refused. Default: nothing.
        asks: optional Map<Scalar<String>>,
    }
}

raw! {
    /// Where what is deployed must have been kept first.
    RawKeptFirst {
        /// Another environment of this file, in whose good checkpoints the commit must be that is checked out in the folder of the configuration.
        r#in: required Scalar<EnvironmentName>,
        /// For how long it must have been kept there.
        r#for: required Scalar<Period>,
    }
}

raw! {
    /// What is done about a deploy that goes bad, and what automatic runs may do.
    RawPolicy {
        /// The decision matrix: a preset (`default`, `heliosdb`, `piper-morgan`, `himalytix`, `predator`, `helm-and-compose`), with all that its runbook says, or rows. Default `default`.
        matrix: optional RawMatrix,
        /// The decision tree, asked where no row of the matrix holds. With a tree and no matrix, there are no rows.
        tree: optional RawBranch,
        /// How bad what is: for each of P0 to P4 the cases; the worst that holds counts. Default: those of the preset.
        severities: optional Map<List<RawWhen>>,
        /// When not to roll back, whatever the matrix says. Default: what the preset says.
        do_not_roll_back_when: optional List<RawException>,
        /// What somebody can fix within this, by the tag `fix_within`, is fixed forward, unless data is lost or security at stake.
        fix_forward_within: optional Scalar<Period>,
        /// When going back is left to a person.
        freeze: optional List<RawFreeze>,
        /// What is always said: tags, as with `--tag`.
        tags: optional Map<Scalar<Word>>,
        /// How long it must be healthy again to count as fixed. Default: the soak.
        fixed_after: optional Scalar<Period>,
        /// How often a failed step, and an automatic rollback that is not verified, is tried in all. Default 2.
        attempts: optional Scalar<Positive>,
        /// Whether an automatic run may go to the next older good checkpoint when the last one is not verified. Default false.
        plan_b: optional Scalar<bool>,
        /// How many automatic rollbacks an hour may have; one more is held for a person. Default: no limit.
        max_automatic_per_hour: optional Scalar<u32>,
        /// How many environments of one state directory may go back by themselves at once. Default: no limit.
        max_at_once: optional Scalar<u32>,
        /// How long after a rollback the next one is held for a person. Default 0s.
        cool_down: optional Scalar<Duration>,
        /// How many good checkpoints keep their images and releases. Default 5.
        keep_checkpoints: optional Scalar<Positive>,
        /// How many people must agree before something goes back.
        approvals: optional RawApprovals,
    }
}

raw! {
    /// How many people must agree before something goes back. Default 0 each.
    RawApprovals {
        /// A single service.
        service: optional Scalar<u32>,
        /// The whole environment.
        stack: optional Scalar<u32>,
        /// Configuration files only.
        config: optional Scalar<u32>,
        /// A database.
        database: optional Scalar<u32>,
        /// Whatever has a step that cannot be undone.
        irreversible: optional Scalar<u32>,
        /// How long people are waited for. 0s refuses what too few agreed to when it was asked for. Default 30m.
        within: optional Scalar<Duration>,
    }
}

raw! {
    /// How long going back may take, from the decision to verified.
    RawObjectives {
        /// A single service.
        service: optional Scalar<Period>,
        /// The whole environment.
        stack: optional Scalar<Period>,
        /// A database.
        database: optional Scalar<Period>,
        /// A database that is restored as a whole: `side-by-side`, `point-in-time`, `in-place`. Default: what `database` says.
        restore: optional Scalar<Period>,
        /// An emergency, however much goes back. Default: as for what goes back.
        emergency: optional Scalar<Period>,
        /// From the decision until something is switched on in place of going back.
        fallback: optional Scalar<Period>,
        /// In a report: the share of rollbacks that must be verified.
        verified: optional Scalar<Percent>,
        /// In a report: how long going back may take on average.
        average: optional Scalar<Period>,
        /// In a report: how long it may take on average from the first bad sample to verified.
        recovered: optional Scalar<Period>,
        /// How long it may take, for each of P0 to P4. Default: what the preset of the policy says.
        severities: optional Map<RawObjective>,
    }
}
