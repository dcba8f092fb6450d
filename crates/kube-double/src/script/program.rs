//! A program of this machine that stands for what is in an image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What containers of an image run. Each pod has a process of its own, with the variables of its container and these:
///
/// | variable | is |
/// |---|---|
/// | `PORT` | the port of loopback that it is to listen on, of this pod alone |
/// | `IMAGE` | the image as the template names it |
/// | `ROOT` | a folder below which its ConfigMaps and Secrets are mounted, and kept as they are in the cluster |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// A part of the image's name.
    pub image: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// Variables that it has whatever its container says, as those that are set in an image.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}
