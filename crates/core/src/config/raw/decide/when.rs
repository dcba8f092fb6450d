//! Conditions of rules.

use crate::config::Tier;
use crate::config::leaf::{Amount, Period, Word};
use crate::config::read::{Either, Map, OneOrMany, Scalar, raw};
use crate::id::ServiceName;
use crate::policy::{Impact, Severity};

/// What a tag must say: a text, one of several, or a number within a limit.
pub(in crate::config) type RawTagTest = Either<OneOrMany<Scalar<Word>>, RawLimit>;

raw! {
    /// Which cases a rule is about: everything that is written must hold, and what is not known does not.
    RawWhen {
        /// One of these severities.
        severity: optional OneOrMany<Scalar<Severity>>,
        /// One of these is the matter.
        impact: optional OneOrMany<Scalar<Impact>>,
        /// One of these services is affected.
        service: optional OneOrMany<Scalar<ServiceName>>,
        /// A service of this tier is affected.
        tier: optional Scalar<Tier>,
        /// The share of the services that is affected.
        share: optional RawLimit,
        /// The share of requests that fail.
        error_rate: optional RawLimit,
        /// How much longer answers take than before: 100% is twice as long.
        latency_rise: optional RawLimit,
        /// How many samples in a row were bad.
        failures: optional RawLimit,
        /// Somebody says, with the tag `fix_within`, that it can be fixed within this.
        fix_within: optional Scalar<Period>,
        /// What tags say. One that is not there says `false`.
        tags: optional Map<RawTagTest>,
    }
}

raw! {
    /// What a number must be.
    RawLimit {
        /// Greater than this.
        above: optional Scalar<Amount>,
        /// Less than this.
        below: optional Scalar<Amount>,
    }
}
