//! Where a service says itself which version it is.

use std::time::Duration;

use serde::Serialize;

use crate::config::HttpProbe;

/// What a service is asked, and where its version stands in the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionQuestion {
    /// What is sent. An answer with any status of 2xx is one.
    pub http: HttpProbe,
    /// The members of a JSON answer that lead to the version, the outermost first; with none the whole text is it.
    pub field: Vec<String>,
    /// How long the answer may take; 2 seconds unless configured.
    pub timeout: Duration,
}
