//! What is switched on in place of going back.

use crate::config::SecretOrText;
use crate::config::leaf::Period;
use crate::config::raw::Argv;
use crate::config::read::{Scalar, raw};

raw! {
    /// What can be switched on in place of going back: a feature flag, a circuit breaker. Commands, or a webhook. Either may be asked for twice, and must come to the same.
    RawFallback {
        /// The command that switches it on.
        on: optional Argv,
        /// The command that switches it off again.
        off: optional Argv,
        /// A reference to an address that is told by POST: `{"fallback": NAME, "on": true}`.
        webhook: optional Scalar<SecretOrText>,
        /// How long switching may take. Default 30s.
        timeout: optional Scalar<Period>,
    }
}
