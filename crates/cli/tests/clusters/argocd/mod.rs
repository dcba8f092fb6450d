//! Applications of Argo CD: by a sync of what was, and by a commit in their repository.

mod applications;
mod reverts;
pub(crate) mod stage;
