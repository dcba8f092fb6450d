//! Why there is no answer, although there was a connection.

use std::io::Error;

use backout_core::port::ProbeOutcome;

use crate::probe::connect::Endpoint;
use crate::probe::outcome::{not_as_expected, of_io};

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::probe) enum Broken {
    /// Nothing more can be read from the connection, or written to it.
    Connection(Error),
    /// The server closed it before its answer was complete.
    Closed,
    /// What came is no head of an answer.
    Head(String),
    /// The head was one, and what followed is no body.
    Body(&'static str),
}

impl Broken {
    /// What that says of the server at `endpoint`.
    pub(in crate::probe) fn outcome(&self, endpoint: &Endpoint) -> ProbeOutcome {
        match self {
            Broken::Connection(error) => of_io(error, endpoint),
            Broken::Closed => {
                not_as_expected(format!("{endpoint} closed the connection before its answer was complete"))
            }
            Broken::Head(why) => not_as_expected(format!("{endpoint} does not speak HTTP: {why}")),
            Broken::Body(why) => not_as_expected(format!("{endpoint} sends a body that is no HTTP: {why}")),
        }
    }
}
