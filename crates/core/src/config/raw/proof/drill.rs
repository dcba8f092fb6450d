//! How going back is rehearsed.

use crate::config::leaf::Period;
use crate::config::raw::Argv;
use crate::config::read::{Map, Scalar, raw};
use crate::id::ServiceName;
use crate::journal::Break;

raw! {
    /// How going back is rehearsed.
    RawDrill {
        /// Whether a drill may break a service here.
        allowed: required Scalar<bool>,
        /// The service that is broken; may be left out where there is one.
        service: optional Scalar<ServiceName>,
        /// How it is broken: `image`, `crash` (default), `config` or `errors`.
        r#break: optional Scalar<Break>,
        /// How long noticing may take. Default: as long as a guard watches.
        within: optional Scalar<Period>,
        /// How long it may take from broken to verified.
        objective: optional Scalar<Period>,
        /// How old the last good drill may be before `status` and `check` say so.
        every: optional Scalar<Period>,
        /// Environment variables on which the service cannot run, for `config`. Without any, its configuration files are replaced.
        environment: optional Map<Scalar<String>>,
        /// Commands that make the service answer with errors, and end that, for `errors`.
        command: optional RawBreaking,
    }
}

raw! {
    /// Commands that make a service answer with errors, and end that.
    RawBreaking {
        /// Makes it: a list is a program with its arguments, a text is run by `sh -c`.
        r#break: required Argv,
        /// Ends it. It may be run more than once.
        repair: required Argv,
    }
}
