//! What must not be logged.

use crate::config::leaf::Pattern;
use crate::config::read::{List, Scalar, raw};
use crate::id::ServiceName;

raw! {
    /// Lines that must not be logged after going back.
    RawLogs {
        /// The services whose instances' output is read.
        services: optional List<Scalar<ServiceName>>,
        /// Files of this host that are read, from where they ended when the last step was done.
        files: optional List<Scalar<String>>,
        /// Regular expressions. A line that one of them matches counts.
        not: required List<Scalar<Pattern>>,
        /// How many such lines are no matter. Default 0.
        at_most: optional Scalar<u32>,
        /// Whether it is told and stands in the way of nothing. Default false.
        advisory: optional Scalar<bool>,
    }
}
