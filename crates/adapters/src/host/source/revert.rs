//! Undoing commits by new ones that can be pushed.
//!
//! What `git revert` would write for each commit, newest first, is known beforehand: undoing the newest leaves the tree of
//! its parent. So the commits are made from those trees directly, where no conflict can stop half-way and no kill can
//! leave a half-done revert in the work tree; then the branch moves forward to the last of them in one step.

use backout_core::port::PortError;

use super::git::WorkTree;
use crate::host::{argv, parse};

/// Undoes commits: from `HEAD` back to the good one, which is the last and is not undone.
pub(super) async fn undo(tree: &WorkTree, commits: &[parse::Commit]) -> Result<(), PortError> {
    let named = identity(tree).await;
    let Some(head) = commits.first() else { return Ok(()) };
    let mut tip = head.id.clone();
    for pair in commits.windows(2) {
        let [undone, before] = pair else { break };
        let arguments = [named.clone(), argv::git_commit(&before.tree, &tip, &message(undone))].concat();
        let made = tree.git(arguments).await?;
        tip = parse::object_id(made.trim_end())
            .ok_or_else(|| PortError::new(format!("could not understand what git said in `{}`", tree.shown())))?;
    }
    tree.git(argv::git_forward(&tip)).await.map(drop)
}

/// The message that `git revert` writes.
fn message(undone: &parse::Commit) -> String {
    format!("Revert \"{}\"\n\nThis reverts commit {}.", undone.subject, undone.id)
}

/// Options that name an author where git knows none: nobody is there to set one up.
async fn identity(tree: &WorkTree) -> Vec<String> {
    if tree.git(argv::git_identity()).await.is_ok() {
        return Vec::new();
    }
    ["-c", "user.name=backout", "-c", "user.email=backout@localhost"].map(ToOwned::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_the_one_of_git_revert() {
        let undone = parse::Commit { id: "abc".into(), tree: String::new(), subject: "Fix login".into() };
        assert_eq!(message(&undone), "Revert \"Fix login\"\n\nThis reverts commit abc.");
    }
}
