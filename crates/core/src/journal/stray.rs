//! Taking away what a deploy added and nobody names any more, once the environment has gone back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ActStage;
use crate::id::RunId;
use crate::inventory::BlobRef;

/// A container that belongs to no service of the checkpoint is removed, because a person wants that. Its definition is kept, and
/// it is recorded before it is done, and with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StrayRemoval {
    /// Its name.
    pub name: String,
    /// The service that it was of.
    pub service: String,
    /// What it ran, in words.
    pub image: String,
    /// How it was made, as the platform tells.
    pub definition: BlobRef,
    /// The run that the environment went back by.
    pub about: RunId,
    /// Who wants it.
    pub by: String,
    /// How far it is.
    pub stage: ActStage,
}
