//! What a person did to a database outside of any run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{DatabaseName, RunId};

/// One thing that a person did to a database outside of any run. It is recorded before it is done, and with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonAct {
    /// Who.
    pub by: String,
    /// The command: `backup reimport`.
    pub command: String,
    /// The database.
    pub database: DatabaseName,
    /// What it is about: the name of a database on the server, a file of rows, a schema that keeps something.
    pub subject: String,
    /// The run whose consequences it deals with, where there is one.
    pub about: Option<RunId>,
    /// How far it is.
    pub stage: ActStage,
}

/// How far an act of a person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ActStage {
    /// It is about to be done. With no other record after it, it was interrupted.
    Intended,
    /// It was done.
    Done {
        /// What was seen.
        seen: String,
    },
    /// It failed.
    Failed {
        /// Why.
        why: String,
    },
}
