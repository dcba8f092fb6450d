//! Where the versions of a host service come from: release folders, a git work tree, or nowhere.

mod git;
mod pin;
mod release;
mod revert;
mod standing;

pub(crate) use standing::{Loaded, Source, Standing};

use git::WorkTree;
use release::Releases;
